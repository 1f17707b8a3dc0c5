"""Predictions as VW writes them, and what follows from them for the sums."""

from math import inf, isfinite, nan

import pytest

from shared.evaluation.replay.accumulator import Accumulator
from shared.evaluation.replay.evaluated_events import EvaluatedChoice, EvaluatedEvent
from shared.evaluation.replay.judge import MAX_SLOTS, Judge
from shared.evaluation.replay.namespaces import NamespaceCollector
from shared.evaluation.replay.predictions import OutOfStep, read_distribution, read_prediction
from shared.evaluation.tasks import Namespaces, Task
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import estimates, span_of
from shared.metrics.estimators.sums import MOST_WEIGHT, Sums, total

EVENT = EvaluatedEvent(5, 1.0, (EvaluatedChoice("", 1, 0.5, 2.0, actions=2, least=0.5, exploration=1.0, baseline=0),))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1:0.9,0:0.1", {"0": 0.1, "1": 0.9}),
        ("0:1,1:1,2:0", {"0": 0.5, "1": 0.5, "2": 0.0}),
        ("0:0.5,1:-8,2:0.5", {"0": 0.5, "1": 0.0, "2": 0.5}),
        ("0:nan,1:0.25,2:0.25", {"0": 0.0, "1": 0.5, "2": 0.5}),
        ("0:inf,1:0.25,2:-inf", {"0": 0.0, "1": 1.0, "2": 0.0}),
        ("0:-nan,1:nan", {"0": 0.5, "1": 0.5}),
        ("0:0,1:0,2:0,3:0", {"0": 0.25, "1": 0.25, "2": 0.25, "3": 0.25}),
        ("0:1e-05,1:0.99999", {"0": 1e-05, "1": 0.99999}),
    ],
)
def test_a_distribution_is_what_rank_would_use(line: str, expected: dict[str, float]) -> None:
    """No negative probabilities, nothing that is no number, and the sum is 1."""
    chances = read_distribution(line, len(expected))

    assert chances == pytest.approx(expected)
    assert sum(chances.values()) == pytest.approx(1)


@pytest.mark.parametrize("line", ["0:0.5", "0:0.5,1:0.3,2:0.2", "0:nan"])
def test_a_prediction_of_another_number_of_actions_is_noticed(line: str) -> None:
    """It belongs to another event."""
    with pytest.raises(OutOfStep):
        read_prediction(line, 2)


@pytest.mark.parametrize("text", ["0:x,1:0.5", "0:0.5,7:0.5", "0:0.5,1:0.5\n0:1", "", "0:0.5,1", "1"])
def test_a_prediction_that_cannot_be_read_is_noticed(text: str) -> None:
    """It is none of this event."""
    with pytest.raises(OutOfStep):
        Judge(Task("k", 0, "--cb_explore_adf")).take(EVENT, [text], modelled=False)


@pytest.mark.parametrize("costs", ["0:nan,1:0.5", "0:inf,1:0.5"])
def test_an_event_that_the_reward_model_fails_at_is_not_modelled(costs: str) -> None:
    """One such event would spoil all sums."""
    judge = Judge(Task("k", 0, "--cb_explore_adf"))
    judge.take(EVENT, ["0:0.5,1:0.5", costs], modelled=True)
    judge.take(EVENT, ["0:0.5,1:0.5", "0:-1,1:-2"], modelled=True)

    sums = total(judge.bins()[""][""].values())
    assert (sums.lines, sums.modelled, sums.doubly_robust) == (2, 1, 1.5)


def test_slots_beyond_the_first_hundred_have_no_sums_of_their_own() -> None:
    """Callers name them."""
    judge = Judge(Task("k", 0, None))
    for number in range(MAX_SLOTS + 50):
        judge.take(EVENT._replace(choices=(EVENT.choices[0]._replace(slot=f"s{number}"),)), [], modelled=False)

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
        judge.take(EvaluatedEvent(5, 1.0, choices), [], modelled=False)

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
    for at_us, ratio, reward in [(5, 0.0, 1.0), (12, 2.0, -0.5), (19, 0.5, 0.25), (40, 1.0, 0.0)]:
        for sums in (wide, narrow):
            sums.add(at_us, 2.0, ratio, reward, 8.0, (0.5, 0.25))

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
