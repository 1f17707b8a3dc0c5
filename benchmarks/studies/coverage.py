"""`coverage`: how often intervals hold the truth, over made-up logs of which the truth is known.

The decision interval is judged over all logs, and over those of which the API has nothing to warn; then cell by cell:
number of actions, exploration, size and kind of rewards, all together, and each of them and the policy in pairs. The
difference to online is judged at small probabilities of error, since a loop's own decisions spend little of it at a
time.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies.simulated_logs import Cell, Simulated, simulate
from shared.metrics.estimators import confidence_sequence, difference, gaussian
from shared.metrics.estimators.estimates import estimates
from shared.metrics.intervals import UNIT, Interval

ACTIONS, EXPLORATIONS = (2, 5, 20), (0.1, 0.3)
SIZES = (200, 1000, 5000, 20_000, 50_000)
REWARDS = ("rare", "frequent", "continuous")
LOGS = 60
"""In each of 90 cells: 5,400 in all, each seen by six policies, so that a cell is judged by 360 intervals at least."""

_SMALL_ERRORS = (0.005, 0.001)
_Key = tuple[str, object]


@dataclass(slots=True)
class _Held:
    """How many intervals held the truth, lay above it, and below it; and how wide they are together."""

    logs: int = 0
    above: int = 0
    below: int = 0
    width: float = 0.0

    def add(self, interval: Interval | None, truth: float) -> None:
        if interval is None:
            return
        self.logs += 1
        self.above += interval.low > truth + 1e-12
        self.below += interval.high < truth - 1e-12
        self.width += interval.high - interval.low

    @property
    def share(self) -> float:
        return 1 - (self.above + self.below) / self.logs


@dataclass(slots=True)
class Study:
    """What was found so far.

    Attributes:
        by: The decision interval, by cell, and by each side alone and each two of them, the policy included.
        lower: How often the difference's lower bound was above the truth, by the error it may have.
    """

    all: _Held = field(default_factory=_Held)
    trusted: _Held = field(default_factory=_Held)
    warned: _Held = field(default_factory=_Held)
    old: _Held = field(default_factory=_Held)
    always: _Held = field(default_factory=_Held)
    by: dict[tuple[_Key, ...], _Held] = field(default_factory=lambda: defaultdict(_Held))
    lower: dict[float, _Held] = field(default_factory=lambda: defaultdict(_Held))

    def add(self, cell: Cell, log: Simulated, online: float) -> None:
        """Take in a log as one policy sees it."""
        estimated = estimates(log.sums, UNIT)
        kinds = (
            self.all,
            self.warned if estimated.because else self.trusted,
            *(self.by[key] for key in _keys(cell, log)),
        )
        for held in kinds:
            held.add(estimated.interval, log.truth)
        self.old.add(gaussian.interval(log.sums, UNIT), log.truth)
        self.always.add(confidence_sequence.interval(log.sums, UNIT), log.truth)
        if log.policy != "online":
            for error in _SMALL_ERRORS:
                self.lower[error].add(difference.interval(log.sums, UNIT, 1 - 2 * error), log.truth - online)


def measure(progress: Progress, logs: int = LOGS) -> list[Figure]:
    """Simulate, and judge all intervals."""
    study, began, cells = Study(), time.perf_counter(), list(_cells())
    for number, cell in enumerate(cells):
        progress.show(f"{number * logs} of {len(cells) * logs} logs")
        chance = np.random.default_rng([number, *cell[:1], cell.events])
        for _ in range(logs):
            by_policy = list(simulate(cell, chance))
            for log in by_policy:
                study.add(cell, log, by_policy[0].truth)
    return _figures(study, len(cells) * logs, time.perf_counter() - began)


def _cells() -> Iterator[Cell]:
    return (Cell(*values) for values in product(ACTIONS, EXPLORATIONS, SIZES, REWARDS))


def _keys(cell: Cell, log: Simulated) -> Iterator[tuple[_Key, ...]]:
    sides: list[_Key] = [*zip(Cell._fields, cell, strict=True), ("policy", log.policy)]
    yield tuple(sides[:-1])
    for number, side in enumerate(sides):
        yield (side,)
        yield from ((side, other) for other in sides[number + 1 :])


def _figures(study: Study, logs: int, seconds: float) -> list[Figure]:
    worst = min(study.by.values(), key=lambda held: held.share)
    details = {_key_text(key): _shares(held) for key, held in study.by.items() if len(key) == 1}
    pairs = sorted(study.by.items(), key=lambda item: item[1].share)[:8]
    lowest = {_key_text(key): _shares(held) for key, held in pairs}
    shares: dict[str, Any] = {
        "logs": logs,
        "intervals": study.all.logs,
        "seconds": seconds,
        "width": study.all.width / study.all.logs,
    }
    return [
        _figure("decision interval, all logs", study.all, Goal("at most", 0.97), shares | details),
        _figure("the same, logs without a warning", study.trusted, Goal("at least", 0.94)),
        _figure("the same, logs with a warning", study.warned, None),
        _figure("the same, worst cell", worst, Goal("at least", 0.92), lowest),
        _figure("confidence sequence", study.always, Goal("at least", 0.95)),
        _figure("old service's interval", study.old, None),
        *(_error(error, held) for error, held in study.lower.items()),
    ]


def _figure(what: str, held: _Held, goal: Goal | None, details: Mapping[str, Any] | None = None) -> Figure:
    return Figure("coverage", what, "of 1", [held.share], goal=goal, details=dict(details or {}))


def _error(error: float, held: _Held) -> Figure:
    what = f"difference: lower bound too high, of {100 * error:g} % allowed"
    return Figure("coverage", what, "%", [100 * held.above / held.logs], goal=Goal("at most", 100 * error))


def _shares(held: _Held) -> str:
    return f"{100 * held.share:.1f} % (above {_percent(held.above, held)}, below {_percent(held.below, held)})"


def _percent(part: int, held: _Held) -> str:
    return f"{100 * part / held.logs:.1f} %"


def _key_text(key: Iterable[_Key]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key)
