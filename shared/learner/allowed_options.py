"""The options of Vowpal Wabbit that learning arguments may use, each with its bounds.

An allow-list, because VW has hundreds of options and some of them read or write files, open ports, or crash.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,10}", re.ASCII)
_NAMESPACES = re.compile(r"[A-Za-z:]{2,}")
_MOST_WILDCARDS = 3
_SMALLEST = 1e-30
"""VW keeps 32-bit floats and refuses what is too small for them."""

Bound = Callable[[str], str | None]
"""What is wrong with a value, in words that follow the option's name; None if nothing is."""


class Option(NamedTuple):
    """An option of Vowpal Wabbit.

    Attributes:
        name: The long name, with dashes.
        bound: None for a switch, which takes no value.
        repeats: Whether the option may be given more than once.
    """

    name: str
    bound: Bound | None = None
    repeats: bool = False


def _number(low: float, high: float, *, above: bool = False) -> Bound:
    words = (
        f"must be a number above {low:g}, at most {high:g}" if above else f"must be a number from {low:g} to {high:g}"
    )

    def check(text: str) -> str | None:
        if not _NUMBER.fullmatch(text):
            return words
        value = float(text)
        fits = low <= value <= high and not (above and value == low)
        return None if fits and (value == 0 or abs(value) >= _SMALLEST) else words

    return check


def _whole(low: int, high: int) -> Bound:
    def check(text: str) -> str | None:
        fits = _WHOLE.fullmatch(text) and low <= int(text) <= high
        return None if fits else f"must be a whole number from {low} to {high}"

    return check


def _choice(*choices: str) -> Bound:
    return lambda text: None if text in choices else f"must be one of {', '.join(choices)}"


def _letters(shortest: int, longest: int, also: str = "") -> Bound:
    pattern = re.compile(f"[A-Za-z{also}]{{{shortest},{longest}}}")
    length = str(shortest) if shortest == longest else f"{shortest} to {longest}"
    kind = f"{length} ASCII letters{f' or {also}' if also else ''}" if longest > 1 else "one ASCII letter"
    return lambda text: None if pattern.fullmatch(text) else f"must be {kind}"


def _namespaces(text: str) -> str | None:
    """Any number of namespaces; what they make bounds them (`policy_cost`), and four of any kind make too much."""
    if not _NAMESPACES.fullmatch(text):
        return "must be 2 or more ASCII letters or :"
    is_listable = text.count(":") <= _MOST_WILDCARDS
    return None if is_listable else "must have at most 3 colons: 4 make 17,000,000,000 features of a Rank of 50 actions"


_COST = _number(-1000, 1000)
_NAMESPACE = _letters(1, 1)

_OPTIONS = (
    Option("--cb_explore_adf"),
    Option("--ccb_explore_adf"),
    Option("--cb_type", _choice("mtr", "dr", "ips", "dm")),
    Option("--clip_p", _number(0, 1)),
    Option("--epsilon", _number(0, 1)),
    Option("--learning_rate", _number(0, 10, above=True)),
    Option("--power_t", _number(0, 1)),
    Option("--l1", _number(0, 0.1)),
    Option("--l2", _number(0, 0.1)),
    Option("--quadratic", _letters(2, 2, ":"), repeats=True),
    Option("--cubic", _letters(3, 3, ":"), repeats=True),
    Option("--interactions", _namespaces, repeats=True),
    Option("--ignore", _NAMESPACE, repeats=True),
    Option("--ignore_linear", _NAMESPACE, repeats=True),
    Option("--keep", _NAMESPACE, repeats=True),
    Option("--marginal", _letters(1, 10)),
    Option("--noconstant"),
    Option("--bit_precision", _whole(10, 22)),
    Option("--random_seed", _whole(0, 2**31)),
    Option("--chain_hash"),
    Option("--coin"),
    Option("--first_only"),
    Option("--large_action_space"),
    Option("--max_actions", _whole(1, 50)),
    Option("--squarecb"),
    Option("--gamma_scale", _number(0, 10_000, above=True)),
    Option("--gamma_exponent", _number(0, 1)),
    Option("--regcb"),
    Option("--regcbopt"),
    Option("--mellowness", _number(0, 1, above=True)),
    Option("--cb_min_cost", _COST),
    Option("--cb_max_cost", _COST),
    Option("--softmax"),
    Option("--lambda", _number(0, 1000, above=True)),
    Option("--bag", _whole(1, 10)),
    Option("--greedify"),
    Option("--cover", _whole(1, 10)),
    Option("--psi", _number(0, 10, above=True)),
    Option("--nounif"),
    Option("--rnd", _whole(1, 10)),
    Option("--synthcover"),
    Option("--synthcoverpsi", _number(0, 1, above=True)),
    Option("--first", _whole(0, 1_000_000)),
)

SHORT_NAMES: Mapping[str, str] = {"-l": "--learning_rate", "-q": "--quadratic", "-b": "--bit_precision"}
ALLOWED: Mapping[str, Option] = {option.name: option for option in _OPTIONS}
STRIPPED = frozenset(("--dsjson", "--json", "--quiet", "--save_resume", "--preserve_performance_counters"))
"""Accepted, since published examples carry them, and left out, since the learner sets them as it needs."""
