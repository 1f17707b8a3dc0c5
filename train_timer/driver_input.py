"""The driver's input: a piece of log flows into the driver while it learns, so that both go on at once."""

import os
from collections.abc import Collection, Iterable, Mapping
from contextvars import copy_context
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import IO, Self

from shared.log import log_line, log_store, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.log.manifest import LogBlob
from shared.storage.interface import Blob
from shared.training.cursor import Cursor
from train_timer.pieces import Piece

_PAUSE_SECONDS = 0.002
_LENGTH_BYTES = 4
"""The length of what is compressed stands in the last bytes of gzip."""
_NOTHING: Mapping[str, Collection[int]] = {}
_HAS_FIFO = hasattr(os, "mkfifo")


class Feed:
    """Feeds the lines of a piece to the driver, through a FIFO where the system has them, else through a file.

    Blobs that were labelled under other reward settings are labelled anew. Events of another kind than the model's are
    left out, those that were answered otherwise, those in quarantine, and lines that are named; nothing else is.

    Args:
        left_out: The places of lines that are not fed, by the path of their blob.

    Attributes:
        path: The FIFO or file that the driver reads; compressed if all blobs go through as they are stored.
        lines: How many lines were fed, once the `with` block has ended.
        size_bytes: How many bytes they have.
        quarantined: How many events were left out that are in quarantine.
        after_line: The place after the last line fed or left out, in the last blob, if blobs are fed line by line.
        last_line: The place of the last line fed.
        is_complete: Whether all of the piece was fed.
        is_at_end: Whether no line of the blobs comes after the piece, if all of it was fed.
    """

    def __init__(
        self, piece: Piece, learner: Cursor, folder: Path, left_out: Mapping[str, Collection[int]] = _NOTHING
    ) -> None:
        self.lines = 0
        self.size_bytes = 0
        self.quarantined = 0
        self.after_line = piece.first_line
        self.last_line = 0
        self.is_complete = False
        self.is_at_end = piece.after_line is None or piece.after_line >= piece.blobs[-1].lines
        self._piece = piece
        self._rewards = learner.rewards
        self._kind = learner.kind
        self._left_out = left_out
        self._corrections = CorrectedLines(learner.corrections)
        others = count_other_events(piece.blobs, learner.kind) + count_answered_otherwise(piece.blobs, learner.kind)
        self._is_mixed = others > 0
        is_labelled = all(blob.rewards == learner.rewards for blob in piece.blobs)
        is_clean = not any(self._corrections.of_blob(blob) for blob in piece.blobs)
        self._as_stored = is_labelled and is_clean and not self._is_mixed and not left_out and piece.is_whole
        self.path = folder / ("log.dsjson.gz" if self._as_stored else "log.dsjson")
        self._stopped = Event()
        self._problem: Exception | None = None
        self._writer: Thread | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        if _HAS_FIFO:
            os.mkfifo(self.path)
            self._writer = Thread(target=copy_context().run, args=(self._write_fifo,), name="feed", daemon=True)
            self._writer.start()
        else:
            with self.path.open("wb") as file:
                self._write(file)
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """End the flow, and raise its problem, which matters more than the driver's failure that follows from it."""
        self._stopped.set()
        if self._writer is not None:
            self._writer.join()
        if self._problem is not None:
            raise self._problem

    def _write_fifo(self) -> None:
        try:
            with self._open() as file:
                self._write(file)
        except BrokenPipeError:
            return
        except Exception as problem:
            self._problem = problem

    def _open(self) -> IO[bytes]:
        """Open the FIFO as soon as the driver has opened it, or stop when the driver has ended."""
        while not self._stopped.is_set():
            try:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                self._stopped.wait(_PAUSE_SECONDS)
                continue
            os.set_blocking(descriptor, True)
            return os.fdopen(descriptor, "wb")
        raise BrokenPipeError

    def _write(self, file: IO[bytes]) -> None:
        for blob, stored in zip(self._piece.blobs, log_store.read_ahead(self._piece.blobs), strict=True):
            if stored is not None and self._as_stored:
                file.write(stored.data)
                self.lines += _count_lines(blob, stored)
                self.size_bytes += int.from_bytes(stored.data[-_LENGTH_BYTES:], "little")
            elif stored is not None:
                self._write_lines(file, blob, stored)
        self.is_complete = True

    def _write_lines(self, file: IO[bytes], blob: LogBlob, stored: Blob) -> None:
        """Write lines up to the end of the piece."""
        left_out = self._left_out.get(blob.path, ())
        limit, after_line = self._piece.limit, self._piece.after_line
        corrections = self._corrections.of_blob(blob)

        def takes(index: int, line: bytes) -> bool:
            if index < self._piece.first_line or (after_line is not None and index >= after_line):
                return False
            self.after_line = index + 1
            if index in left_out or not self._takes(line):
                return False
            if corrections.is_quarantined(line):
                self.quarantined += 1
                return False
            self.last_line = index
            return True

        with log_store.note_damage(blob, stored.etag):
            for line in stored_lines.read_lines(stored.data, blob.rewards, self._rewards, takes):
                corrected = corrections.relabel(line, self._rewards) if corrections else line
                file.write(corrected + b"\n")
                self.lines += 1
                self.size_bytes += len(line) + 1
                if limit is not None and limit.is_reached(self.lines, self.size_bytes):
                    self.is_at_end = self.after_line >= _count_lines(blob, stored)
                    break

    def _takes(self, line: bytes) -> bool:
        return not self._is_mixed or log_line.is_for(line, self._kind)


def count_other_events(blobs: Iterable[LogBlob], kind: str) -> int:
    """How many events of log blobs are of another kind than a model's."""
    return sum(number for blob in blobs for each, number in blob.events.items() if each != kind)


def count_answered_otherwise(blobs: Iterable[LogBlob], kind: str) -> int:
    """How many events of a model's kind were answered otherwise."""
    return sum(blob.answered_otherwise.get(kind, 0) for blob in blobs)


def _count_lines(blob: LogBlob, stored: Blob) -> int:
    """How many lines a blob has; if it is not the blob of which the manifest speaks, they are counted.

    A redaction may have come between, and a blob that was copied to another account has another ETag.

    Raises:
        DamagedLog: The lines cannot be read.
    """
    if stored.etag == blob.etag:
        return blob.lines
    with log_store.note_damage(blob, stored.etag):
        return sum(1 for _ in stored_lines.unpack(stored.data))
