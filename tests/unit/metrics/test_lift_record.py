"""Which events the windows of the verdict hold, and how sure their intervals are."""

from collections.abc import Sequence
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.metrics.lift_record import SETTLED_EVENTS, Conclusion, LiftRecord, Lifts, Over, conclude
from shared.times import DAY, HOUR, MINUTE
from tests.unit.metrics.estimators.test_lift import some_events, sums


def part(events: int, seed: int = 0, first: float = 0.3, others: float = 0.4) -> Lifts:
    """The sums of some events."""
    log_sums = sums(some_events(events, seed, first, others))
    return Lifts(log_sums, log_sums)


def grow(parts: Sequence[int], every_us: int = 5 * MINUTE, **more: float) -> LiftRecord:
    """A record of parts with so many events each, one after the other."""
    record = LiftRecord("loop")
    for number, events in enumerate(parts):
        record = record.plus(part(events, number, **more), number * every_us, (number + 1) * every_us)
    return record


def events_over(record: LiftRecord, over: Over, now_us: int) -> int | None:
    """How many events a window holds."""
    window = record.window(over, now_us)
    return window.sums.events if window else None


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_the_last_events_are_a_thousand_or_few_more(parts: list[int]) -> None:
    """All there are, if they are fewer; at most a piece and a part more, if they are more."""
    record, total = grow(parts), sum(parts)

    if total:
        held = events_over(record, Over.EVENTS, len(parts) * 5 * MINUTE)
        assert held is not None
        assert min(total, 1000) <= held <= max(1000 + 250 + max(parts), min(total, 1000))


