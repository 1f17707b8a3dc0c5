"""Predictions as learners write them, and what follows from them for the sums."""

import random
from math import inf, isfinite, nan

import pytest

from shared.evaluation.replay.accumulator import Accumulator, WeighedEvents
from shared.evaluation.replay.evaluated_events import EvaluatedChoice, EvaluatedEvent
from shared.evaluation.replay.event_batch import EventBatch
from shared.evaluation.replay.judge import MAX_SLOTS, Judge
from shared.evaluation.replay.namespaces import NamespaceCollector
from shared.evaluation.replay.predictions import OutOfStep, read_chances, read_worth
from shared.evaluation.tasks import Namespaces, Task
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import estimates, span_of
from shared.metrics.estimators.sums import MOST_WEIGHT, Sums, total
from shared.times import DAY, HOUR, MINUTE

EVENT = EvaluatedEvent(5, 1.0, (EvaluatedChoice("", 1, 0.5, 2.0, actions=2, least=0.5, exploration=1.0, baseline=0),))
SLOTS = [
    EvaluatedChoice(slot, 0, 0.3, reward, actions=2, least=0.3, exploration=0.6, baseline=baseline)
    for slot, reward, baseline in [("a", 0.1, 0), ("b", 0.7, 1), ("", 1.0, 0)]
]


def event(actions: int) -> EvaluatedEvent:
    """An event with so many actions."""
    return EVENT._replace(choices=(EVENT.choices[0]._replace(actions=actions),))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0.1, 0.9], [0.1, 0.9]),
        ([1, 1, 0], [0.5, 0.5, 0.0]),
        ([0.5, -8, 0.5], [0.5, 0.0, 0.5]),
        ([None, 0.25, 0.25], [0.0, 0.5, 0.5]),
        ([None, 0.25, None], [0.0, 1.0, 0.0]),
        ([None, None], [0.5, 0.5]),
        ([0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]),
        ([1e-05, 0.99999], [1e-05, 0.99999]),
    ],
)
def test_a_distribution_is_what_rank_would_use(numbers: list[float | None], expected: list[float]) -> None:
    """No negative probabilities, nothing that is no number, and the sum is 1."""
    (chances,) = read_chances(event(len(expected)), [numbers])

    assert chances == pytest.approx(expected)
    assert sum(chances) == pytest.approx(1)


@pytest.mark.parametrize("prediction", [[[0.5]], [[0.5, 0.3, 0.2]], [[None]], [[0.5, 0.5], [1, 0]], []])
def test_a_prediction_of_another_event_is_noticed(prediction: list[list[float | None]]) -> None:
    """It has another number of actions or of slots, or VW read no event."""
    with pytest.raises(OutOfStep):
        read_chances(EVENT, prediction)
    with pytest.raises(OutOfStep):
        read_worth(EVENT, prediction)


def test_an_event_that_the_reward_model_fails_at_is_not_modelled() -> None:
    """One such event would spoil all sums, those of its batch too."""
    judge, chances = Judge(Task("k", 0, "--cb_explore_adf")), [[0.5, 0.5]]
    judge.take(EventBatch([EVENT, EVENT], [[[None, 0.5]], [[-1, -2]]]), [chances, chances])
    judge.take(EventBatch([EVENT], [[[None, 0.5]]]), [chances])

    sums = total(judge.bins()[""][""].values())
    assert (sums.lines, sums.modelled, sums.doubly_robust) == (3, 1, 1.5)


def all_at_once(events: list[EvaluatedEvent]) -> Judge:
    judge = Judge(Task("k", 0, None, width_us=5 * MINUTE))
    judge.take(EventBatch(events))
    return judge


def one_by_one(events: list[EvaluatedEvent]) -> Judge:
    judge = Judge(Task("k", 0, None, width_us=5 * MINUTE))
    for event in events:
        judge.take(EventBatch([event]))
    return judge


def test_sums_are_the_same_however_events_come_together() -> None:
    """How many predictions come at once is a matter of chance, and no digit of a figure may be."""
    rng = random.Random(3)
    events = [
        EVENT._replace(
            at_us=rng.randrange(25 * MINUTE),
            choices=(EVENT.choices[0]._replace(slot=rng.choice("abc"), reward=rng.random()), *rng.choices(SLOTS, k=2)),
        )
        for _ in range(100)
    ]
    assert one_by_one(events).bins() == all_at_once(events).bins()


