"""A log in a file: dsjson lines, plain or compressed."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from shared.evaluation.replay.evaluated_events import EvaluatedEvent, read, trim
from shared.imports.files.unusable_log import UnusableLog
from shared.log.stored_lines import LONGEST_LINE_BYTES
from shared.words import pluralize

ROW_BYTES = 4 * 1024 * 1024
"""Of a row of a table: the body of a Rank is no longer."""
UNPACKED_BYTES, UNPACKED_TIMES = 64 * 1024 * 1024, 100
"""What a file may unpack to: so many bytes, and so many times its size. Logs shrink to a tenth, few to a fiftieth."""
_READ_BYTES = 256 * 1024
_IMITATED = "-apprentice"
_MAGIC = b"\x1f\x8b"


class Unpacked:
    """Counts what a file unpacks to: a file of a kilobyte may hold gigabytes."""

    def __init__(self, path: Path, name: str) -> None:
        """Begin with nothing.

        Args:
            name: What refusals call the file.
        """
        self._name = name
        self._stored = path.stat().st_size
        self._left = UNPACKED_BYTES + UNPACKED_TIMES * self._stored

    def add(self, size_bytes: int, place: str, number: int) -> None:
        """Count what is in a place, such as the line of a number.

        Raises:
            UnusableLog: It is more than the file may hold.
        """
        self._left -= size_bytes
        if self._left < 0:
            most = (UNPACKED_BYTES + UNPACKED_TIMES * self._stored) // (1024 * 1024)
            raise UnusableLog(
                f"{self._name}, {place} {number}: up to here it unpacks to more than {most} MiB, the most for a file "
                f"of {self._stored:,} bytes.",
                "See that it is no damaged or endless file. If all of it is wanted, split it into several files.",
            )


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
                unpacked = Unpacked(self.path, str(self))
                for number in count(1):
                    line = file.readline(LONGEST_LINE_BYTES + 1)
                    if not line:
                        return
                    if len(line) > LONGEST_LINE_BYTES:
                        raise too_long(
                            f"{self}, line {number}", LONGEST_LINE_BYTES, "See that each event has a line of its own."
                        )
                    unpacked.add(len(line), "line", number)
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


def too_long(place: str, most_bytes: int, next_step: str) -> UnusableLog:
    """The refusal of a line or a row that no Rank could have made."""
    return UnusableLog(f"{place} is longer than {most_bytes >> 20} MiB, which no Rank is.", next_step)


def _kind(line: bytes) -> str | None:
    """The kind of a usable event, as `ranked_event.line_kind`."""
    kinds = (problem + mode for mode in ("", _IMITATED) for problem in ("cb", "ccb"))
    return next((kind for kind in kinds if line and isinstance(read(line, kind), EvaluatedEvent)), None)
