"""What each feature is worth: how much less the settings in use would have earned without it.

The settings go over the log once with all features, and once without each of them. What is lost without a feature is
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
"""As many features are looked at, those that the most events have."""
_BINS = 200
"""Sums are kept by so many stretches of the log."""

type Results = Mapping[str, TaskResult]


def open_tasks(evaluation: Evaluation, results: Results) -> tuple[Task, ...]:
    """The tasks without result of the earliest stage that is not complete; none if all is done."""
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

    If no feature is worth more than chance may give it, all scores are 0: the largest of losses that are chance says
    nothing.
    """
    if not (features := _features(results)):
        return ()
    everything = Pairing(_bins(results[ALL]), cressie_read.estimate)
    losses = [everything.less(_bins(results[_key(place)])) for place in range(len(features))]
    largest = max(loss.difference for loss in losses) if any(loss.is_clear for loss in losses) else 0.0
    found = [_score(*feature, loss, largest) for feature, loss in zip(features, losses, strict=True)]
    return tuple(sorted(found, key=lambda one: (-one.score, one.namespace, one.feature)))


def _features(results: Results) -> list[tuple[str, str]]:
    """Namespace and name of those that are looked at."""
    return [(namespace, name) for namespace, name, _ in results[FEATURES].features[:MOST]]


def _width_us(evaluation: Evaluation, results: Results) -> int:
    """Of the part of the log that has events, as many bins as there are to be."""
    found = results[FEATURES]
    begin = evaluation.log.from_us if found.counted_from_us is None else found.counted_from_us
    end = evaluation.log.to_us if found.up_to_us is None else found.up_to_us
    return max(end - begin, 0) // _BINS + 1


def _key(place: int) -> str:
    return f"without-{place}"


def _bins(result: TaskResult) -> Bins:
    return result.bins.get("", {}).get("", {})


def _score(namespace: str, feature: str, loss: Paired, largest: float) -> FeatureScore:
    score = max(loss.difference, 0.0) / largest if largest else 0.0
    return FeatureScore(namespace, feature, score, loss.is_clear)