def test_bins_get_wider_as_events_get_farther_apart() -> None:
    """All of them, those of a slot that came once, too; and no digit depends on what came together."""
    rng = random.Random(5)
    events = [
        EVENT._replace(
            at_us=at_us, choices=(EVENT.choices[0]._replace(slot="s" if at_us else "once", reward=rng.random()),)
        )
        for at_us in (0, *range(MINUTE, HOUR, MINUTE), 34 * DAY, 35 * DAY)
    ]
    month, longer = all_at_once(events[:-1]), all_at_once(events)

    assert (month.width_us, longer.width_us) == (5 * MINUTE, HOUR)
    assert {tuple(bins) for bins in longer.bins()["online"].values()} == {(0,), (0, 34 * DAY, 35 * DAY)}
    assert sum(bin_.lines for bin_ in longer.bins()["online"][""].values()) == len(events)
    assert one_by_one(events).bins() == longer.bins()


def test_slots_beyond_the_first_hundred_have_no_sums_of_their_own() -> None:
    """Callers name them."""
    judge = Judge(Task("k", 0, None))
    for number in range(MAX_SLOTS + 50):
        judge.take(EventBatch([EVENT._replace(choices=(EVENT.choices[0]._replace(slot=f"s{number}"),))]))

    bins = judge.bins()["online"]
    assert len(bins) == MAX_SLOTS + 1
    assert bins[""][0].lines == MAX_SLOTS + 50


@pytest.mark.parametrize("probability", [1e-4, 1e-10])
def test_many_slots_that_explore_little_have_figures(probability: float) -> None:
    """Their weights multiply to more than a number can hold."""
    judge = Judge(Task("k", 0, None))
    for shown in (probability, 1 - probability):
        choices = tuple(
            EvaluatedChoice(
                f"s{n}", 0, shown, 1.0, 2, least=probability, exploration=2 * probability, baseline=int(n > 60)
            )
            for n in range(100)
        )
        judge.take(EventBatch([EvaluatedEvent(5, 1.0, choices)]))

    for of_policy in judge.bins().values():
        for bins in of_policy.values():
            sums = total(bins.values())
            estimated, apart = estimates(sums), difference.interval(sums, span_of(sums))
            assert max(sums.most, sums.largest_weight) <= MOST_WEIGHT
            assert all(isfinite(value) for value in sums)
            assert estimated.interval
            assert apart
            assert all(isfinite(value) for value in (*estimated.points.values(), *estimated.interval, *apart) if value)


def test_sums_of_bins_add_up() -> None:
    """However wide they are."""
    wide, narrow = Accumulator(0), Accumulator(10)
    events = WeighedEvents(
        at_us=[5, 12, 19, 40],
        multiplicities=[2.0] * 4,
        rewards=[1.0, -0.5, 0.25, 0.0],
        most=[8.0] * 4,
        ratios=[0.0, 2.0, 0.5, 1.0],
        chosen=[0.5] * 4,
        shown=[0.25] * 4,
    )
    for sums in (wide, narrow):
        sums.add(events)

    assert [*narrow.bins()] == [0, 10, 40]
    assert total(narrow.bins().values())._asdict() == pytest.approx(wide.bins()[0]._asdict())
    first = narrow.bins()[0]
    assert (first.non_zero, first.largest, first.largest_weight, first.most) == (0, 0, 0, 8.0)
    assert (first.surpluses, first.surplus_rewards, first.gains) == (-2, -2, 2 * 0.25 - 2 * 0.75)


def test_an_empty_accumulator_has_no_bins() -> None:
    """Bins without events are left out."""
    assert Accumulator(10).bins() == {}
    assert Sums().lowest == inf != nan


def test_namespaces_are_found_at_any_depth() -> None:
    """Plain features, names that cannot be named in arguments, and commands are not."""
    collector = NamespaceCollector()
    collector.add({"plain": 1, "User": [{"age": 5, "home": {"x": 1}}], "é": {"x": 1}, "_text": {"x": 1}, "_multi": []})
    collector.add(
        {"user": {"age": 5}, "Ups": [], "_multi": [{"i": {"constant": 1}, "k": 1}, {"j": [{"n": {"constant": 1}}]}]}
    )

    assert collector.namespaces == Namespaces("Uhu", "ijn", "in")
