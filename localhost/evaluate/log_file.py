"""A log in a file: dsjson lines, plain or compressed."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localhost.failures import CommandFailure
from shared.evaluation.replay.evaluated_events import EvaluatedEvent, read, trim
from shared.words import pluralize

_IMITATED = "-apprentice"
_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log, read from the beginning for each pass, never as a whole."""

    path: Path

    def __iter__(self) -> Iterator[bytes]:
        """All lines, without line breaks.

        Raises:
            CommandFailure: The file is not there, is none, cannot be read, or is damaged.
        """
        if self.path.exists() and not self.path.is_file():
            raise CommandFailure(
                f"{self.path} is no file; a log is read several times, which a pipe cannot be.",
                "Write the log to a file, and give that one.",
            )
        try:
            with gzip.open(self.path) if self._is_compressed() else self.path.open("rb") as file:
                for line in file:
                    yield line.rstrip(b"\r\n")
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise CommandFailure(
                f"{self.path} is cut or damaged: {problem}", "Copy or export it again, and see that it is complete."
            ) from problem
        except OSError as problem:
            raise CommandFailure(
                f"{self.path} cannot be read: {problem.strerror or problem}", "Check the path after --log."
            ) from problem

    def kind(self) -> str:
        """The kind of the events to evaluate: that of the first usable one; those of an apprentice only without others.

        Raises:
            CommandFailure: There is no usable event.
        """
        number, imitated = 0, ""
        for number, line in enumerate(self, 1):  # noqa: B007 - how many there are
            kind = _kind(trim(line))
            if kind is not None and not kind.endswith(_IMITATED):
                return kind
            imitated = imitated or kind or ""
        if imitated:
            return imitated
        raise CommandFailure(
            f"{self.path} has no event that can be evaluated, in {pluralize(number, 'line', 'lines')}.",
            "Give a log in the dsjson format, such as GET /rankloop/v1/logs answers, one event a line.",
        )

    def _is_compressed(self) -> bool:
        with self.path.open("rb") as file:
            compressed = file.read(len(_MAGIC)) == _MAGIC
        if self.path.suffix == ".gz" and not compressed:
            raise CommandFailure(
                f"{self.path} is called .gz, but it is not compressed with gzip.",
                "Give it the name it should have, or compress it with gzip.",
            )
        return compressed


def _kind(line: bytes) -> str | None:
    """The kind of a usable event, as `ranked_event.line_kind`."""
    kinds = (problem + mode for mode in ("", _IMITATED) for problem in ("cb", "ccb"))
    return next((kind for kind in kinds if line and isinstance(read(line, kind), EvaluatedEvent)), None)
