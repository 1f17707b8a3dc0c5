"""Child processes that serve: started with a `with` block, and asked to end in order."""

import subprocess
import sys
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, ClassVar, Self


class ChildProcess(ABC):
    """A process that runs as long as the block that it is used in.

    Attributes:
        name: Of what runs, for messages.
    """

    name: ClassVar[str]
    _process: subprocess.Popen[Any] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        """End it in order."""
        self.stop()

    @property
    def pid(self) -> int:
        """The id of the process."""
        if self._process is None:
            raise ProcessLookupError(f"this {self.name} does not run")
        return self._process.pid

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it serves."""

    @abstractmethod
    def stop(self) -> object:
        """Ask it to end, and wait until it has."""


def ask_to_end(process: subprocess.Popen[Any]) -> None:
    """Ask a process to end in order: by SIGTERM, or on Windows by the end of its input."""
    if sys.platform != "win32":
        process.terminate()
    elif process.stdin:
        process.stdin.close()
