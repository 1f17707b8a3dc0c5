"""How much log one run of the driver is given."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.configuration.configuration import RewardSettings, new_configuration
from shared.configuration.reward_aggregation import Aggregation
from shared.log.manifest import LogBlob
from shared.times import DAY, HOUR
from shared.training.cursor import BegunBlob, Counters, Cursor, empty_cursor
from train_timer.pieces import FIRST_LIMIT, Limit, Pace, Piece, choose_piece

START_US = 20_000 * DAY
REWARDS = RewardSettings(600_000_000, 0.0, Aggregation.EARLIEST)
CURSOR = empty_cursor(new_configuration(4), 0, START_US)
PACE = Pace(aim=timedelta(seconds=30), first=Limit(100, 1_000_000))


def blob(hour: int, lines: int = 30, unpacked_bytes: int = 1_600, shard: int | None = None) -> LogBlob:
    from_us = START_US + hour * HOUR
    return LogBlob(from_us, from_us + HOUR, REWARDS, lines, {"cb": lines}, 100, unpacked_bytes, shard=shard)


def begun(at: LogBlob, lines: int = 0) -> Cursor:
    return replace(CURSOR, begun=BegunBlob(at.path, "", "cb", lines, None, Counters()))


def choose(blobs: Sequence[LogBlob], cursor: Cursor = CURSOR, pace: Pace = PACE) -> Piece:
    piece = choose_piece(cursor, blobs, pace, end_us=START_US + 99 * HOUR)
    assert piece is not None
    return piece


def limit_after(pace: Pace, *, lines: int, seconds: float, is_full: bool = True) -> Limit:
    pace.note_run("a", Limit(lines, lines * 1_000), seconds, is_full=is_full)
    return pace.limit("a")


def test_blobs_are_learned_together_as_far_as_the_limit_reaches() -> None:
    blobs = [blob(hour) for hour in range(5)]

    piece = choose(blobs)

    assert ([*piece.blobs], piece.up_to_us, piece.is_full, piece.is_whole) == (blobs[:3], blobs[2].to_us, True, True)


def test_no_more_blobs_are_listed_than_needed() -> None:
    """There may be months of them."""
    listed = list[LogBlob]()

    def listing() -> Iterator[LogBlob]:
        for hour in range(20):
            listed.append(blob(hour))
            yield listed[-1]

    choose_piece(CURSOR, listing(), PACE)

    assert len(listed) == 4


def test_the_last_piece_ends_where_the_log_does() -> None:
    """There may be nothing in the last minutes that were joined."""
    assert choose([blob(0)]).up_to_us == START_US + 99 * HOUR
    assert choose_piece(CURSOR, [], PACE) is None


def test_a_piece_ends_with_the_day() -> None:
    piece = choose([blob(22, 1), blob(23, 1), blob(24, 1)])

    assert ([*piece.blobs], piece.is_full) == ([blob(22, 1), blob(23, 1)], False)


@pytest.mark.parametrize("large", [blob(0, lines=101), blob(0, unpacked_bytes=1_000_001)], ids=["lines", "bytes"])
def test_a_blob_that_is_too_large_is_learned_line_by_line_up_to_the_limit(large: LogBlob) -> None:
    piece = choose([large, blob(1)])

    assert (piece.blobs, piece.first_line, piece.limit) == ((large,), 0, Limit(100, 1_000_000))


@pytest.mark.parametrize(
    ("changed", "first_line"),
    [({}, 7), ({"path": "other"}, 0), ({"redacted": "2026"}, 0), ({"kind": "cb-apprentice"}, 0)],
    ids=["the same", "another blob", "redacted since", "another mode"],
)
def test_a_blob_that_was_begun_is_learned_on_only_if_its_lines_are_the_same(
    changed: dict[str, str], first_line: int
) -> None:
    before = replace(BegunBlob(blob(0).path, "", "cb", 7, None, Counters()), **changed)  # type: ignore[arg-type]

    piece = choose([blob(0)], replace(CURSOR, begun=before))

    assert (piece.first_line, piece.blobs) == (first_line, (blob(0),))


def test_whole_parts_are_learned_together_and_a_part_that_is_too_much_in_pieces() -> None:
    """Else the model before the part, which a redaction of the part goes back to, would be gone."""
    shards = [blob(1, shard=shard) for shard in range(6)]
    log = [blob(0), *shards, blob(2)]

    before = choose(log)
    first = choose(log[1:])
    last = choose(log[1:], begun(shards[4]))

    assert (before.blobs, before.next_blob, before.up_to_us) == ((blob(0),), None, blob(0).to_us)
    assert (first.blobs, first.next_blob) == (tuple(shards[:3]), shards[3])
    assert (last.blobs, last.next_blob, last.up_to_us) == ((*shards[4:], blob(2)), None, START_US + 99 * HOUR)


@pytest.mark.parametrize(("lines", "sizes"), [(30, [3, 2]), (40, [2, 2, 1]), (60, [1] * 5), (10, [5])])
def test_a_single_part_is_learned_from_its_first_shard_to_its_last(lines: int, sizes: list[int]) -> None:
    """There may be no lines of some shards."""
    shards = [blob(0, lines, shard=shard) for shard in (0, 2, 3, 7, 8)]
    cursor, pieces = CURSOR, list[Piece]()

    while (piece := choose_piece(cursor, [*shards, blob(1)], PACE, most_parts=1)) and piece.next_blob:
        pieces.append(piece)
        cursor = begun(piece.next_blob)

    assert piece is not None
    assert [each for learned in (*pieces, piece) for each in learned.blobs] == shards
    assert ([len(learned.blobs) for learned in (*pieces, piece)], piece.up_to_us) == (sizes, blob(0).to_us)


@pytest.mark.parametrize("lines", [0, 7])
def test_a_part_of_which_a_shard_changed_while_it_was_learned_is_learned_anew(lines: int) -> None:
    shards = [blob(0, 300, shard=shard) for shard in range(3)]
    redacted = [*shards[:1], replace(shards[1], redacted="2026"), *shards[2:]]

    same, changed = (choose(log, begun(shards[1], lines)) for log in (shards, redacted))

    assert (same.blobs, same.first_line, same.next_blob) == ((shards[1],), lines, shards[2])
    assert (changed.blobs, changed.first_line, changed.next_blob) == ((shards[0],), 0, redacted[1])


def test_a_full_piece_that_was_quick_is_followed_by_a_larger_one() -> None:
    """But not by one so much larger that it could take minutes."""
    assert limit_after(Pace(first=Limit(100, 100_000)), lines=100, seconds=10) == Limit(300, 300_000)
    assert limit_after(Pace(first=Limit(100, 100_000)), lines=100, seconds=0.1) == Limit(1_600, 1_600_000)


def test_a_small_piece_tells_nothing_of_larger_ones() -> None:
    """Most of its time the process took to start."""
    assert limit_after(Pace(first=Limit(100, 100_000)), lines=1, seconds=2, is_full=False) == Limit(100, 100_000)


def test_a_piece_that_took_too_long_is_followed_by_a_smaller_one() -> None:
    assert limit_after(Pace(), lines=100, seconds=60) == Limit(50, 50_000)


def test_what_was_too_much_is_halved_down_to_one_line() -> None:
    pace = Pace(first=Limit(5, 1_000_000))
    limits = list[int]()
    for _ in range(4):
        pace.halve("a", Limit(pace.limit("a").lines, 0))
        limits.append(pace.limit("a").lines)

    assert limits == [2, 1, 1, 1]
    assert pace.limit("b") == Limit(5, 1_000_000), "other learning arguments have another pace"


def test_what_the_driver_was_given_before_it_was_ended_counts_and_not_what_was_left() -> None:
    pace = Pace()
    pace.halve("a", Limit(300, 60_000))

    assert pace.limit("a") == Limit(150, 30_000)
    assert Pace().limit("a") == FIRST_LIMIT
