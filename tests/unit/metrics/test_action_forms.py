"""What the metrics by action say of a range and of its intervals."""

import pytest

from shared.metrics.action_forms import RewardFigures, answer_actions
from shared.metrics.breakdown import STEP_US, Cell, Step
from shared.metrics.last_day_forms import MOST_INTERVALS, LastDayRange, read_range
from shared.metrics.recent import Recent
from shared.times import DAY, HOUR, from_iso, to_iso
from shared.web.errors import InvalidRequest

NOW_US = from_iso("2026-11-28T14:07:00Z")
RECENT = Recent(NOW_US - 2 * DAY, NOW_US)


def step(from_us: int, events: dict[str, int], others: int = 0) -> Step:
    """Events in which actions were shown, of which half had a reward."""
    cells = {name: Cell(count, count / 2, count / 2) for name, count in events.items()}
    count = sum(events.values()) + others
    return Step(from_us, Cell(count, count / 2, count / 2), 0.0, 1.0, cells, Cell(others, others / 2, others / 2))


def test_intervals_add_up_to_the_range() -> None:
    """Action by action, in the range's order; the shares of an interval are of its own events."""
    steps = [step(0, {"a": 3, "b": 1}), step(STEP_US, {"b": 8}, others=4), step(HOUR, {"a": 2})]

    answer = answer_actions(LastDayRange(0, 3 * HOUR, HOUR), steps, None)

    first, second, third = answer.intervals
    assert [(action.id, action.count, action.share) for action in first.actions] == [
        ("b", 9, 9 / 16),
        ("a", 3, 3 / 16),
    ]
    assert (first.count, first.rest.count, first.rest.share) == (16, 4, 4 / 16)
    assert [(action.id, action.count, action.share) for action in second.actions] == [("a", 2, 1.0)]
    assert (third.count, third.actions) == (0, [])
    assert third.rest == RewardFigures(count=0, share=0.0, average_reward=None, interval=None)
    assert [(action.id, action.count) for action in answer.actions] == [("b", 9), ("a", 5)]
    assert [(interval.from_, interval.to) for interval in answer.intervals] == [
        (0, HOUR),
        (HOUR, 2 * HOUR),
        (2 * HOUR, 3 * HOUR),
    ]


def test_intervals_tell_of_the_twenty_actions_that_the_range_has_first() -> None:
    """Whatever was shown most in the interval itself, so that each keeps its place in a chart; the others are rest."""
    often = {f"often-{number}": 10 for number in range(20)}
    steps = [step(0, often), step(STEP_US, {"seldom": 9, "often-7": 1})]

    answer = answer_actions(LastDayRange(0, 2 * STEP_US, STEP_US), steps, None)

    assert len(answer.actions) == 21
    assert len(answer.intervals[0].actions) == 20
    assert [action.id for action in answer.intervals[1].actions] == ["often-7"]
    assert (answer.intervals[1].rest.count, answer.intervals[1].rest.average_reward) == (9, 0.5)


def test_without_an_interval_there_are_none() -> None:
    """The range is told as ever."""
    answer = answer_actions(LastDayRange(0, HOUR), [step(0, {"a": 3})], None)

    assert (answer.count, answer.intervals) == (3, [])


def test_a_range_is_widened_to_whole_intervals() -> None:
    """Without from it is a day, or as long as there may be intervals."""
    usual = {interval: read_range(None, None, RECENT, NOW_US, interval) for interval in (None, "PT1H", "PT5M")}
    first, last = to_iso(NOW_US - 3 * HOUR), to_iso(NOW_US - HOUR)

    assert [(range_.to_us - range_.from_us) // STEP_US for range_ in usual.values()] == [289, 25 * 12, 100]
    assert read_range(first, last, RECENT, NOW_US, "PT1H") == LastDayRange(
        from_iso("2026-11-28T11:00:00Z"), from_iso("2026-11-28T14:00:00Z"), HOUR
    )


@pytest.mark.parametrize(
    ("interval", "says"),
    [
        ("PT5M", f"at most {MOST_INTERVALS} intervals: ask for longer ones"),
        ("PT1M", "has to be one of PT5M, PT1H"),
        ("P1D", "has to be one of PT5M, PT1H"),
    ],
)
def test_intervals_that_are_none_or_too_many_are_refused(interval: str, says: str) -> None:
    """In the words of the metrics of all time."""
    with pytest.raises(InvalidRequest, match=says) as refused:
        read_range(to_iso(NOW_US - 9 * HOUR), None, RECENT, NOW_US, interval)

    assert refused.value.place == "interval"
