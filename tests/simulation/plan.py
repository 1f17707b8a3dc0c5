"""Plans: what a seed decides before a schedule begins, each thing on its own, so that a thing can be left out.

Most schedules are small: a few calls, a few runs of the trainer, some kinds of faults, often, and the others never. One
in fifty is large. One in eleven has automatic optimization, with runs and Ranks when a trial may be on. What happens to
one thing does not hang on whether another is planned.
"""

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tests.loop import past
from tests.simulation.faults import Decided, Kind, Place, Seeded

MINUTE: Final = 60
CHANCES: Final[Mapping[Kind, float]] = {
    Kind.LOST_REQUEST: 0.02,
    Kind.LOST_ANSWER: 0.02,
    Kind.LATE: 0.01,
    Kind.BUSY: 0.01,
    Kind.ERROR: 0.01,
    Kind.ERROR_AFTER: 0.01,
    Kind.DEATH: 0.004,
    Kind.DEATH_AFTER: 0.004,
    Kind.PAUSE: 0.004,
    Kind.PARTIAL: 0.02,
}
"""How likely each kind of fault is, for one request, in a large schedule."""
_LARGE: Final = 0.02
_LARGE_MINUTES: Final = 10
"""So long requests meet faults; most rows are log by then, and the first tables are dropped."""
_OPTIMIZED: Final = 0.09
_OPTIMIZED_MINUTES: Final = 6
_RUNS_OF_TRIAL: Final = (92, 115, 138, 250, 310)
"""Seconds: the first round begins, its challenger goes on trial, and is published; then come events of the trial."""
_SHOWN_FROM: Final = 155
"""Seconds after which a challenger may be shown."""


class Change(StrEnum):
    """What someone does to the loop from outside."""

    EXPLORATION = "exploration"
    WAIT = "reward wait time"
    AGGREGATION = "reward aggregation"
    DEFAULT = "default reward"
    RESET = "reset of the model"
    ROLL_BACK = "roll back"
    IMPORT = "import of a model"
    APPLY = "applied evaluation"
    DELETE_LOGS = "deletion of the log"
    REDACT = "redaction of an event"
    REDACT_FEATURE = "redaction of a feature"
    MIRROR = "mirror"
    RETENTION = "log retention"
    CLOCK = "another time of day"
    MODE = "learning mode"
    TRIAL = "automatic optimization"
    QUARANTINE = "quarantine"
    LIFT = "quarantine or relabel lifted"
    RELABEL = "relabel"


