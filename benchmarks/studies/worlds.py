"""`worlds`: how much a new loop's settings earn, against the best of Vowpal Wabbit's algorithms, in sixteen worlds.

Loops live in worlds of known rewards and learn from their own log. Counted is what the decisions of the last fifth of
their events earn on average. All loops of a world and a seed meet the same events, so differences are of settings.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import sqrt
from statistics import fmean, stdev

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies import real_worlds, simulated_worlds
from benchmarks.studies.simulated_loops import World, visits
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import Exploration
from shared.metrics.intervals import CONFIDENCE
from shared.metrics.quantiles import f_quantile

SEEDS = 8
EVENTS = 10_000
_PROCESSES = 2
_GREEDY = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"
"""The settings that a new loop had before."""
_SQUARECB = "--cb_explore_adf --squarecb --cb_type mtr -q ::"
_SYNTHCOVER = "--cb_explore_adf --synthcover --cb_type mtr -q ::"
_REGCBOPT = "--cb_explore_adf --regcbopt --mellowness {} --cb_min_cost -1 --cb_max_cost 0 --cb_type mtr -q ::"


@dataclass(frozen=True, slots=True)
class Settings:
    """Learning arguments, and the exploration with which they are used; it is ignored by those without `--epsilon`."""

    arguments: str
    exploration: float = 0.0


@dataclass(frozen=True, slots=True)
class Kind:
    """Worlds that differ in nothing but chance.

    Attributes:
        make: Makes the world of a seed.
        events: How many a loop has.
    """

    make: Callable[[int], World]
    events: int = EVENTS


WORLDS: Mapping[str, Kind] = {
    "E1": Kind(simulated_worlds.articles),
    "E2": Kind(simulated_worlds.bilinear),
    "news": Kind(simulated_worlds.news),
    "drifting": Kind(simulated_worlds.drifting),
    "yogurt": Kind(partial(real_worlds.purchases, "yogurt"), 2_412),
    "cracker": Kind(partial(real_worlds.purchases, "cracker"), 3_292),
    "segment": Kind(real_worlds.segment, 4_620),
    "small": Kind(simulated_worlds.small),
    "sliding": Kind(simulated_worlds.sliding),
    "members": Kind(simulated_worlds.members),
    "rare": Kind(simulated_worlds.rare),
    "amounts": Kind(simulated_worlds.amounts),
    "fifty": Kind(simulated_worlds.fifty),
    "pixels": Kind(real_worlds.pixels),
    "phishing": Kind(real_worlds.phishing, 5_000),
    "genes": Kind(real_worlds.genes, 4_834),
}
"""The first seven resemble those in which the settings were found; the others had no part in that."""

SETTINGS: Mapping[str, Settings] = {
    "new loop at .02": Settings(INITIAL_ARGUMENTS, 0.02),
    "new loop at .05": Settings(INITIAL_ARGUMENTS, 0.05),
    "new loop at .2": Settings(INITIAL_ARGUMENTS, 0.2),
    "before at .2": Settings(_GREEDY, 0.2),
}
ALGORITHMS: Mapping[str, Settings] = {
    **{f"greedy at {share}": Settings(_GREEDY, share) for share in (0.02, 0.05, 0.1)},
    "squarecb": Settings(_SQUARECB),
    "squarecb at .05": Settings(f"{_SQUARECB} --epsilon 0.05", 0.05),
    "synthcover": Settings(_SYNTHCOVER),
    "synthcover at .02": Settings(f"{_SYNTHCOVER} --epsilon 0.02", 0.02),
    **{f"regcbopt, mellowness {mellow}": Settings(_REGCBOPT.format(mellow)) for mellow in ("0.1", "0.01")},
}
"""What the settings are measured by: the algorithms, each with the exploration that does best somewhere."""

type Earned = Mapping[str, Sequence[float]]
"""By settings: what loops earn an event in the last fifth, one number a seed."""


def measure(
    progress: Progress, seeds: int = SEEDS, worlds: Mapping[str, Kind] = WORLDS, most_events: int = EVENTS
) -> list[Figure]:
    """Let loops with all settings live in all worlds."""
    names = [*SETTINGS, *ALGORITHMS]
    jobs = [
        (world, name, seed, min(kind.events, most_events))
        for world, kind in worlds.items()
        for name in names
        for seed in range(seeds)
    ]
    earned: dict[str, dict[str, list[float]]] = {world: {name: [] for name in names} for world in worlds}
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for number, ((world, name, *_), value) in enumerate(zip(jobs, pool.map(_earn, jobs), strict=True), 1):
            earned[world][name].append(value)
            progress.show(f"loop {number} of {len(jobs)}, in {world} with {name}")
    return figures(earned)


def figures(earned: Mapping[str, Earned]) -> list[Figure]:
    """The goals, then all worlds.

    Args:
        earned: By world.
    """
    of_best = {world: fmean(some["new loop at .02"]) / _best(some)[1] for world, some in earned.items()}
    against_before = {
        world: fmean(some["new loop at .2"]) / fmean(some["before at .2"]) for world, some in earned.items()
    }
    worse = [world for world, some in earned.items() if _is_less(some["new loop at .2"], some["before at .2"])]
    goals = [
        Figure(
            "worlds",
            f"new loop at .02, of the best algorithm's reward, mean of {len(earned)} worlds",
            "of 1",
            [fmean(of_best.values())],
            goal=Goal("at least", 0.97),
            details=of_best,
        ),
        Figure("worlds", "the same in the worst world", "of 1", [min(of_best.values())], goal=Goal("at least", 0.93)),
        Figure(
            "worlds",
            "worlds in which a new loop at .2 earns less than before, for certain",
            "worlds",
            [len(worse)],
            goal=Goal("at most", 0),
            details=against_before,
        ),
    ]
    return goals + [_world_figure(world, some) for world, some in earned.items()]


def _world_figure(world: str, some: Earned) -> Figure:
    name, best = _best(some)
    means = {settings: round(fmean(values), 4) for settings, values in some.items()}
    details = {**means, "loops each": len(some["new loop at .02"])}
    return Figure("worlds", world, "an event", [fmean(some["new loop at .02"])], [best], name, details=details)


def _best(some: Earned) -> tuple[str, float]:
    """The algorithm that earns the most on average, and how much that is."""
    means = {name: fmean(some[name]) for name in ALGORITHMS}
    name = max(means, key=means.__getitem__)
    return name, means[name]


def _is_less(ours: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the 95 % interval of the paired differences lies below 0; two pairs at least can say so."""
    gaps = [own - others for own, others in zip(ours, other, strict=True)]
    if len(gaps) < 2:
        return False
    return fmean(gaps) + sqrt(f_quantile(CONFIDENCE, len(gaps) - 1) / len(gaps)) * stdev(gaps) < 0


def _earn(job: tuple[str, str, int, int]) -> float:
    """What the decisions of the last fifth of a loop's events earn on average."""
    name, settings_name, seed, events = job
    world, settings = WORLDS[name].make(seed), {**SETTINGS, **ALGORITHMS}[settings_name]
    earned = [
        float(visit.chances @ world.means[visit.document])
        for visit in visits(world, settings.arguments, Exploration(settings.exploration), events, 1_000 + seed)
    ]
    return fmean(earned[-(len(earned) // 5) :])