@given(st.lists(st.integers(0, 30), min_size=8, max_size=80), st.integers(1, 4))
def test_a_day_holds_every_event_of_the_last_day_and_at_most_a_quarter_more(parts: list[int], hours: int) -> None:
    """Whatever the breaks between events."""
    record, now_us = grow(parts, hours * HOUR), len(parts) * hours * HOUR
    last_day = sum(parts[-(24 // hours) :])
    with_a_quarter = sum(parts[-(30 // hours + 2) :])

    held = events_over(record, Over.DAY, now_us)

    if last_day:
        assert held is not None
        assert last_day <= held <= with_a_quarter
    elif held is not None:
        assert held <= with_a_quarter


def test_a_loop_without_events_for_a_day_has_no_window_of_a_day() -> None:
    """Null, not what was before."""
    record = grow([100])

    assert events_over(record, Over.DAY, 23 * HOUR) == 100
    assert events_over(record, Over.DAY, DAY + 6 * MINUTE) is None
    assert events_over(record, Over.CHANGE, 99 * DAY) == 100
    assert events_over(record, Over.EVENTS, 99 * DAY) == 100


def test_the_record_stays_small_for_ever() -> None:
    """A month of parts, a quarter of an hour each."""
    record, small = LiftRecord("loop"), part(40)
    for number in range(4 * 24 * 30):
        record = record.plus(small, number * 15 * MINUTE, (number + 1) * 15 * MINUTE)

    assert {over: len(checkpoints) for over, checkpoints in record.checkpoints.items()} == {
        Over.EVENTS: pytest.approx(5, abs=1),
        Over.DAY: pytest.approx(5, abs=1),
        Over.WEEK: pytest.approx(8, abs=1),
    }
    assert events_over(record, Over.WEEK, 30 * DAY) == pytest.approx(7.5 * 96 * 40, abs=0.5 * 96 * 40 + 40)


def test_all_intervals_of_a_window_together_have_its_probability_of_error() -> None:
    """However often windows begin anew."""
    record, errors = LiftRecord("loop"), dict[int, float]()
    for number in range(200):
        record = record.plus(part(250, number), number * MINUTE, (number + 1) * MINUTE)
        window = record.window(Over.EVENTS, (number + 1) * MINUTE)
        assert window is not None
        errors[window.from_us] = window.error

    assert len(errors) > 100
    assert 0.045 < sum(errors.values()) <= 0.05


def test_what_was_joined_before_a_change_of_the_settings_is_in_no_window() -> None:
    """A part that began before counts for neither: it may hold events of both."""
    record = grow([100, 100])
    changed = record.follow("others", 12 * MINUTE)
    later = changed.plus(part(50), 10 * MINUTE, 15 * MINUTE).plus(part(7), 15 * MINUTE, 20 * MINUTE)

    assert record.follow("loop", 12 * MINUTE) is record
    assert changed.windows(HOUR) == []
    assert [window.sums.events for window in later.windows(20 * MINUTE)] == [7, 7, 7, 7]
    assert [window.from_us for window in later.windows(20 * MINUTE)] == [15 * MINUTE] * 4


def test_what_a_loop_earned_in_its_life_outlasts_every_change() -> None:
    """A change of settings starts the windows again, and takes nothing back that is certain; nor does an upgrade."""
    record = grow([200] * 10, first=0.1, others=0.8)
    changed = record.follow("others", 52 * MINUTE).follow("again", 53 * MINUTE)
    later = changed.plus(part(50), 50 * MINUTE, 55 * MINUTE).plus(part(7), 55 * MINUTE, HOUR)

    assert changed.windows(HOUR) == []
    for each, events in ((changed, 2000), (later, 2057)):
        assert each.life is not None
        assert (each.life.over, each.life.from_us, each.life.error) == (Over.LIFE, 0, pytest.approx(0.05))
        assert each.life.sums.events == events, "and the part that had begun before the change"
        assert each.life.against_first is Conclusion.BETTER
    assert later.window(Over.CHANGE, HOUR) is not None
    assert LiftRecord("of an earlier version", from_us=5, sums=part(3)).life is not None
    assert LiftRecord().life is None


def test_what_an_apprentice_shows_is_no_part_of_what_the_loop_earned() -> None:
    """It shows the first action, and would only make the average smaller."""
    record = grow([100]).follow("Apprentice/1/1", 12 * MINUTE)
    apprentice = record.plus(part(30), 10 * MINUTE, 15 * MINUTE).plus(part(1000), 15 * MINUTE, 20 * MINUTE)
    online = apprentice.follow("Online/2/2", 22 * MINUTE)
    later = online.plus(part(500), 20 * MINUTE, 25 * MINUTE).plus(part(20), 25 * MINUTE, 30 * MINUTE)

    counted = [each.life.sums.events for each in (record, apprentice, online, later) if each.life]
    assert counted == [100, 130, 130, 150], "30 of a part that began while it was Online still"


def test_events_that_cannot_be_compared_do_not_spoil_what_was_told_before() -> None:
    """An application that activates what it likes from a change on ends the windows after it, and no more."""
    shown = [(weight, reward) for weight, reward in some_events(4000, 3, 0.3, 0.4) if not weight]
    biased = Lifts(sums(shown), sums(shown))
    record = grow([300] * 4, first=0.1, others=0.8)
    spoiled = record.follow("others", HOUR).plus(biased, HOUR, 2 * HOUR)

    assert spoiled.windows(2 * HOUR)[-1].against_first is Conclusion.UNKNOWN
    assert spoiled.life == record.life
    assert spoiled.follow("again", 3 * HOUR).life == record.life
    only = LiftRecord("loop").plus(biased, 0, HOUR)
    assert only.life is not None
    assert only.life.against_first is Conclusion.UNKNOWN
    assert only.follow("mended", HOUR).life is None


def test_a_new_loop_counts_from_its_first_event_on() -> None:
    """Its first settings are no change."""
    assert LiftRecord().follow("first", DAY).plus(part(5), 0, MINUTE).sums.events == 5


def test_the_verdict_is_that_of_the_shortest_window_which_is_clear() -> None:
    """What holds now comes before what held on average."""
    record = grow([200] * 10, first=0.1, others=0.8)
    since_us = record.concluded_us
    for number in range(10, 30):
        worse = part(200, number, first=0.9, others=0.1)
        record = record.plus(worse, number * 5 * MINUTE, (number + 1) * 5 * MINUTE)
    conclusion, window = conclude(record.windows(30 * 5 * MINUTE))

    assert 0 < since_us <= 15 * MINUTE
    assert (conclusion, record.conclusion) == (Conclusion.WORSE, Conclusion.WORSE)
    assert window is not None
    assert window.over is Over.EVENTS
    assert 10 * 5 * MINUTE < record.concluded_us <= 20 * 5 * MINUTE


def test_a_loop_is_settled_once_it_could_have_learned() -> None:
    """Windows that began earlier hold what it tried first."""
    young, old = grow([200] * 5), grow([200] * 14)

    assert young.settled_window is None
    assert not any(window.is_settled for window in young.windows(HOUR))
    assert old.settled_window is not None
    assert old.settled_window.sums.events == sum([200] * 14) - SETTLED_EVENTS
    assert [window.over for window in old.windows(HOUR) if window.is_settled] == [Over.EVENTS]


def test_shards_of_a_part_count_as_the_part() -> None:
    """Whatever their order."""
    shards = [part(30, seed) for seed in range(4)]
    forwards, backwards = reduce(Lifts.plus, shards, Lifts()), reduce(Lifts.plus, reversed(shards), Lifts())

    assert forwards.events == backwards.events == 120
    assert forwards.first.weighted == pytest.approx(backwards.first.weighted)
