"""Learning arguments made of all options that Vowpal Wabbit has, in every spelling that its command line takes."""

import random
from functools import cache
from typing import Any

from benchmarks.attack import texts
from shared.learner.allowed_options import ALLOWED, SHORT_NAMES, STRIPPED

_GOOD = (
    "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::",
    "--cb_explore_adf --squarecb -q ::",
    "--cb_explore_adf --bag 3 --greedify",
    "--cb_explore_adf --cover 3 --psi 0.1",
    "--cb_explore_adf --softmax --lambda 5",
    "--cb_explore_adf --rnd 3",
    "--cb_explore_adf --regcbopt --mellowness 0.1",
    "--cb_explore_adf --first 10 -b 10",
    "--cb_explore_adf --synthcover",
    "--cb_explore_adf --large_action_space --max_actions 5",
    "--cb_explore_adf --interactions ::: --bag 10",
    "--cb_explore_adf --cubic :::",
    "--cb_explore_adf --marginal i --coin",
)
_OF_SLOTS = (
    "--ccb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::",
    "--ccb_explore_adf --squarecb -b 10",
    "--ccb_explore_adf --cubic :::",
)
_VALUES = (
    *(
        "0",
        "1",
        "2",
        "10",
        "50",
        "22",
        "32",
        "-1",
        "0.5",
        "1e-9",
        "1e309",
        "nan",
        "inf",
        "::",
        ":::",
        "ab",
        "FromUrl",
        "mtr",
    ),
    *(
        "dr",
        "ips",
        "/etc/passwd",
        "/dev/zero",
        "..",
        "",
        "x" * 200,
        "|",
        "::::::::",
        "\u0661",
        "0x10",
        "1_0",
        "+1",
        " 1",
    ),
)


@cache
def options() -> tuple[tuple[str, str], ...]:
    """Long and short names of all options of Vowpal Wabbit, without dashes, in order."""
    from vowpalwabbit import Workspace

    learner = Workspace("--quiet")
    names: set[tuple[str, str]] = set()
    _collect(learner.get_config(filtered_enabled_reductions_only=False), names)
    learner.finish()
    return tuple(sorted(names))


def make(chance: random.Random) -> str:
    """Learning arguments: some that are taken, some with other options among them, some of nothing but options."""
    kind, good = chance.random(), chance.choice(_GOOD if chance.random() < 0.6 else _OF_SLOTS)
    if kind < 0.4:
        return good
    words = good.split() if kind < 0.9 else []
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        words.insert(chance.randrange(len(words) + 1), _option(chance))
    return chance.choice((" ", " ", "  ", "\t", "\n", "\x00")).join(words)


def _option(chance: random.Random) -> str:
    name, short = chance.choice(options()) if chance.random() < 0.5 else (chance.choice(_OWN), "")
    value = chance.choice(_VALUES) if chance.random() < 0.9 else texts.text(chance)
    dashed = f"-{short}" if short and chance.random() < 0.5 else f"--{name}"
    return chance.choice(_SPELLINGS).format(name=dashed, begin=dashed[: max(3, len(dashed) - 2)], value=value)


_OWN = tuple(name.lstrip("-") for name in (*ALLOWED, *SHORT_NAMES, *STRIPPED))
_SPELLINGS = (
    *("{name}", "{name} {value}", "{name}={value}", "{name}{value}", "{begin} {value}", "{begin}={value}"),
    *(
        '{name} "{value}"',
        "{name}='{value}'",
        "{name} {value} {name} {value}",
        "{name}= {value}",
        "-{name} {value}",
        "{name}\\ {value}",
    ),
)


def _collect(part: Any, names: set[tuple[str, str]]) -> None:
    if isinstance(part, dict):
        part = list(part.values())
    if not isinstance(part, (list, tuple)):
        names.add((part.name, part.short_name))
        return
    for each in part:
        if not isinstance(each, str):
            _collect(each, names)
