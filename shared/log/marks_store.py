"""Marks in storage: one blob for each run, which never changes."""

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import batched
from typing import IO

from shared.log import manifest, marks
from shared.log.manifest import Place
from shared.log.marks import Run
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs

CHUNK_BYTES = 1024 * 1024
_MARKS_AT_ONCE = 65_536


def create(from_us: int, to_us: int, of_part: Iterable[int], shard: int | None = None) -> Run:
    """Store the marks of a part, or of a shard of it; the same part again stores the same run."""
    return _create((from_us, to_us, shard), marks.pack(of_part))


def list_runs() -> list[Run]:
    """List all runs, oldest first; a blob that is none of them is passed over."""
    return [
        run for blob in blobs().list_blobs(this_loop().marks) if (run := _run(blob.path, blob.size_bytes)) is not None
    ]


def read(run: Run) -> array[int]:
    """Read a run; without marks where it is gone, since another run holds its marks."""
    stored = blobs().read(run.path)
    return marks.unpack(stored.data if stored else b"")


def read_chunks(run: Run) -> Iterator[array[int]]:
    """Read a run piece by piece, in ascending order."""
    for start in range(0, run.size_bytes, CHUNK_BYTES):
        yield marks.unpack(blobs().read_piece(run.path, start, CHUNK_BYTES) or b"")


def merge_runs(runs: Sequence[Run]) -> Run:
    """Store one run in place of several; gives the new one.

    A crash in between leaves marks twice, which changes nothing, and the next merge takes them together.
    """
    from_us, to_us = min(run.from_us for run in runs), max(run.to_us for run in runs)
    with tempfile.TemporaryFile() as file:
        _write_merged(runs, file)
        file.seek(0)
        merged = _create((from_us, to_us, None), file)
    for run in runs:
        if run.path != merged.path:
            blobs().remove(run.path)
    return merged


def remove(run: Run) -> None:
    """Delete a run."""
    blobs().remove(run.path)


def _write_merged(runs: Sequence[Run], file: IO[bytes]) -> None:
    last = -1
    for some in batched(merge(*map(_read_marks, runs)), _MARKS_AT_ONCE, strict=False):
        single = array("Q")
        for mark in some:
            if mark != last:
                single.append(mark)
                last = mark
        file.write(marks.to_bytes(single))


def _read_marks(run: Run) -> Iterator[int]:
    for chunk in read_chunks(run):
        yield from chunk


def _create(place: Place, content: bytes | IO[bytes]) -> Run:
    path = f"{this_loop().marks}{manifest.name(*place)}"
    blobs().create(path, content)
    size = len(content) if isinstance(content, bytes) else content.seek(0, 2)
    return Run(path, *place[:2], size)


def _run(path: str, size_bytes: int) -> Run | None:
    try:
        from_us, to_us, _ = manifest.place_of(path)
    except ValueError:
        return None
    return Run(path, from_us, to_us, size_bytes)
