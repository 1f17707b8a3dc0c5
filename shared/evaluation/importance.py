"""Feature importance: how much less the settings in use would have earned without a feature.

The settings make a pass over the log with all features, and a pass without each of them. The loss without a feature is
the difference of two estimates over the same events, by Cressie and Read: of all estimators it had the least noise.
"""

from collections.abc import Mapping

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.outcome import FeatureScore
from shared.evaluation.tasks import Bins, Task, TaskResult
from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.paired import Paired, Pairing

FEATURES, ALL = "features", "all"
MOST = 100
"""At most so many features get a score, those that the most events have."""
_BINS = 200
"""Sums are kept by so many bins of the log."""

type Results = Mapping[str, TaskResult]


def open_tasks(evaluation: Evaluation, results: Results) -> tuple[Task, ...]:
    """The tasks without result in the earliest incomplete stage; none if all stages are complete."""
    if FEATURES not in results:
        return (Task(FEATURES, 0, None, finds_features=True),)
    if not (features := _features(results)):
        return ()
    arguments, width_us = evaluation.online.arguments, _width_us(evaluation, results)
    tasks = [Task(ALL, 1, arguments, width_us=width_us)]
    tasks += [
        Task(_key(place), 1, arguments, width_us=width_us, without=feature) for place, feature in enumerate(features)
    ]
    return tuple(task for task in tasks if task.key not in results)


def scores(_: Evaluation, results: Results) -> tuple[FeatureScore, ...]:
    """The features, the most important first; needs the results of all tasks.

    All scores are 0 if chance can explain all losses: then the largest loss means nothing.
    """
    if not (features := _features(results)):
        return ()
    everything = Pairing(_bins(results[ALL]), cressie_read.estimate)
    losses = [everything.less(_bins(results[_key(place)])) for place in range(len(features))]
    largest = max(loss.difference for loss in losses) if any(loss.is_clear for loss in losses) else 0.0
    all_scores = [_score(*feature, loss, largest) for feature, loss in zip(features, losses, strict=True)]
    return tuple(sorted(all_scores, key=lambda score: (-score.score, score.namespace, score.feature)))


def _features(results: Results) -> list[tuple[str, str]]:
    """Namespace and name of the features that get a score."""
    return [(namespace, name) for namespace, name, _ in results[FEATURES].features[:MOST]]


def _width_us(evaluation: Evaluation, results: Results) -> int:
    """Width of a bin, if the part of the log that has events is to have `_BINS` of them."""
    search = results[FEATURES]
    begin = evaluation.log.from_us if search.counted_from_us is None else search.counted_from_us
    end = evaluation.log.to_us if search.up_to_us is None else search.up_to_us
    return max(end - begin, 0) // _BINS + 1


def _key(place: int) -> str:
    return f"without-{place}"


def _bins(result: TaskResult) -> Bins:
    return result.bins.get("", {}).get("", {})


def _score(namespace: str, feature: str, loss: Paired, largest: float) -> FeatureScore:
    score = max(loss.difference, 0.0) / largest if largest else 0.0
    return FeatureScore(namespace, feature, score, loss.is_clear)
