"""The plan of a feature importance, and the scores that follow from its results."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.importance import ALL, FEATURES, MOST, open_tasks, scores
from shared.evaluation.tasks import Bins, LineCounts, TaskResult
from shared.metrics.estimators.sums import Sums, total
from shared.times import DAY, HOUR
from tests.unit.evaluation.evaluated import ONLINE, new_evaluation

TOPIC, HOBBY, COLOR = ("j", "topic"), ("FromUrl", "hobby"), ("j", "color")
Names = tuple[tuple[str, str], ...]
Worth = Callable[[tuple[str, str] | None], Bins]


def new_importance() -> Evaluation:
    return replace(new_evaluation(optimise=False), purpose=Purpose.IMPORTANCE)


def features(*names: tuple[str, str], from_us: int | None = None, up_to_us: int | None = None) -> TaskResult:
    counts = tuple((namespace, name, 10) for namespace, name in names)
    return TaskResult(FEATURES, LineCounts(), {}, counted_from_us=from_us, up_to_us=up_to_us, features=counts)


def result(key: str, bins: Bins) -> TaskResult:
    return TaskResult(key, LineCounts(), {"": {"": bins}})


def log(better: float, seed: int = 1, events: int = 60) -> Bins:
    """Of a policy that earns more than chance by a share of events; 30 bins."""
    draw = random.Random(seed)
    return {hour * HOUR: total([_event(better, draw) for _ in range(events)]) for hour in range(30)}


def _event(better: float, draw: random.Random) -> Sums:
    """Two actions, one of them worth 1 and one 0, shown by the toss of a coin."""
    hit = draw.random() < 0.5
    weight = 2.0 if draw.random() < (0.5 + better / 2 if hit else 0.5 - better / 2) else 0.0
    return Sums(
        lines=1,
        events=1.0,
        non_zero=int(weight > 0),
        weights=weight,
        squares=weight**2,
        rewards=weight * hit,
        weighted_rewards=weight**2 * hit,
        squared_rewards=weight**2 * hit,
        surpluses=weight - 1,
        surplus_squares=(weight - 1) ** 2,
        surplus_rewards=(weight - 1) * hit,
        weighted_surplus_rewards=(weight - 1) ** 2 * hit,
        squared_surplus_rewards=(weight - 1) ** 2 * hit,
        largest=weight * hit,
        largest_weight=weight,
        most=2.0,
        lowest=float(hit),
        highest=float(hit),
    )


def carry_out(names: tuple[tuple[str, str], ...], worth: Callable[[tuple[str, str] | None], Bins]) -> list[TaskResult]:
    """Carry out all tasks, each when the plan first has it; gives their results."""
    results = {FEATURES: features(*names)}
    while tasks := open_tasks(new_importance(), results):
        results[tasks[0].key] = result(tasks[0].key, worth(tasks[0].without))
    return list(results.values())


def score_features(names: Names, worth: Worth) -> Mapping[str, float]:
    feature_scores = scores(new_importance(), {result.key: result for result in carry_out(names, worth)})
    return {f"{score.namespace}.{score.feature}": score.score for score in feature_scores}


def test_features_are_found_first() -> None:
    """Which there are, only the log knows."""
    tasks = open_tasks(new_importance(), {})

    assert [(task.key, task.stage, task.arguments, task.finds_features) for task in tasks] == [
        (FEATURES, 0, None, True)
    ]


def test_then_the_settings_in_use_go_over_the_log_with_all_and_without_each() -> None:
    """Over all of it, each in the same bins."""
    tasks = open_tasks(new_importance(), {FEATURES: features(TOPIC, HOBBY)})

    assert [task.without for task in tasks] == [None, TOPIC, HOBBY]
    assert len({task.key for task in tasks}) == 3
    assert {(1, ONLINE.arguments, 0, None)} == {
        (task.stage, task.arguments, task.counted_from, task.until) for task in tasks
    }
    assert len({task.width_us for task in tasks}) == 1


def test_tasks_with_a_result_are_not_done_again() -> None:
    """In whichever order results come."""
    done = {FEATURES: features(TOPIC, HOBBY), "without-1": result("without-1", {})}

    assert [task.key for task in open_tasks(new_importance(), done)] == [ALL, "without-0"]


def test_the_part_of_the_log_that_has_events_is_cut_into_bins() -> None:
    """A range of years that holds an hour of log must still show what chance does."""
    search = features(TOPIC, from_us=5 * DAY, up_to_us=5 * DAY + HOUR)

    width_us = open_tasks(new_importance(), {FEATURES: search})[0].width_us

    assert 150 <= HOUR / width_us <= 200


def test_at_most_a_hundred_features_get_a_score() -> None:
    """Those that the most events have, which come first."""
    names = tuple(("j", f"f{number}") for number in range(MOST + 5))

    tasks = open_tasks(new_importance(), {FEATURES: features(*names)})

    assert len(tasks) == MOST + 1
    assert names[MOST - 1] == tasks[-1].without


def test_a_log_without_events_is_done_at_once() -> None:
    """With no scores."""
    done = {FEATURES: features()}

    assert () == open_tasks(new_importance(), done) == scores(new_importance(), done)


def test_a_score_is_the_share_of_the_largest_loss() -> None:
    """The most important feature first; a feature whose loss is half as large has half of its score."""
    worth = {None: log(0.8), TOPIC: log(0.0), HOBBY: log(0.4), COLOR: log(0.8)}

    shares = score_features((COLOR, HOBBY, TOPIC), lambda without: worth[without])

    assert [*shares.items()][::2] == [("j.topic", 1.0), ("j.color", 0.0)]
    assert shares["FromUrl.hobby"] == pytest.approx(0.5, abs=0.1)


def test_a_feature_that_does_harm_scores_nothing() -> None:
    """A loss below 0 is a gain; features with the same score come in the order of the alphabet."""
    worth = {None: log(0.4), TOPIC: log(0.0), HOBBY: log(0.8), COLOR: log(0.4)}

    shares = score_features((COLOR, HOBBY, TOPIC), lambda without: worth[without])

    assert list(shares.items()) == [("j.topic", 1.0), ("FromUrl.hobby", 0.0), ("j.color", 0.0)]


def test_losses_that_are_all_chance_score_nothing() -> None:
    """Else the largest of them would seem to be the most important feature there can be."""
    worth = {None: log(0.4, 9), TOPIC: log(0.4, 2), HOBBY: log(0.4, 3), COLOR: log(0.4, 5)}

    feature_scores = scores(
        new_importance(), {result.key: result for result in carry_out(tuple(worth)[1:], lambda without: worth[without])}
    )

    assert [score.score for score in feature_scores] == [0.0, 0.0, 0.0]
    assert not any(score.is_clear for score in feature_scores)


def test_losses_that_are_no_chance_are_marked() -> None:
    """A clear loss beside a loss that may be chance."""
    worth = {None: log(0.8), TOPIC: log(0.0), COLOR: log(0.78, 7)}

    feature_scores = scores(
        new_importance(), {result.key: result for result in carry_out((TOPIC, COLOR), lambda without: worth[without])}
    )

    assert {score.feature: score.is_clear for score in feature_scores} == {"topic": True, "color": False}
