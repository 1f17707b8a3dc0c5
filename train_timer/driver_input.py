"""The driver's input: log blobs flow into the driver while it learns, so that reading and learning go on at once."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import IO, Self

from shared.log import log_line, log_store, stored_lines
from shared.log.log_store import LogBlob
from shared.training.training_state import Cursor

_PAUSE_SECONDS = 0.002
_HAS_FIFO = hasattr(os, "mkfifo")


class Feed:
    """Feeds the lines of log blobs to the driver, through a FIFO where the system has them, else through a file.

    Blobs that were labelled under other reward settings are labelled anew. Events of another kind than the model's, and
    only such events, are left out.

    Attributes:
        path: The FIFO or file that the driver reads; compressed if all blobs go through as they are stored.
        lines: How many lines were fed, once the `with` block has ended.
        passed_over: How many events are of another kind.
    """

    def __init__(
        self, blobs: Sequence[LogBlob], learner: Cursor, folder: Path, *, without_refused: bool = False
    ) -> None:
        self.lines = 0
        self.passed_over = sum(number for blob in blobs for kind, number in blob.events.items() if kind != learner.kind)
        self._blobs = blobs
        self._rewards = learner.rewards
        self._kind = learner.kind
        self._without_refused = without_refused
        labelled = all(blob.rewards == learner.rewards for blob in blobs)
        self._as_stored = labelled and not self.passed_over and not without_refused
        self.path = folder / ("log.dsjson.gz" if self._as_stored else "log.dsjson")
        self._stopped = Event()
        self._problem: Exception | None = None
        self._writer = Thread(target=self._write_fifo, name="feed", daemon=True)

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        if _HAS_FIFO:
            os.mkfifo(self.path)
            self._writer.start()
        else:
            with self.path.open("wb") as file:
                self._write(file)
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """End the flow, and raise its problem, which matters more than the driver's failure that follows from it."""
        self._stopped.set()
        if self._writer.ident is not None:
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
        for blob, stored in zip(self._blobs, log_store.contents(self._blobs), strict=True):
            if self._as_stored:
                file.write(stored)
                self.lines += blob.lines if stored else 0
            else:
                for line in self._label(blob, stored):
                    file.write(line + b"\n")
                    self.lines += 1

    def _label(self, blob: LogBlob, stored: bytes) -> Iterator[bytes]:
        refused = set(log_store.read_refused_places(blob, self._kind)) if self._without_refused else set()

        def takes(index: int, line: bytes) -> bool:
            return index not in refused and self._takes(line)

        return stored_lines.read_lines(stored, blob.rewards, self._rewards, takes)

    def _takes(self, line: bytes) -> bool:
        return not self.passed_over or log_line.kind(line) in (self._kind, None)
