"""A log in a file: dsjson lines, plain or compressed."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.evaluation.replay.evaluated_events import EvaluatedEvent, read, trim
from shared.imports.files.unusable_log import UnusableLog
from shared.words import pluralize

LONGEST_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is no event of any loop, and would fill the memory."""
_READ_BYTES = 256 * 1024
_IMITATED = "-apprentice"
_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log, read from the beginning for each pass, never as a whole.

    Attributes:
        name: What refusals call the file; its path if nothing else is said.
    """

    path: Path
    name: str = ""

    def __str__(self) -> str:
        """The name."""
        return self.name or str(self.path)

    def __iter__(self) -> Iterator[bytes]:
        """All lines, without line breaks.

        Raises:
            UnusableLog: The file is not there, is none, cannot be read, or is damaged.
        """
        self.demand_file()
        try:
            with self._open() as file:
                while line := file.readline(LONGEST_LINE_BYTES):
                    if len(line) == LONGEST_LINE_BYTES:
                        raise UnusableLog(f"{self} has a line of more than 64 MiB.", "See that it has an event a line.")
                    yield line.rstrip(b"\r\n")
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise UnusableLog(
                f"{self} is cut or damaged: {problem}.", "Copy or export it again, and see that it is complete."
            ) from problem
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def kind(self) -> str:
        """The kind of the events to evaluate: that of the first usable one; those of an apprentice only without others.

        Raises:
            UnusableLog: There is no usable event.
        """
        number, imitated = 0, ""
        for number, line in enumerate(self, 1):  # noqa: B007 - how many there are
            kind = _kind(trim(line))
            if kind is not None and not kind.endswith(_IMITATED):
                return kind
            imitated = imitated or kind or ""
        if imitated:
            return imitated
        raise UnusableLog(
            f"{self} has no event that can be evaluated, in {pluralize(number, 'line', 'lines')}.",
            "Give a log in the dsjson format, such as GET /rankloop/v1/logs answers, one event a line.",
        )

    def begins_with(self, magic: bytes) -> bool:
        """Whether the file begins with some bytes.

        Raises:
            UnusableLog: It cannot be read.
        """
        self.demand_file()
        try:
            with self.path.open("rb") as file:
                return file.read(len(magic)) == magic
        except OSError as problem:
            raise self._unreadable(problem) from problem

    def demand_file(self) -> None:
        """See that it is a file, which can be read more than once.

        Raises:
            UnusableLog: It is none.
        """
        if self.path.exists() and not self.path.is_file():
            raise UnusableLog(
                f"{self} is no file; a log is read several times, which a pipe cannot be.",
                "Write the log to a file, and give that one.",
            )

    def _open(self) -> IO[bytes]:
        compressed = self.begins_with(_MAGIC)
        if str(self).endswith(".gz") and not compressed:
            raise UnusableLog(
                f"{self} is called .gz, but it is not compressed with gzip.",
                "Give it the name it should have, or compress it with gzip.",
            )
        return gzip.open(self.path) if compressed else self.path.open("rb", buffering=_READ_BYTES)  # type: ignore[return-value]

    def _unreadable(self, problem: OSError) -> UnusableLog:
        return UnusableLog(f"{self} cannot be read: {problem.strerror or problem}.", "Check the path of the file.")


def _kind(line: bytes) -> str | None:
    """The kind of a usable event, as `ranked_event.line_kind`."""
    kinds = (problem + mode for mode in ("", _IMITATED) for problem in ("cb", "ccb"))
    return next((kind for kind in kinds if line and isinstance(read(line, kind), EvaluatedEvent)), None)
