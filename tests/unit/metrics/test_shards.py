"""The metrics of a part from those of its shards."""

from shared.metrics.apprentice import ImitatedEvent
from shared.metrics.bins import BIN_US, Bin, EventOutcomes, Metrics, PartMetrics, Pending
from shared.metrics.shards import combine


def test_shards_come_to_what_the_part_would_have_come_to() -> None:
    """The commit record is no larger than without shards, and an apprentice's last events are the last ones."""
    first = PartMetrics(
        [Bin(0, events=2, rewards=1.5), Bin(BIN_US, events=1, outcomes=EventOutcomes(late=1))],
        [Pending(0, 0, "cb", 2, 1), Pending(0, BIN_US, "cb", 1, 0)],
        [ImitatedEvent(1.0, True, 0.9, 5), ImitatedEvent(0.0, False, 0.9, 9)],
        5,
        9,
    )
    second = PartMetrics(
        [Bin(0, events=3, rewards=0.5)],
        [Pending(0, 0, "cb", 3, 0), Pending.of_answered_otherwise(0, 0, "cb", 4)],
        [ImitatedEvent(0.5, True, 0.9, 7)],
        7,
        7,
    )

    part = combine([first, PartMetrics(()), second])

    assert part.bins == (Bin(0, events=5, rewards=2.0), Bin(BIN_US, events=1, outcomes=EventOutcomes(late=1)))
    assert part.pending == [
        Pending(0, 0, "cb", 5, 1),
        Pending.of_answered_otherwise(0, 0, "cb", 4),
        Pending(0, BIN_US, "cb", 1, 0),
    ]
    assert [event.reward for event in part.imitated] == [1.0, 0.5, 0.0]
    assert (part.first_us, part.last_us) == (5, 9)
    assert Metrics().plus(part, 0, 1).apprentice.matches == "110"


def test_the_last_times_of_a_loop_are_those_of_any_shard_and_stay_where_a_part_has_none() -> None:
    """A part of lone rewards has no event."""
    shards = [PartMetrics((), last_rank_us=7, last_reward_us=8), PartMetrics((), last_rank_us=6, last_reward_us=9)]
    metrics = Metrics().plus(combine(shards), 0, 10).plus(PartMetrics(()), 10, 20)

    assert (metrics.last_rank_us, metrics.last_reward_us) == (7, 9)
