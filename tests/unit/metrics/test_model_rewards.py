"""What models earned: sums by model, which count once wherever they are."""

import json
from collections.abc import Sequence
from copy import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.service_configuration import LearningMode
from shared.log.line_pieces import EventLine
from shared.metrics import model_rewards
from shared.metrics.bins import PartMetrics
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.model_rewards import MOST_RECENT, MOST_STINTS, ModelRecord, ModelSums, Stint, too_many, with_part
from shared.metrics.model_rewards_forms import Earned
from shared.metrics.shards import combine
from shared.metrics.tally import Tally
from shared.ranking.decision import NO_MODEL
from tests.unit.metrics.test_tally import Case, greedy

ONLINE, APPRENTICE = LearningMode.ONLINE, LearningMode.APPRENTICE


def tally_of(events: Sequence[tuple[Case, str, LearningMode]]) -> PartMetrics:
    """What a part adds of events, each with the model that it was ranked with, and the mode."""
    tally = Tally(0.2)
    for case, model_id, mode in events:
        event = replace(case.record(mode), model_id=model_id)
        tally.add_event(event, "cb", EventLine(b"", case.reward, case.learnable, case.answered_otherwise))
    return tally.freeze(7)


def sums(events: int) -> ModelSums:
    return ModelSums(events, events / 4, events / 8, LiftSums(events=events, weights=1.5 * events))


cases = st.builds(
    lambda at_us, best, reward, learnable: Case(at_us * 4_000_000, greedy(best, 3), reward, learnable),
    st.integers(0, 9),
    st.integers(0, 2),
    st.sampled_from([0.0, 1.0, -0.5]),
    st.booleans(),
)
events = st.lists(st.tuples(cases, st.sampled_from(["a", "b", NO_MODEL]), st.sampled_from([ONLINE, APPRENTICE])))


@given(events)
def test_each_model_has_the_sums_of_its_events(drawn: list[tuple[Case, str, LearningMode]]) -> None:
    """However models take turns, and the sums of all events are the same as if there were one."""
    drawn = sorted(drawn, key=lambda each: each[0].at_us)

    part = tally_of(drawn)

    for model_id in ("a", "b"):
        of_model = [(case, mode) for case, id_, mode in drawn if id_ == model_id and case.learnable]
        decided = [case for case, mode in of_model if mode is ONLINE]
        told = part.models.get(model_id, ModelSums())
        assert (told.events, told.undecided) == (len(decided), len(of_model) - len(decided))
        assert told.rewards == pytest.approx(sum(case.reward for case in decided))
        assert told.squares == pytest.approx(sum(case.reward**2 for case in decided))
        assert told.lift.weighted == pytest.approx(sum(case.weights()[0] * case.reward for case in decided))
    assert part.models.keys() <= {"a", "b"}
    one = tally_of([(case, "a", mode) for case, _, mode in drawn])
    assert [a_bin.events for a_bin in part.bins] == [a_bin.events for a_bin in one.bins]
    assert part.lifts.first.weighted == pytest.approx(one.lifts.first.weighted)


def test_shards_add_up() -> None:
    part = tally_of([(Case(1, greedy(0, 2), 1.0), "a", ONLINE), (Case(2, greedy(0, 2), 0.5), "b", ONLINE)])

    both = combine([part, part]).models

    assert {id_: (sums.events, sums.rewards) for id_, sums in both.items()} == {"a": (2, 2.0), "b": (2, 1.0)}


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.data())
def test_a_stint_counts_once_however_often_and_late_it_is_written(sizes: list[int], data: st.DataObject) -> None:
    """A trainer may die after it has written a stint, and one that slept may write an early version of an old one."""
    record, written, at_us, total = ModelRecord(), list[Stint](), 0, 0
    for size in sizes:
        stint = Stint("a", at_us, at_us + 1, sums(1))
        for _ in range(size):
            written.append(stint)
            record = record.with_stint(stint)
            stint = replace(stint, up_to_us=stint.up_to_us + 1, sums=stint.sums.plus(sums(1)))
        for stale in data.draw(st.lists(st.sampled_from(written), max_size=2)) if written else ():
            record = record.with_stint(stale)
        at_us, total = at_us + size + 1, total + size

        assert record.sums.events == total

    assert len(record.stints) <= MOST_STINTS


def test_the_commit_record_holds_the_models_in_use_last() -> None:
    """Of an event that comes late, its model is again one of them."""
    recent: tuple[Stint, ...] = ()
    for number in range(MOST_RECENT):
        recent = with_part(recent, {f"{number}": sums(1)}, number, number + 1)
        assert too_many(recent) == ()
    recent = with_part(recent, {"0": sums(2), "new": sums(1)}, 9, 10)

    going = too_many(recent)

    assert [stint.model_id for stint in going] == ["1", "2", "3"]
    assert recent[-2:] == (Stint("0", 0, 10, sums(3)), Stint("new", 9, 10, sums(1)))


def test_what_is_not_known_is_null_and_says_why() -> None:
    """Not 0: no event, no event that the model decided, or no chance of the first action."""
    none, undecided = Earned.of(ModelSums()), Earned.of(ModelSums(undecided=3))
    silent = Earned.of(ModelSums(5, 2.0, 2.0, LiftSums(silent=5)))

    assert (none.average_reward, none.interval, none.above_first_action.lift) == (None, None, None)
    assert "No event is joined" in (none.because or "")
    assert "in the 3 events" in (undecided.because or "")
    assert (silent.because, silent.average_reward) == (None, 0.4)
    assert "no chance" in (silent.above_first_action.because or "")


def test_the_lift_is_that_of_the_events_of_the_model() -> None:
    """Of a model that takes the first action where that pays, and another one where it does not, with an interval."""
    drawn = [(Case(n, greedy(n % 2, 2), float(n % 2 == 0)), "a", ONLINE) for n in range(600)]
    rewarded = [
        replace(case, reward=float(json.loads(case.record().actions)[0] == 1 + number % 2))
        for number, (case, _, _) in enumerate(drawn)
    ]

    earned = Earned.of(tally_of([(case, "a", ONLINE) for case in rewarded]).models["a"])

    above = earned.above_first_action
    assert earned.average_reward == pytest.approx(0.9, abs=0.05)
    assert above.lift == pytest.approx(0.4, abs=0.1)
    assert above.interval is not None
    assert 0 < above.interval[0] < 0.4 < above.interval[1]
    assert model_rewards.total([sums(1), sums(2)]) == sums(3)
