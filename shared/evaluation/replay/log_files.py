"""The evaluated log as files on disk: the worker writes them, the process that evaluates reads and deletes them.

Each pass over the log has a folder of its own, in which each blob, gzip as stored, is a file that is named by its place
in the log. A pass begins when its folder is there. The reader makes that folder; a folder for a later pass also ends
the passes before it.
"""

import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from threading import Event

MAX_BYTES = 64 * 1024 * 1024
"""Of files that wait for the reader: two tasks then take less than a sixth of the 0.8 GB of temporary disk of an
instance in Azure."""
_PAUSE_SECONDS = 0.02


class LogFileWriter:
    """Writes the files of a log as fast as they are read, `max_bytes` ahead at most; a larger blob goes alone."""

    def __init__(self, folder: Path, reader_has_ended: Event, max_bytes: int) -> None:
        self._folder = folder
        self._reader_has_ended = reader_has_ended
        self._max_bytes = max_bytes

    def write(self, blobs: Callable[[], Iterable[bytes]]) -> None:
        """Write the log for one pass after another, until the reader has ended.

        Args:
            blobs: Fetches the log's blobs in order; called for each pass.
        """
        _pass_folder(self._folder, 0).mkdir(exist_ok=True)  # so that the first files are there before the reader is
        for number in count():
            while not _pass_folder(self._folder, number).exists():
                if self._reader_has_ended.wait(_PAUSE_SECONDS):
                    return
            if number:
                shutil.rmtree(_pass_folder(self._folder, number - 1), ignore_errors=True)
            self._write_pass(number, blobs())

    def _write_pass(self, number: int, blobs: Iterable[bytes]) -> None:
        folder, unread = _pass_folder(self._folder, number), _UnreadFiles()
        for place, blob in enumerate(blobs):
            while (
                unread.size_bytes() and unread.size_bytes() + len(blob) > self._max_bytes and not self._is_over(number)
            ):
                time.sleep(_PAUSE_SECONDS)
            if self._is_over(number):
                return
            unread.write(folder / str(place), blob)

    def _is_over(self, number: int) -> bool:
        return self._reader_has_ended.is_set() or _pass_folder(self._folder, number + 1).exists()


class LogFileReader:
    """Reads the files of a log; each iteration is another pass.

    Args:
        blobs: How many the log has.
        check_writer: Raises an error if files will not come any more.
    """

    def __init__(self, folder: Path, blobs: int, check_writer: Callable[[], object]) -> None:
        self._folder = folder
        self._blobs = blobs
        self._check_writer = check_writer
        self._passes = 0

    def __iter__(self) -> Iterator[bytes]:
        folder = _pass_folder(self._folder, self._passes)
        self._passes += 1
        folder.mkdir(exist_ok=True)
        for place in range(self._blobs):
            file = folder / str(place)
            while not file.exists():
                self._check_writer()
                time.sleep(_PAUSE_SECONDS)
            blob = file.read_bytes()
            file.unlink()
            yield blob


class _UnreadFiles:
    """The files of a pass that the reader has not deleted yet."""

    def __init__(self) -> None:
        self._files: deque[tuple[Path, int]] = deque()
        self._size_bytes = 0

    def write(self, path: Path, blob: bytes) -> None:
        """Write a file, which is there only once it is whole."""
        unfinished = path.with_suffix(".writing")
        unfinished.write_bytes(blob)
        unfinished.replace(path)
        self._files.append((path, len(blob)))
        self._size_bytes += len(blob)

    def size_bytes(self) -> int:
        while self._files and not self._files[0][0].exists():
            self._size_bytes -= self._files.popleft()[1]
        return self._size_bytes


def _pass_folder(folder: Path, number: int) -> Path:
    return folder / f"pass-{number}"
