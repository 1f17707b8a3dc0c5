"""`truth`: how many intervals of evaluations hold what the policies' decisions would really have earned.

Logs of loops over what households bought, of which every brand's reward is known; the demo's way of evaluating them.
Beside it, what loops with the same settings earn if each collects its own log, which is another number.
"""

from collections.abc import Sequence
from statistics import fmean

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from localhost.demo.hindsight import SETTINGS, Judged, judged, known
from localhost.demo.purchases import DATA_SETS, Purchase, load
from localhost.demo.rehearsal import log_of, rewards_of
from shared.configuration.service_configuration import ServiceConfiguration

LOGS, OWN_LOGS = 20, 5
_RENEWED_AFTER = 200
_EXPLORATION = ServiceConfiguration().exploration_percentage


def measure(progress: Progress) -> list[Figure]:
    """Make logs over both data sets, and evaluate them."""
    found: list[Figure] = []
    for data in DATA_SETS:
        purchases = load(data)
        found += [coverage(data, purchases, progress), *_own_logs(data, purchases, progress)]
    return found


def coverage(data: str, purchases: Sequence[Purchase], progress: Progress, logs: int = LOGS) -> Figure:
    """The share of intervals that hold the truth, over logs that differ in what was drawn."""
    found: list[Judged] = []
    for seed in range(logs):
        progress.tell(f"{data}, log {seed + 1} of {logs}")
        name = f"{data}-{seed}"
        found += judged(log_of(name, purchases, _rounds(purchases)), known(name, purchases), _EXPLORATION)
    return Figure(
        "truth",
        f"{data}, {len(purchases)} events: 95 % intervals that hold the truth",
        "of 1",
        [fmean(one.holds for one in found)],
        goal=Goal("at least", 0.9),
        details={name: _details([one for one in found if one.name == name]) for name in SETTINGS},
    )


def _details(found: Sequence[Judged]) -> dict[str, float]:
    return {
        "hold": fmean(one.holds for one in found),
        "mean width": fmean(one.interval.high - one.interval.low for one in found),
        "mean error": fmean(one.estimate - one.earned for one in found),
        "earned": fmean(one.earned for one in found),
    }


def _own_logs(data: str, purchases: Sequence[Purchase], progress: Progress) -> list[Figure]:
    found: list[Figure] = []
    for settings, learning in SETTINGS.items():
        progress.tell(f"{data}, {settings} by its own logs")
        logs = [log_of(f"{data}-{seed}", purchases, _rounds(purchases), learning) for seed in range(OWN_LOGS)]
        earned = [fmean(rewards_of(log)) for log in logs]
        found.append(Figure("truth", f"{data}, {settings}: earned where it collects its own log", "an event", earned))
    return found


def _rounds(purchases: Sequence[Purchase]) -> int:
    return max(1, len(purchases) // _RENEWED_AFTER)
