"""A lock on a folder that the operating system lets go of when its holder dies."""

import os
import sys
import time
from pathlib import Path
from typing import IO

from localhost.failures import StartFailure
from localhost.private_files import open_file

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """Held by one process at a time; on POSIX a child that inherits the file holds it as well."""

    def __init__(self, path: Path) -> None:
        """Take the path of the lock's file, which stays when the lock is let go."""
        self._path = path
        self._file: IO[bytes] | None = None

    def take(self, seconds: float, refusal: StartFailure) -> None:
        """Take the lock, waiting for at most so many seconds; raises `refusal` if another still has it then."""
        file = open_file(self._path, "ab")
        until = time.monotonic() + seconds
        while True:
            try:
                _lock(file)
            except OSError:
                if time.monotonic() > until:
                    file.close()
                    raise refusal from None
                time.sleep(0.05)
            else:
                self._file = file
                return

    def file_descriptors(self) -> tuple[int, ...]:
        """Give what a child process must inherit to hold the lock too; nothing where that is not possible."""
        return (self._file.fileno(),) if self._file and os.name == "posix" else ()

    def let_go(self) -> None:
        """Let the lock go, as far as this process is concerned."""
        if self._file:
            self._file.close()
            self._file = None
