"""Reward runs in storage: one blob for each, which never changes."""

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from hashlib import blake2b
from heapq import merge
from operator import itemgetter
from typing import IO

from shared.errors import LoopError
from shared.log import reward_runs
from shared.log.reward_runs import Index, Record, RewardRun
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs

_DIGEST_BYTES = 8
_PIECE_BYTES = 2 * 1024 * 1024
_AHEAD = 4
"""So many pieces are on their way while one is worked on."""
_MERGED_PIECE_BYTES = 256 * 1024
_INDEX_BYTES = 16 * 1024 * 1024
"""The indexes that are kept in memory; those beyond are read anew."""


class LostRun(LoopError):
    """A run is gone from storage, or damaged."""

    def __init__(self, run: RewardRun) -> None:
        super().__init__(f"{run.path} is gone or damaged")


def create(from_us: int, to_us: int, records: Iterable[Record]) -> RewardRun | None:
    """Store a run of records, which are in ascending order of their marks; None if there is none.

    The same range and records make the same blob.
    """
    with tempfile.TemporaryFile() as file:
        run = _write(from_us, to_us, records, file)
        file.seek(0)
        if run.rows:
            blobs().create(run.path, file)
    return run if run.rows else None


def list_paths() -> Iterator[tuple[str, str]]:
    """List the paths of all runs in storage, each with its ETag."""
    return ((blob.path, blob.etag) for blob in blobs().list_blobs(this_loop().rewards))


def merge_runs(runs: Sequence[RewardRun], keep: Callable[[Record], bool] | None = None) -> RewardRun | None:
    """Store one run of several in sequence, and leave these as they are; None if no record is left.

    Args:
        keep: Says which records the new run has; all of them by default.

    Raises:
        LostRun: One of them cannot be read.
    """
    records: Iterable[Record] = merge(*map(_read_records, runs), key=itemgetter(0))
    if keep is not None:
        records = filter(keep, records)
    return create(runs[0].from_us, runs[-1].to_us, records)


def remove(path: str, etag: str | None = None) -> None:
    """Delete a run; with an ETag only while the blob has it."""
    if etag is None:
        blobs().remove(path)
    else:
        blobs().remove_unchanged(path, etag)


class RunReader:
    """Reads runs, and keeps the indexes that it has read."""

    def __init__(self) -> None:
        self._indexes: dict[str, Index] = {}
        self._size_bytes = 0

    def find(self, run: RewardRun, wanted: Sequence[int]) -> Iterator[Record]:
        """Find the records with a wanted mark; the wanted marks are in ascending order.

        Raises:
            LostRun: The run cannot be read.
        """
        index = self._index(run)
        for block in _read_blocks(run, index, index.select(wanted), _PIECE_BYTES, _AHEAD):
            try:
                yield from reward_runs.search_block(block, wanted)
            except ValueError as error:
                raise LostRun(run) from error

    def _index(self, run: RewardRun) -> Index:
        index = self._indexes.get(run.path)
        if index is None:
            index = _read_index(run)
            if self._size_bytes + run.index_bytes > _INDEX_BYTES:
                self._indexes, self._size_bytes = {}, 0
            self._indexes[run.path] = index
            self._size_bytes += run.index_bytes
        return index


class LocalRuns:
    """Runs in a file of this machine: records that were taken out of runs in storage, to be searched many times."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._runs: list[tuple[int, Index]] = []

    def __del__(self) -> None:
        """Delete the file, if nobody has; it may be used until the end of its process."""
        self.close()

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def add(self, records: Iterable[Record]) -> None:
        """Add a run of records, which are in ascending order of their marks."""
        start = self._file.seek(0, 2)
        run = _write(0, 0, records, self._file)
        self._file.seek(start + run.size_bytes - run.index_bytes)
        self._runs.append((start, reward_runs.unpack_index(self._file.read(run.index_bytes))))

    def find(self, wanted: Sequence[int]) -> Iterator[Record]:
        """Find the records with a wanted mark, run by run; the wanted marks are in ascending order."""
        for start, index in self._runs:
            for piece in index.group(index.select(wanted), _PIECE_BYTES):
                begin, end = index.place_of(piece)
                self._file.seek(start + begin)
                for block in index.split(piece, self._file.read(end - begin)):
                    yield from reward_runs.search_block(block, wanted)


def _write(from_us: int, to_us: int, records: Iterable[Record], file: IO[bytes]) -> RewardRun:
    digest, firsts, starts, rows = blake2b(digest_size=_DIGEST_BYTES), list[int](), [0], 0
    for first, count, block in reward_runs.pack_blocks(records):
        file.write(block)
        digest.update(block)
        firsts.append(first)
        starts.append(starts[-1] + len(block))
        rows += count
    index = reward_runs.pack_index(firsts, starts)
    file.write(index)
    return RewardRun(from_us, to_us, digest.hexdigest(), rows, starts[-1] + len(index), len(index))


def _read_records(run: RewardRun) -> Iterator[Record]:
    index = _read_index(run)
    for block in _read_blocks(run, index, range(len(index.firsts)), _MERGED_PIECE_BYTES, 1):
        try:
            yield from reward_runs.read_block(block)
        except ValueError as error:
            raise LostRun(run) from error


def _read_index(run: RewardRun) -> Index:
    start, end = run.size_bytes - run.index_bytes, run.size_bytes
    index = reward_runs.unpack_index(_piece(run, end - start, _begin(run, start, end)))
    if not index.is_of(start):
        raise LostRun(run)
    return index


def _read_blocks(run: RewardRun, index: Index, blocks: Iterable[int], piece_bytes: int, ahead: int) -> Iterator[bytes]:
    coming: deque[tuple[range, Future[bytes | None]]] = deque()
    for piece in index.group(blocks, piece_bytes):
        coming.append((piece, _begin(run, *index.place_of(piece))))
        if len(coming) > ahead:
            yield from _blocks_of_first(run, index, coming)
    while coming:
        yield from _blocks_of_first(run, index, coming)


def _blocks_of_first(
    run: RewardRun, index: Index, coming: deque[tuple[range, "Future[bytes | None]"]]
) -> Iterator[bytes]:
    piece, content = coming.popleft()
    start, end = index.place_of(piece)
    yield from index.split(piece, _piece(run, end - start, content))


def _begin(run: RewardRun, start: int, end: int) -> "Future[bytes | None]":
    return blobs().begin_read_piece(run.path, start, end - start)


def _piece(run: RewardRun, length: int, content: "Future[bytes | None]") -> bytes:
    piece = content.result()
    if piece is None or len(piece) != length:
        raise LostRun(run)
    return piece
