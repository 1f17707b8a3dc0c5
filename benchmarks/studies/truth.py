"""`truth`: how many intervals of evaluations hold what the policies' decisions would really have earned.

Logs of loops over what households bought, of which every brand's reward is known; the demo's evaluation of them.
Beside it, what loops with the same settings earn if each collects its own log, which is another number.
"""

from collections.abc import Sequence
from statistics import fmean

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from localhost.demo.hindsight import SETTINGS, Judged, judge, true_rewards
from localhost.demo.purchases import DATA_SETS, Purchase, load
from localhost.demo.rehearsal import log_of, rewards_of
from shared.configuration.service_configuration import ServiceConfiguration

LOGS, OWN_LOGS = 20, 5
_RENEWED_AFTER = 200
_EXPLORATION = ServiceConfiguration().exploration_percentage


def measure(progress: Progress) -> list[Figure]:
    """Make logs over both data sets, and evaluate them."""
    figures: list[Figure] = []
    for data in DATA_SETS:
        purchases = load(data)
        figures += [coverage(data, purchases, progress), *_own_logs(data, purchases, progress)]
    return figures


def coverage(data: str, purchases: Sequence[Purchase], progress: Progress, logs: int = LOGS) -> Figure:
    """The share of intervals that hold the truth, over logs that differ in what was drawn."""
    judgements: list[Judged] = []
    for seed in range(logs):
        progress.show(f"{data}, log {seed + 1} of {logs}")
        name = f"{data}-{seed}"
        judgements += judge(log_of(name, purchases, _rounds(purchases)), true_rewards(name, purchases), _EXPLORATION)
    return Figure(
        "truth",
        f"{data}, {len(purchases)} events: 95 % intervals that hold the truth",
        "of 1",
        [fmean(judgement.holds for judgement in judgements)],
        goal=Goal("at least", 0.9),
        details={
            name: _details([judgement for judgement in judgements if judgement.name == name]) for name in SETTINGS
        },
    )


def _details(judgements: Sequence[Judged]) -> dict[str, float]:
    return {
        "hold": fmean(judgement.holds for judgement in judgements),
        "mean width": fmean(judgement.interval.high - judgement.interval.low for judgement in judgements),
        "mean error": fmean(judgement.estimate - judgement.earned for judgement in judgements),
        "earned": fmean(judgement.earned for judgement in judgements),
    }


def _own_logs(data: str, purchases: Sequence[Purchase], progress: Progress) -> list[Figure]:
    figures: list[Figure] = []
    for settings, learning in SETTINGS.items():
        progress.show(f"{data}, {settings} by its own logs")
        logs = [log_of(f"{data}-{seed}", purchases, _rounds(purchases), learning) for seed in range(OWN_LOGS)]
        earned = [fmean(rewards_of(log)) for log in logs]
        figures.append(Figure("truth", f"{data}, {settings}: earned where it collects its own log", "an event", earned))
    return figures


def _rounds(purchases: Sequence[Purchase]) -> int:
    return max(1, len(purchases) // _RENEWED_AFTER)
