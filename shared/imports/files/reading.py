"""How a long reading of files reports its progress, how it is ended early, and how much it may read."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

MEMORY_BYTES = 128 * 1024 * 1024
"""Of what an import keeps of all rows until the last one is read."""
DISK_BYTES = 1024 * 1024 * 1024
"""Of the log that an import makes, compressed as it is sorted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of files.

    Attributes:
        say: Gets a line at the beginning of each step.
        check: Is called every few lines; what it raises ends the reading.
        begin: Gets the name of each file before it is read.
        memory_bytes: How much may be kept of all rows until the last one is read.
        disk_bytes: How much the log may take on disk.
        larger: What to do with a log that takes more, one sentence.
    """

    say: Callable[[str], object]
    check: Callable[[], object]
    begin: Callable[[str], object] = str
    memory_bytes: int = MEMORY_BYTES
    disk_bytes: float = DISK_BYTES
    larger: str = "Import a part of it, or all of it by the command learn --to on a machine of yours."

    @classmethod
    def on_own_machine(cls, say: Callable[[str], object], check: Callable[[], object]) -> "Reading":
        """A reading on the machine of the files' owner."""
        return cls(say, check, memory_bytes=8 * MEMORY_BYTES, disk_bytes=inf, larger="Learn from a part of it.")
