"""Reward runs: observations that wait for the window of their event to end, in the order of their events' marks.

A run is a blob that never changes: blocks, and behind them an index with the first mark and the place of each block.
In a block, the marks stand before the rest, so that what is not wanted need not be unpacked.
"""

import json
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.intake.rows import Observation
from shared.log import marks
from shared.storage.paths import this_loop
from shared.stored_objects import StoredObject
from shared.times import compact

type Record = tuple[int, bytes]
"""The mark of an event, and one of its observations as text."""

_BLOCK_BYTES = 64 * 1024
_GAP_BYTES = 64 * 1024
"""What is read in between rather than sending another request."""
_LEVEL = 1
_COUNT_BYTES = 4
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class RewardRun(StoredObject):
    """A run in storage.

    Attributes:
        from_us: Its observations arrived in [from_us, to_us).
        digest: Of its content; a part of its name, so that another content never has the same path.
        rows: How many observations it has.
        index_bytes: The size of its index, at its end.
    """

    from_us: int
    to_us: int
    digest: str
    rows: int
    size_bytes: int
    index_bytes: int

    @property
    def path(self) -> str:
        """The path of the blob."""
        return f"{this_loop().rewards}{compact(self.from_us)}-{compact(self.to_us)}-{self.digest}"


@dataclass(frozen=True, slots=True)
class Index:
    """The index of a run.

    Attributes:
        firsts: The first mark of each block.
        starts: Where each block begins, and where the last one ends.
    """

    firsts: array[int]
    starts: array[int]

    def is_of(self, size_bytes: int) -> bool:
        """Whether it can be the index of blocks of such a size, together."""
        return self.starts[0] == 0 and self.starts[-1] == size_bytes and list(self.starts) == sorted(self.starts)

    def select(self, wanted: Sequence[int]) -> list[int]:
        """Select the blocks that can hold one of the wanted marks, which are in ascending order."""
        firsts, last = self.firsts, len(self.firsts) - 1
        if len(wanted) > len(firsts):
            ends = [*firsts[1:], 2**64]
            return [block for block, first in enumerate(firsts) if _has_any(wanted, first, ends[block])]
        blocks: list[int] = []
        for mark in wanted:
            begin = max(bisect_left(firsts, mark) - 1, blocks[-1] + 1 if blocks else 0)
            blocks.extend(range(begin, min(bisect_right(firsts, mark) - 1, last) + 1))
        return blocks

    def group(self, blocks: Iterable[int], most_bytes: int) -> Iterator[range]:
        """Group blocks into the pieces that are read at once, with what is between blocks that are near each other."""
        piece = range(0)
        for block in blocks:
            if piece and self._reaches(piece, block, most_bytes):
                piece = range(piece.start, block + 1)
                continue
            if piece:
                yield piece
            piece = range(block, block + 1)
        if piece:
            yield piece

    def place_of(self, piece: range) -> tuple[int, int]:
        """Where a piece begins and ends."""
        return self.starts[piece.start], self.starts[piece.stop]

    def split(self, piece: range, content: bytes) -> Iterator[bytes]:
        """The blocks of a piece."""
        for start, end in pairwise(self.starts[piece.start : piece.stop + 1]):
            yield content[start - self.starts[piece.start] : end - self.starts[piece.start]]

    def _reaches(self, piece: range, block: int, most_bytes: int) -> bool:
        gap_bytes = self.starts[block] - self.starts[piece.stop]
        return gap_bytes <= _GAP_BYTES and self.starts[block + 1] - self.starts[piece.start] <= most_bytes


def _has_any(wanted: Sequence[int], first: int, last: int) -> bool:
    place = bisect_left(wanted, first)
    return place < len(wanted) and wanted[place] <= last


def pack_observation(observation: Observation) -> Record:
    """Write an observation as a record."""
    text = _encode((observation.event_id, observation.observation_id, observation.at_us, observation.value))
    if observation.slot is not None:
        text = f"{text[:-1]},{_encode(observation.slot)}]"
    return marks.event_mark(observation.event_id), text.encode()


def read_observation(text: bytes) -> Observation:
    """Read the observation of a record."""
    return Observation(*json.loads(text))


def pack_blocks(records: Iterable[Record]) -> Iterator[tuple[int, int, bytes]]:
    """Write records, which are in ascending order, as blocks: the first mark, the number of records, the bytes."""
    of_block, texts, size = array("Q"), list[bytes](), 0
    for mark, text in records:
        of_block.append(mark)
        texts.append(text)
        size += len(text) + marks.BYTES
        if size >= _BLOCK_BYTES:
            yield of_block[0], len(texts), _pack_block(of_block, texts)
            of_block, texts, size = array("Q"), [], 0
    if texts:
        yield of_block[0], len(texts), _pack_block(of_block, texts)


def _pack_block(of_block: array[int], texts: Sequence[bytes]) -> bytes:
    return (
        len(texts).to_bytes(_COUNT_BYTES, "little")
        + marks.to_bytes(of_block)
        + zlib.compress(b"\n".join(texts), _LEVEL)
    )


def pack_index(firsts: Iterable[int], starts: Iterable[int]) -> bytes:
    """Write an index."""
    return marks.to_bytes(array("Q", [*firsts, *starts]))


def unpack_index(stored: bytes) -> Index:
    """Read an index."""
    numbers = marks.unpack(stored)
    blocks = (len(numbers) - 1) // 2
    return Index(numbers[:blocks], numbers[blocks:])


def read_block(block: bytes) -> Iterator[Record]:
    """Read all records of a block.

    Raises:
        ValueError: The block is damaged.
    """
    return zip(_marks_of(block), _texts_of(block), strict=True)


def search_block(block: bytes, wanted: Sequence[int]) -> Iterator[Record]:
    """Find the records with a wanted mark; the wanted marks are in ascending order.

    Raises:
        ValueError: The block is damaged.
    """
    of_block = _marks_of(block)
    begin, end = bisect_left(wanted, of_block[0]), bisect_right(wanted, of_block[-1])
    places = list(_places(of_block, wanted[begin:end]))
    if places:
        texts = _texts_of(block)
        for place in places:
            yield of_block[place], texts[place]


def _places(of_block: Sequence[int], wanted: Sequence[int]) -> Iterator[int]:
    place = 0
    for mark in wanted:
        place = bisect_left(of_block, mark, place)
        while place < len(of_block) and of_block[place] == mark:
            yield place
            place += 1


def _marks_of(block: bytes) -> array[int]:
    count = _count(block)
    of_block = marks.unpack(block[_COUNT_BYTES : _COUNT_BYTES + count * marks.BYTES])
    if not count or len(of_block) != count:
        raise ValueError("a block is cut off")
    return of_block


def _texts_of(block: bytes) -> list[bytes]:
    try:
        return zlib.decompress(memoryview(block)[_COUNT_BYTES + _count(block) * marks.BYTES :]).split(b"\n")
    except zlib.error:
        raise ValueError("a block is damaged") from None


def _count(block: bytes) -> int:
    return int.from_bytes(block[:_COUNT_BYTES], "little")
