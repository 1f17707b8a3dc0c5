"""Running sums: what becomes of events, and when a day is done."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.metrics.apprentice import LAST_EVENTS, Apprentice, ImitatedEvent, imitation
from shared.metrics.bins import BIN_US, Bin, Day, EventOutcomes, Metrics, PartMetrics, Pending
from shared.metrics.policy_sums import PolicySums
from shared.times import DAY, HOUR, MINUTE

PART = 15 * MINUTE


def part(number: int, *batch: Pending) -> tuple[PartMetrics, int, int]:
    """A part with as many events as are pending in it."""
    bins = [Bin(element.bin_us, joined=sum(element[3:])) for element in batch]
    metrics = PartMetrics(bins, [element._replace(part_us=number * PART) for element in batch])
    return metrics, number * PART, (number + 1) * PART


def events(bin_number: int, learnable: int, skipped: int = 0, kind: str = "cb") -> Pending:
    """Events of five minutes."""
    return Pending(0, bin_number * BIN_US, kind, learnable, skipped)


def otherwise(bin_number: int, number: int, kind: str = "cb") -> Pending:
    """Events of five minutes that were answered otherwise."""
    return Pending.of_answered_otherwise(0, bin_number * BIN_US, kind, number)


def outcomes(metrics: Metrics) -> list[EventOutcomes]:
    """Of each bin."""
    return [element.outcomes for element in metrics.bins]


def test_events_have_their_fate_when_their_part_was_learned() -> None:
    """In the five minutes in which they came."""
    joined = Metrics().plus(*part(0, events(0, 5, 2), events(1, 3))).plus(*part(1, events(3, 4)))

    learned = joined.settle(0, "cb", 0, refused=0)

    assert outcomes(joined) == [EventOutcomes()] * 3
    assert outcomes(learned) == [EventOutcomes(learned=5, not_activated=2), EventOutcomes(learned=3), EventOutcomes()]
    assert [element.part_us for element in learned.pending] == [PART]


def test_events_of_another_kind_are_passed_over() -> None:
    """Those that were not activated or answered otherwise, too."""
    apprentice = (events(0, 3, 1, "cb-apprentice"), otherwise(0, 2, "cb-apprentice"))
    joined = Metrics().plus(*part(0, events(0, 5, 2), otherwise(0, 1), *apprentice))

    learned = joined.settle(0, "cb-apprentice", 0, refused=0)

    assert outcomes(learned) == [EventOutcomes(learned=3, not_activated=1, passed_over=8)]
    assert [element.answered_otherwise for element in learned.bins] == [2]
    assert joined.count_answered_otherwise(1, "cb-apprentice", 0) == 2


def test_what_was_answered_otherwise_before_a_model_began_is_passed_over() -> None:
    """As all that came before it."""
    joined = Metrics().plus(*part(0, otherwise(0, 1))).plus(*part(1, otherwise(3, 2)))

    learned = joined.settle(PART, "cb", PART, refused=0)

    assert [element.answered_otherwise for element in learned.bins] == [0, 2]
    assert outcomes(learned) == [EventOutcomes(passed_over=1), EventOutcomes()]


def test_what_vowpal_wabbit_refused_is_not_learned() -> None:
    """PartMetrics among the last of its part, and of no other part."""
    joined = Metrics().plus(*part(0, events(0, 5))).plus(*part(1, events(3, 5), events(4, 2)))

    learned = joined.settle(PART, "cb", 0, refused=3)

    assert outcomes(learned) == [
        EventOutcomes(learned=5),
        EventOutcomes(learned=4, refused=1),
        EventOutcomes(refused=2),
    ]


def test_what_no_model_learned_because_of_a_reset_is_passed_over() -> None:
    """But what the model learned before it took the place of another is learned."""
    joined = Metrics().plus(*part(0, events(0, 5))).plus(*part(1, events(3, 5))).plus(*part(2, events(6, 5)))

    assert [element.passed_over for element in outcomes(joined.settle(2 * PART, "cb", 2 * PART, 0))] == [5, 5, 0]
    assert [element.learned for element in outcomes(joined.settle(2 * PART, "cb", PART, 0))] == [0, 5, 5]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=20))
def test_every_event_has_one_fate_in_the_end(batch: list[tuple[int, int, int, bool]]) -> None:
    """However parts and kinds lie."""
    metrics = Metrics()
    for number, (place, learnable, skipped, apprentice) in enumerate(batch):
        kind = "cb-apprentice" if apprentice else "cb"
        metrics = metrics.plus(*part(number, events(place, learnable, skipped, kind)))
        if place % 3 == 0:
            metrics = metrics.settle(number * PART, "cb", 0, refused=place % 2)

    metrics = metrics.settle(99 * PART, "cb", 0, refused=0)

    assert [element.joined for element in metrics.bins] == [sum(element.outcomes) for element in metrics.bins]
    assert all(a.from_us < b.from_us for a, b in pairwise(metrics.bins))
    assert metrics.pending == ()


def test_a_day_is_finished_when_nothing_can_be_added_any_more() -> None:
    """Rewards without event are counted two minutes late, and training may lag behind."""
    metrics = Metrics().plus(PartMetrics([Bin(DAY - BIN_US, events=3), Bin(DAY, events=2)]), 0, PART)
    waiting = metrics.plus(*part(0, events(5, 1)))

    assert metrics.whole_days(DAY + 2 * MINUTE - 1) == {}
    assert metrics.whole_days(DAY + 2 * MINUTE) == {0: Day((Bin(DAY - BIN_US, events=3),))}
    assert waiting.whole_days(2 * DAY) == {}
    assert waiting.whole_days(10 * DAY).keys() == {0, DAY}
    assert metrics.without([0]).bins == (Bin(DAY, events=2),)
    assert waiting.without([0]).pending == ()


def test_bins_add_up() -> None:
    """Sums are added, ends are widened."""
    element = Bin(
        0,
        2,
        1.5,
        1.25,
        -0.5,
        1.0,
        PolicySums(1, 1, 2.0, 4.0, 2.0, 4.0, 4.0, 5.0),
        PolicySums(),
        3,
        EventOutcomes(late=1),
    )
    other = Bin(
        HOUR,
        1,
        2.0,
        4.0,
        0.0,
        2.0,
        PolicySums(0, 1, 1.0, 1.0, 2.0, 2.0, 4.0, 9.0),
        PolicySums(2),
        1,
        EventOutcomes(late=2),
    )

    assert element.plus(other) == Bin(
        0,
        3,
        3.5,
        5.25,
        -0.5,
        2.0,
        PolicySums(1, 2, 3.0, 5.0, 4.0, 6.0, 8.0, 9.0),
        PolicySums(2),
        4,
        EventOutcomes(late=3),
    )


@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_of_an_apprentice_exactly_the_last_thousand_events_are_kept(sizes: list[int]) -> None:
    """Whatever parts they came in."""
    events = [ImitatedEvent(float(n % 7), n % 3 == 0, 0.84) for n in range(sum(sizes))]
    apprentice, start = Apprentice(), 0
    for size in sizes:
        apprentice = apprentice.plus(events[start : start + size], start, start + size - 1)
        start += size

    assert apprentice.last == imitation(events[-LAST_EVENTS:])
    assert apprentice.total[:2] == (len(events), sum(element.matches for element in events))
    assert apprentice.total.rewards == pytest.approx(sum(element.reward for element in events))
    assert (apprentice.first_us, apprentice.last_us) == (0, len(events) - 1)
