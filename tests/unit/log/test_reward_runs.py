"""Reward runs: exactly the records that are wanted come out of a run, and few blocks of it are touched."""

from itertools import pairwise
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.rows import Observation
from shared.log import marks, reward_runs
from shared.log.reward_runs import Index, Record

_TEXTS = st.text(max_size=30)
_VALUES = st.none() | st.floats(allow_nan=False)
_OBSERVATIONS = st.builds(Observation, _TEXTS, _TEXTS, st.integers(0, 2**53), _VALUES, st.none() | _TEXTS)
_MARKS = st.integers(0, 40) | st.integers(0, 2**64 - 1)


def _run(records: list[Record]) -> tuple[Index, bytes]:
    """The index of a run, and its blocks in sequence."""
    blocks = list(reward_runs.pack_blocks(records))
    starts = [0]
    for _, _, block in blocks:
        starts.append(starts[-1] + len(block))
    index = reward_runs.unpack_index(reward_runs.pack_index([first for first, _, _ in blocks], starts))
    return index, b"".join(block for _, _, block in blocks)


def _search(run: tuple[Index, bytes], wanted: list[int], most_bytes: int) -> list[Record]:
    index, content = run
    found = list[Record]()
    for piece in index.group(index.select(wanted), most_bytes):
        start, end = index.place_of(piece)
        for block in index.split(piece, content[start:end]):
            found += reward_runs.search_block(block, wanted)
    return found


@given(_OBSERVATIONS)
def test_an_observation_is_read_as_it_was_packed(observation: Observation) -> None:
    """Its log line must be the same bytes, whichever way it came."""
    mark, text = reward_runs.pack_observation(observation)

    assert reward_runs.read_observation(text) == observation
    assert mark == marks.event_mark(observation.event_id)
    assert b"\n" not in text


@given(
    st.lists(st.tuples(_MARKS, st.binary(max_size=40).map(lambda raw: raw.hex().encode())), max_size=60),
    st.lists(_MARKS, max_size=30),
    st.sampled_from([1, 100, 10**9]),
)
def test_exactly_the_wanted_records_are_in_the_answer(some: list[Record], more: list[int], most_bytes: int) -> None:
    """Whatever the number of blocks, and where records with one mark are in several blocks."""
    records = sorted(some, key=itemgetter(0))
    wanted = sorted({*more, *(mark for mark, _ in records[::3])})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reward_runs, "_BLOCK_BYTES", 64)
        patch.setattr(reward_runs, "_GAP_BYTES", 30)
        run = _run(records)

        found = _search(run, wanted, most_bytes)

    assert found == [record for record in records if record[0] in wanted]


@given(st.lists(_MARKS, min_size=1, max_size=60).map(sorted), st.lists(_MARKS, max_size=30, unique=True).map(sorted))
def test_only_blocks_that_can_hold_a_wanted_mark_are_read(firsts: list[int], wanted: list[int]) -> None:
    """A block may end with the mark with which the next one begins."""
    index = reward_runs.unpack_index(reward_runs.pack_index(firsts, range(len(firsts) + 1)))

    expected = [
        block
        for block, (first, after) in enumerate(pairwise([*firsts, 2**64]))
        if any(first <= mark <= after for mark in wanted)
    ]
    assert index.select(wanted) == expected


def test_a_damaged_block_is_an_error() -> None:
    """Not an answer with less in it."""
    records = [reward_runs.pack_observation(Observation(f"e{number}", "o", number, 1.0)) for number in range(9)]
    ((_, _, block),) = reward_runs.pack_blocks(sorted(records))
    wanted = [min(mark for mark, _ in records)]

    for damaged in (block[:20], block[:-9], block[:-9] + b"123456789"):
        with pytest.raises(ValueError, match="block"):
            list(reward_runs.search_block(damaged, wanted))
