"""Learning arguments: the text that says how the loop learns, checked before Vowpal Wabbit sees any of it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.errors import LoopError
from shared.learner.allowed_options import ALLOWED, SHORT_NAMES, STRIPPED, Option

DEFAULT_ARGUMENTS = "--cb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"
"""The old service's default, to the letter."""
DEFAULT_CCB_ARGUMENTS = "--ccb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"
"""The same for a multi-slot loop."""
MAX_LENGTH = 1024

DEFAULT_BITS = 18
"""Of Vowpal Wabbit, for `-b`."""
_EPSILON = "--epsilon"
_PROBLEM_TYPES = {"--cb_explore_adf": "cb", "--ccb_explore_adf": "ccb"}
_ALGORITHMS = frozenset(
    ("--squarecb", "--regcb", "--regcbopt", "--softmax", "--bag", "--cover", "--rnd", "--synthcover", "--first")
)
_COST_TYPES = {
    "--squarecb": ("mtr",),
    "--regcb": ("mtr",),
    "--regcbopt": ("mtr",),
    "--cover": ("mtr", "dr", "ips"),
}
_CRASHES = ("--cover", "--synthcover", "--first")
"""With `--large_action_space`: VW refuses the first and crashes with the others."""
_INTERACTIONS = ("--quadratic", "--cubic", "--interactions")


class InvalidLearningArguments(LoopError):
    """Learning arguments that the loop does not take.

    Attributes:
        option: The offending option or word, as given, shortened.
        reason: What is wrong with it; follows the option in a sentence.
    """

    def __init__(self, option: str, reason: str) -> None:
        self.option = option if len(option) <= 40 else option[:37] + "..."
        self.reason = reason
        super().__init__(f"{self.option} {reason}")


class LearningArguments(NamedTuple):
    """Learning arguments that Vowpal Wabbit takes.

    Attributes:
        text: As given.
        options: Long names with values, None for switches; without those that the learner sets itself.
    """

    text: str
    options: tuple[tuple[str, str | None], ...]

    @property
    def problem_type(self) -> str:
        """`cb` for one choice an event, `ccb` for several slots."""
        return next(kind for name, kind in _PROBLEM_TYPES.items() if self._has(name))

    @property
    def has_epsilon(self) -> bool:
        """Whether the arguments have an exploration rate."""
        return self._has(_EPSILON)

    @property
    def needs_full_model(self) -> bool:
        """Whether predictions need more than the weights, so that a predict-only model answers differently."""
        return self._has("--regcb") or self._has("--regcbopt")

    def with_epsilon(self, epsilon: float) -> list[str]:
        """The list that VW gets, with this exploration rate in place of the given rate, if a rate is given.

        Source: the old service wrote its exploration setting over the number after `--epsilon`.
        """
        words: list[str] = []
        for name, value in self.options:
            words.append(name)
            if value is not None:
                words.append(repr(float(epsilon)) if name == _EPSILON else value)
        return words

    def words(self) -> list[str]:
        """The list that VW gets, with the exploration rate as given."""
        return self.only([name for name, _ in self.options])

    @property
    def interactions(self) -> list[str]:
        """The namespaces that are multiplied with each other, such as `::` or `ab`, as given."""
        return [value or "" for name, value in self.options if name in _INTERACTIONS]

    @property
    def bits(self) -> int:
        """The bits of a weight's place: a model has 2 to the power of these weights."""
        return next((int(value or 0) for name, value in self.options if name == "--bit_precision"), DEFAULT_BITS)

    def only(self, names: Sequence[str]) -> list[str]:
        """The words of some options, by their long names; options that are not given have none."""
        return [word for name, value in self.options if name in names for word in (name, value) if word is not None]

    def _has(self, name: str) -> bool:
        return any(name == given for given, _ in self.options)


def parse(text: str) -> LearningArguments:
    """Check learning arguments.

    Raises:
        InvalidLearningArguments: Names the first option that is unknown, out of bounds, or does not go with another.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidLearningArguments("arguments", f"must not be longer than {MAX_LENGTH} characters")
    arguments = LearningArguments(text, tuple(_options(text.split())))
    _refuse_repetition(arguments.options)
    _refuse_contradiction(dict(arguments.options))
    return arguments


def _options(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    rest = iter(words)
    for word in rest:
        name, attached = _split(word)
        if name in STRIPPED and attached is None:
            continue
        option = ALLOWED.get(SHORT_NAMES.get(name, name))
        if option is None:
            raise InvalidLearningArguments(name or word, "is not an option that learning arguments may use")
        yield option.name, _value(option, name, attached, rest)


def _split(word: str) -> tuple[str, str | None]:
    """An option's name and what is attached to it: `--name=value`, `-qAB`."""
    if word[:2] in SHORT_NAMES:
        return word[:2], word[2:] or None
    name, equals, value = word.partition("=")
    return name, value if equals else None


def _value(option: Option, name: str, attached: str | None, rest: Iterator[str]) -> str | None:
    if option.bound is None:
        if attached is not None:
            raise InvalidLearningArguments(name, "takes no value")
        return None
    value = attached if attached is not None else next(rest, None)
    if value is None:
        raise InvalidLearningArguments(name, "needs a value")
    if wrong := option.bound(value):
        raise InvalidLearningArguments(name, wrong)
    return value


def _refuse_repetition(options: Sequence[tuple[str, str | None]]) -> None:
    names = set()
    for name, _ in options:
        if name in names and not ALLOWED[name].repeats:
            raise InvalidLearningArguments(name, "is given more than once")
        names.add(name)


def _refuse_contradiction(given: dict[str, str | None]) -> None:
    kinds = [name for name in _PROBLEM_TYPES if name in given]
    if len(kinds) != 1:
        raise InvalidLearningArguments("--cb_explore_adf", "or --ccb_explore_adf must be given, and not both")
    if len(algorithms := sorted(_ALGORITHMS & given.keys())) > 1:
        raise InvalidLearningArguments(algorithms[1], f"does not go together with {algorithms[0]}")
    if "--large_action_space" in given and algorithms and algorithms[0] in _CRASHES:
        raise InvalidLearningArguments("--large_action_space", f"does not go together with {algorithms[0]}")
    for name, allowed in _COST_TYPES.items():
        if name in given and (given.get("--cb_type") or "mtr") not in allowed:
            raise InvalidLearningArguments("--cb_type", f"must be {' or '.join(allowed)} with {name}")
    if float(given.get("--cb_min_cost") or 0) >= float(given.get("--cb_max_cost") or 1):
        raise InvalidLearningArguments("--cb_min_cost", "must be less than --cb_max_cost (if not given: 0 and 1)")