REPLACEMENTS: Final = frozenset({Change.RESET, Change.ROLL_BACK, Change.IMPORT, Change.APPLY})
"""What puts another model in the place of the one in use."""
_APART: Final = frozenset({Change.TRIAL, Change.QUARANTINE, Change.RELABEL, Change.LIFT})
"""What only plans of their own have."""
_DRAWN: Final = (*(change for change in Change if change not in _APART), Change.ROLL_BACK)
"""Roll backs come more often, for there are several ways to go on from one."""
_LATER: Final = frozenset({Change.ROLL_BACK, Change.APPLY, Change.REDACT_FEATURE})
"""What does nothing before there is log, or a model."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A Rank with all that follows it.

    Attributes:
        seed: Decides what follows it.
    """

    number: int
    at_us: int
    user: str
    is_deferred: bool
    seed: int


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change from outside."""

    number: int
    change: Change
    at_us: int
    seed: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one of the trainers, unless its last one still goes on."""

    number: int
    trainer: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule does. Times count from its beginning.

    Attributes:
        chances: Of the kinds of faults, by request.
        kept: Those faults that are to happen; None for all that the seed decides.
        calm_us: How long requests meet no faults at first.
        troubled_us: When they meet no more.
        instances: How many answer calls.
        variables: Settings of the deployment.
        seconds_per_line: How long a line takes to be learned.
        ends_idle: Whether the last run must be one that changes nothing.
    """

    seed: int
    ranks: tuple[Rank, ...]
    runs: tuple[Run, ...]
    changes: tuple[PlannedChange, ...] = ()
    chances: Mapping[Kind, float] | None = None
    kept: frozenset[Place] | None = None
    troubled_us: int = _LARGE_MINUTES * MINUTE * 1_000_000
    calm_us: int = 0
    instances: int = 1
    variables: tuple[tuple[str, str], ...] = ()
    seconds_per_line: float = 0
    ends_idle: bool = True

    @property
    def trainers(self) -> int:
        """How many processes run the trainer."""
        return max((run.trainer for run in self.runs), default=0) + 1

    def things(self, decided: Iterable[Decided]) -> dict[str, object]:
        """What can be left out, by a name: what is planned, and the faults that were decided."""
        planned = {
            f"{kind} {each.number}": each
            for kind, all_of_kind in (("rank", self.ranks), ("run", self.runs), ("change", self.changes))
            for each in all_of_kind
        }
        return {**planned, **{_name(each.place): each for each in decided}}

    def only(self, names: Collection[str]) -> "Plan":
        """The plan with some of its things alone, and with no faults but some."""
        ranks, runs, changes = (
            tuple(each for each in all_of_kind if f"{kind} {each.number}" in names)
            for kind, all_of_kind in (("rank", self.ranks), ("run", self.runs), ("change", self.changes))
        )
        kept = frozenset(_place(name) for name in names if name.startswith("fault "))
        return replace(self, ranks=ranks, runs=runs, changes=changes, kept=kept)

    def faults(self) -> Seeded:
        """What goes wrong with requests; without chances, nothing ever."""
        faults = Seeded(self.seed, self.chances or {}, kept=self.kept)
        faults.calm = self.chances is None
        return faults


def _name(place: Place) -> str:
    return f"fault {place[0]}/{place[1]}"


def _place(name: str) -> Place:
    process, _, number = name.removeprefix("fault ").partition("/")
    return process, int(number)


def calm(seed: int, ranks: int = 10) -> Plan:
    """A plan in which nothing goes wrong, and nobody changes anything."""
    chance = random.Random(seed)
    runs = tuple(Run(minute, 0, minute * MINUTE * 1_000_000) for minute in range(_LARGE_MINUTES))
    return Plan(seed, _ranks(chance, ranks, 3 * MINUTE), runs)


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    chance = random.Random(seed)
    share = chance.random()
    if share < _LARGE:
        return _large(seed, chance)
    return optimized(seed, chance) if share < _LARGE + _OPTIMIZED else _small(seed, chance)


def _large(seed: int, chance: random.Random) -> Plan:
    """Two trainers, each once a minute, and ten Ranks."""
    seconds = _LARGE_MINUTES * MINUTE
    times = [(trainer, _within(chance, minute, minute + 1)) for minute in range(_LARGE_MINUTES) for trainer in (0, 1)]
    runs = [Run(number, *time) for number, time in enumerate(times)]
    plan = Plan(seed, _ranks(chance, 10, chance.choice((3 * MINUTE, 3 * MINUTE, 6))), tuple(runs), chances=CHANCES)
    return replace(
        plan,
        changes=_changes(chance, chance.randrange(4), seconds),
        instances=chance.choice((1, 2)),
        variables=_variables(chance),
        seconds_per_line=chance.choice((0, 0, 10, 35)),
    )


def _small(seed: int, chance: random.Random) -> Plan:
    """Some runs behind each other or at once, a few Ranks, some kinds of faults and changes."""
    minutes, trainers = chance.choice((3, 3, 4, 5)), chance.choice((1, 1, 2))
    runs = [
        Run(number, chance.randrange(trainers), _within(chance, 1, minutes))
        for number in range(chance.choice((1, 1, 1, 2, 3)))
    ]
    kinds = [kind for kind in Kind if chance.random() < 0.4]
    often = chance.choice((1, 2, 4))
    ranks = _ranks(chance, chance.choice((1, 1, 2, 2, 3, 6)), chance.choice((3, 3, 6, 60)))
    return Plan(
        seed,
        ranks,
        tuple(runs),
        _changes(chance, chance.choice((0, 0, 1, 1, 2)), minutes * MINUTE),
        {kind: often * CHANCES[kind] for kind in kinds},
        None,
        minutes * MINUTE * 1_000_000,
        instances=chance.choice((1, 1, 2)),
        variables=_variables(chance),
        seconds_per_line=chance.choice((0, 0, 0, 0, 35)),
        ends_idle=chance.random() < 0.1,
    )


def optimized(seed: int, chance: random.Random | None = None) -> Plan:
    """Automatic optimization: a few Ranks to begin with, and some while a challenger is on trial."""
    chance = chance or random.Random(seed)
    minutes, trainers = _OPTIMIZED_MINUTES, chance.choice((1, 1, 2))
    runs = [
        Run(number, chance.randrange(trainers), round((second + chance.uniform(0, 15)) * 1_000_000))
        for number, second in enumerate(_RUNS_OF_TRIAL)
    ]
    first, later = _ranks(chance, 2, 3), _ranks(chance, chance.choice((2, 3, 3)), 60)
    later = tuple(replace(rank, number=rank.number + 2, at_us=rank.at_us + _SHOWN_FROM * 1_000_000) for rank in later)
    trial = PlannedChange(1, Change.TRIAL, chance.randrange(MINUTE * 1_000_000), chance.getrandbits(48))
    others = [
        replace(change, number=change.number + 1) for change in _changes(chance, chance.choice((0, 0, 1)), 5 * MINUTE)
    ]
    kinds = [kind for kind in Kind if chance.random() < 0.4]
    often, calm_seconds = chance.choice(((0.5, 0), (1, 0), (1, _SHOWN_FROM), (2, _SHOWN_FROM), (4, 240)))
    return Plan(
        seed,
        (*first, *later),
        tuple(runs),
        (trial, *others),
        {kind: often * CHANCES[kind] for kind in kinds},
        troubled_us=minutes * MINUTE * 1_000_000,
        calm_us=calm_seconds * 1_000_000,
        variables=_variables(chance),
        ends_idle=False,
    )


def quarantined(plan: Plan) -> Plan:
    """A plan in which quarantines and relabels are made and lifted, too."""
    chance, end_us = random.Random(f"quarantines {plan.seed}"), plan.troubled_us
    more_kinds = (
        chance.choice((Change.QUARANTINE, Change.RELABEL, Change.LIFT)) for _ in range(chance.choice((0, 1, 1, 2)))
    )
    kinds = [chance.choice((Change.QUARANTINE, Change.QUARANTINE, Change.RELABEL)), *more_kinds]
    times = sorted(chance.randrange(end_us // 4, end_us) for _ in kinds)
    more = [
        PlannedChange(number, kind, at_us, chance.getrandbits(48))
        for number, (kind, at_us) in enumerate(zip(kinds, times, strict=True), len(plan.changes) + 1)
    ]
    runs = list(plan.runs)
    runs += [Run(len(runs) + number, 0, at_us + MINUTE * 250_000) for number, at_us in enumerate(times)]
    return replace(plan, changes=(*plan.changes, *more), runs=tuple(runs))


def _variables(chance: random.Random) -> tuple[tuple[str, str], ...]:
    shards = "1124" if chance.random() < 0.3 else "1"
    return ("INTAKE_SPAN", chance.choice(("PT1M", "PT10M"))), ("SHARDS", chance.choice(shards))


def _ranks(chance: random.Random, number: int, seconds: int) -> tuple[Rank, ...]:
    return tuple(
        Rank(
            each,
            chance.randrange(seconds * 1_000_000),
            chance.choice(past.USERS),
            chance.random() < 0.3,
            chance.getrandbits(48),
        )
        for each in range(number)
    )


def _changes(chance: random.Random, number: int, seconds: int) -> tuple[PlannedChange, ...]:
    return tuple(_change(chance, each, seconds * 1_000_000) for each in range(1, number + 1))


def _change(chance: random.Random, number: int, end_us: int) -> PlannedChange:
    change = chance.choice(_DRAWN)
    begin_us = end_us // 2 if change in _LATER else 0
    return PlannedChange(number, change, chance.randrange(begin_us, end_us), chance.getrandbits(48))


def _within(chance: random.Random, from_minute: int, to_minute: int) -> int:
    return chance.randrange(from_minute * MINUTE * 1_000_000, to_minute * MINUTE * 1_000_000)
