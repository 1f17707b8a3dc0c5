"""Which shards a join is split into, whose rows each of them reads, and how large its parts are."""

from itertools import product

import pytest

from shared.intake.keys import shard
from shared.intake.sharding import JoinShard
from shared.times import MINUTE, SECOND
from shared.training import join_queue, time_slices
from shared.training.training_state import PartSize

IDS = [f"event-{number}" for number in range(400)]
NUMBERS = (1, 2, 3, 4, 6, 16)


@pytest.mark.parametrize(("intake_shards", "shards"), [*product(NUMBERS, NUMBERS)])
def test_each_id_belongs_to_one_shard_of_the_join_whose_partitions_hold_it(intake_shards: int, shards: int) -> None:
    joins = [JoinShard((intake_shards,), number, shards) for number in range(shards)]

    for event_id in IDS:
        [own] = [join for join in joins if join.holds(event_id)]
        assert shard(event_id, intake_shards) in own.partitions()


def test_while_the_number_of_the_intake_changes_both_are_read_and_rows_of_others_left_out() -> None:
    join = JoinShard((4, 16), 5, 16)

    assert (join.partitions(), join.has_partitions) == ([1, 5], False)
    assert JoinShard((4, 16), 1, 4).has_partitions


@pytest.mark.parametrize(
    ("intake_shards", "shards", "partitions"),
    [(4, 1, [0, 1, 2, 3]), (4, 4, [1]), (8, 4, [1, 5]), (4, 8, [1]), (3, 4, [0, 1, 2]), (6, 4, [1, 3, 5])],
)
def test_no_partition_is_read_that_cannot_hold_a_row(intake_shards: int, shards: int, partitions: list[int]) -> None:
    assert JoinShard((intake_shards,), min(1, shards - 1), shards).partitions() == partitions


@pytest.mark.parametrize(("intake_shards", "shards"), [(4, 1), (4, 4), (8, 4), (4, 8), (3, 4)])
def test_rows_need_not_be_hashed_again_if_all_of_its_partitions_are_its_own(intake_shards: int, shards: int) -> None:
    join = JoinShard((intake_shards,), 0, shards)

    has_others = any(shard(id_, intake_shards) in join.partitions() and not join.holds(id_) for id_ in IDS)

    assert join.has_partitions is not has_others


@pytest.mark.parametrize(
    ("events", "length_us"),
    [(100, 15 * MINUTE), (1_000_000, 15 * MINUTE), (2_400_000, 7 * MINUTE), (10**9, MINUTE)],
)
def test_a_part_in_shards_is_as_long_as_its_shards_seem_to_allow(events: int, length_us: int) -> None:
    """In whole minutes, and one at least; a shard that has more events nevertheless says so."""
    last = PartSize(events, 15 * MINUTE)

    assert time_slices.shorten(0, 15 * MINUTE, last, shards=16) == length_us


def test_a_part_is_never_longer_than_its_cell() -> None:
    assert time_slices.shorten(0, 4 * SECOND, PartSize(10**9, MINUTE), shards=4) == 4 * SECOND


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"from": 1, "to": 2, "shards": 3}', '{"from": null}', "null"])
def test_a_foreign_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"[Ee]xpecting|says nothing"):
        join_queue.read(text)


def test_a_message_is_read_as_it_was_written() -> None:
    message = join_queue.JoinMessage("news", 1, 2, 16, 15, 3)

    assert join_queue.read(message.text()) == message
