"""`verdict`: how often the verdict's intervals ever exclude the truth, in loops that are looked at after every event.

Simulated loops learn from their own log in worlds of known rewards, so that what they earn above always the first
action, and above random actions, changes as they learn. The product's own sums, windows and intervals judge them; the
truth of a window is what its events would earn on average, by the chances that their actions had.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies.simulated_loops import Visit, World, visits
from benchmarks.studies.simulated_worlds import articles, bilinear, indifferent, obvious
from shared.configuration.exploration import NEW_SHARES
from shared.learner.arguments import DEFAULT_ARGUMENTS
from shared.metrics.estimators.lift import LiftSums, excludes
from shared.metrics.lift_record import Conclusion, LiftRecord, Lifts, Over
from shared.metrics.tally import Tally
from shared.times import HOUR

LOOPS, EVENTS = 1000, 3000
MOST_WRONG = 0.05
_APART_US = HOUR // 12
"""From one event to the next: 3,000 take ten days, so that days and weeks pass."""
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """Loops that differ in nothing but chance."""

    world: Callable[[int], World]
    exploration: float = 0.2


def _good_default(_: int) -> World:
    """The first action is the best for everyone, so exploration only costs."""
    return replace(indifferent("default", 3, (0.1,) * 4), means=np.array([[0.6, 0.2, 0.1]] * 4))


KINDS: Mapping[str, Kind] = {
    "articles": Kind(articles),
    "bilinear": Kind(bilinear, exploration=0.3),
    "default": Kind(_good_default),
    "two": Kind(lambda _: indifferent("two", 2, (0.3,))),
    "clicks": Kind(lambda _: indifferent("clicks", 5, (0.03, 0.05, 0.07)), exploration=0.1),
    "amounts": Kind(lambda _: indifferent("amounts", 4, (0.1, 0.3, 0.5), is_continuous=True)),
    "seven": Kind(lambda _: indifferent("seven", 7, (0.1, 0.2, 0.4)), exploration=0.05),
    "obvious": Kind(lambda _: obvious("obvious", 5, 0.8, 0.1)),
}


@dataclass(slots=True)
class Life:
    """What came of a loop.

    Attributes:
        wrong: The windows whose interval was ever wrong.
        clear_after: After how many events the verdict was better or worse for the first time; None if it never was.
        conclusion: The verdict in the end.
    """

    kind: str
    wrong: set[Over] = field(default_factory=set)
    clear_after: int | None = None
    conclusion: str = Conclusion.UNKNOWN


class _Truth:
    """What each event of a loop would earn on average above a policy, added up."""

    def __init__(self) -> None:
        self._sums = [0.0]

    def add(self, lift: float) -> None:
        self._sums.append(self._sums[-1] + lift)

    def is_excluded(self, sums: LiftSums, error: float) -> bool:
        """Whether the interval over the last events, as many as have sums, excludes their true mean lift."""
        mean = (self._sums[-1] - self._sums[-1 - sums.events]) / sums.events
        return excludes(sums, mean, error) != 0


def measure(progress: Progress, loops: int = LOOPS, events: int = EVENTS) -> list[Figure]:
    """Let loops live, two at a time, and count how many had an interval that was ever wrong."""
    wanted = [(name, seed, events) for seed in range(-(-loops // len(KINDS))) for name in KINDS][:loops]
    lives: list[Life] = []
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for life in pool.map(live, *zip(*wanted, strict=True), chunksize=2):
            lives.append(life)
            wrong = sum(bool(each.wrong) for each in lives)
            progress.show(f"loop {len(lives)} of {loops}: {wrong} with an interval that was ever wrong")
    return [_figure(lives, over) for over in Over] + [_clear_after(lives)]


def live(name: str, seed: int, events: int) -> Life:
    """Let a loop live, and look at its verdict after every event."""
    kind, life, record = KINDS[name], Life(name), LiftRecord("loop")
    exploration = NEW_SHARES.spend(kind.exploration)
    world, first, random = kind.world(seed), _Truth(), _Truth()
    for number, visit in enumerate(visits(world, DEFAULT_ARGUMENTS, exploration, events, seed)):
        at_us, means = number * _APART_US, world.means[visit.document]
        earned = float(visit.chances @ means)
        first.add(earned - float(means[0]))
        random.add(earned - float(means.mean()))
        record = record.plus(_sums(visit), at_us, at_us + 1)
        for window in filter(None, (*record.windows(at_us + 1), record.life)):
            if first.is_excluded(window.sums.first, window.error) or random.is_excluded(
                window.sums.random, window.error
            ):
                life.wrong.add(window.over)
        if life.clear_after is None and record.conclusion in {Conclusion.BETTER, Conclusion.WORSE}:
            life.clear_after = number + 1
    life.conclusion = record.conclusion
    return life


def _sums(visit: Visit) -> Lifts:
    """The sums of one event, as the join makes them."""
    tally = Tally(0.0)
    tally.add_event(visit.event, "cb", visit.line)
    return tally.freeze(0).lifts


def _figure(lives: Sequence[Life], over: Over) -> Figure:
    wrong = [life for life in lives if over in life.wrong]
    by_kind = Counter(life.kind for life in wrong)
    return Figure(
        "verdict",
        f"{over}: loops whose interval ever excluded the truth, of {len(lives)}",
        "of 1",
        [len(wrong) / len(lives)],
        goal=Goal("at most", MOST_WRONG),
        details={name: by_kind[name] for name in KINDS},
    )


def _clear_after(lives: Sequence[Life]) -> Figure:
    """After how many events the verdict was clear, in loops in which it ever was."""
    clear = [life.clear_after for life in lives if life.clear_after is not None] or [0]
    ends = {name: Counter(life.conclusion for life in lives if life.kind == name) for name in KINDS}
    details = {name: ", ".join(f"{end} {count}" for end, count in sorted(ends[name].items())) for name in KINDS}
    what = f"events until the verdict was clear, in {len(clear)} loops of {len(lives)}"
    return Figure("verdict", what, "events", [median(clear)], details=details)
