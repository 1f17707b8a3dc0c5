"""`lift`: how much sooner a loop knows what it earns above the first action, if part of its exploration shows that.

Simulated loops with the settings of a new loop spend their exploration in different ways. Compared are the widths of
the verdict's interval of the lift at the end, and what the loop earned meanwhile. All loops of a world and a seed meet
the same events.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import NamedTuple

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies import real_worlds, simulated_worlds
from benchmarks.studies.simulated_loops import World, visits
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import NEW_SHARES, ExplorationShares
from shared.metrics.estimators.lift import LiftSums, interval
from shared.metrics.tally import Tally

SEEDS, EVENTS = 5, 5_000
SHARES = (0.0, 0.125, NEW_SHARES.default, 0.375, 0.5)
"""Parts of the exploration that show the first action."""
_ERROR = 0.05
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """Loops that differ in nothing but chance, and in what their exploration is spent on.

    Attributes:
        events: How many a loop has at most.
    """

    world: Callable[[int], World]
    exploration: float
    events: int = EVENTS


KINDS: Mapping[str, Kind] = {
    "E1 at .2": Kind(simulated_worlds.articles, 0.2),
    "E1 at .05": Kind(simulated_worlds.articles, 0.05),
    "small at .2": Kind(simulated_worlds.small, 0.2),
    "news at .05": Kind(simulated_worlds.news, 0.05),
    "E2, 20 actions, at .1": Kind(simulated_worlds.bilinear, 0.1),
    "fifty actions at .2": Kind(simulated_worlds.fifty, 0.2),
    "fifty actions at .05": Kind(simulated_worlds.fifty, 0.05),
    "yogurt at .2": Kind(partial(real_worlds.purchases, "yogurt"), 0.2, 2_412),
    "cracker at .05": Kind(partial(real_worlds.purchases, "cracker"), 0.05, 3_292),
    "pixels at .2": Kind(real_worlds.pixels, 0.2),
}


class Lived(NamedTuple):
    """What came of a loop: how wide the interval of its lift is, and what its decisions earned an event on average."""

    width: float
    earned: float


def measure(
    progress: Progress, seeds: int = SEEDS, kinds: Mapping[str, Kind] = KINDS, most_events: int = EVENTS
) -> list[Figure]:
    """Let loops of all kinds live with all shares."""
    jobs = [
        (name, share, seed, min(kind.events, most_events))
        for name, kind in kinds.items()
        for share in SHARES
        for seed in range(seeds)
    ]
    lived: dict[tuple[str, float], list[Lived]] = {}
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for number, ((name, share, *_), life) in enumerate(zip(jobs, pool.map(live, jobs), strict=True), 1):
            lived.setdefault((name, share), []).append(life)
            progress.show(f"loop {number} of {len(jobs)}: {name}, {share:g} of the exploration")
    return _figures([*kinds], lived)


def live(job: tuple[str, float, int, int]) -> Lived:
    """Let a loop live for some events."""
    name, share, seed, events = job
    kind = KINDS[name]
    world, exploration = kind.world(seed), ExplorationShares(share).spend(kind.exploration)
    sums, earned = LiftSums(), list[float]()
    for visit in visits(world, INITIAL_ARGUMENTS, exploration, events, 2_000 + seed):
        tally = Tally(0.0)
        tally.add_event(visit.event, "cb", visit.line)
        sums = sums.plus(tally.freeze(0).lifts.first)
        earned.append(float(visit.chances @ world.means[visit.document]))
    bounds = interval(sums, _ERROR)
    return Lived(bounds.high - bounds.low if bounds else float("nan"), fmean(earned))


def _figures(names: Sequence[str], lived: Mapping[tuple[str, float], Sequence[Lived]]) -> list[Figure]:
    """The goals of a new loop's share, then all kinds and shares."""
    widths = {name: _ratio(lived, name, NEW_SHARES.default, "width") for name in names}
    earned = {name: _ratio(lived, name, NEW_SHARES.default, "earned") for name in names}
    what = f"with {NEW_SHARES.default:g} of the exploration for the first action, against none"
    figures = [
        Figure(
            "lift",
            f"width of the lift's interval {what}, mean",
            "of 1",
            [fmean(widths.values())],
            goal=Goal("at most", 0.8),
            details=widths,
        ),
        Figure(
            "lift",
            f"reward of the log {what}, mean",
            "of 1",
            [fmean(earned.values())],
            goal=Goal("at least", 0.98),
            details=earned,
        ),
    ]
    for name in names:
        details = {
            f"{share:g}": {
                "width": round(fmean(life.width for life in lived[name, share]), 4),
                "earned": round(fmean(life.earned for life in lived[name, share]), 4),
            }
            for share in SHARES
        }
        ours, other = ([life.width for life in lived[name, share]] for share in (NEW_SHARES.default, 0.0))
        figures.append(Figure("lift", f"{name}: width", "an event", ours, other, "uniform alone", details=details))
    return figures


def _ratio(lived: Mapping[tuple[str, float], Sequence[Lived]], name: str, share: float, what: str) -> float:
    """How much of something there is with a share, against none."""
    ours, other = (fmean(getattr(life, what) for life in lived[name, part]) for part in (share, 0.0))
    return ours / other
