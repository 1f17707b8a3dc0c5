"""Pieces: as much log as one run of the driver learns in a short time, whole log blobs or some lines of one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from math import inf

from shared.log.manifest import LogBlob
from shared.times import DAY
from shared.training.cursor import Cursor

_MOST_TIMES = 16
TIMES_FOR_A_LINE = 4
"""A line that takes so many times as long as a piece may is set aside; on a slow machine, less would be chance."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that one run of the driver is given; one line is always given.

    Attributes:
        size_bytes: Not compressed.
    """

    lines: int
    size_bytes: int

    def times(self, factor: float) -> "Limit":
        """The limit that is so many times as large, and at least one line."""
        return Limit(max(1, int(self.lines * factor)), max(1, int(self.size_bytes * factor)))

    def is_reached(self, lines: int, size_bytes: int) -> bool:
        """Whether so many lines are all that may be given."""
        return lines >= self.lines or size_bytes >= self.size_bytes

    def is_exceeded(self, lines: int, size_bytes: int) -> bool:
        """Whether so many lines are more than may be given."""
        return lines > self.lines or size_bytes > self.size_bytes


FIRST_LIMIT = Limit(20_000, 8 * 1024 * 1024)
"""Learned in two minutes even if a line takes as long as none does that the service has seen."""
_MOST = Limit(500_000, 256 * 1024 * 1024)
_MOST_PARTS = 2_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive log that one run of the driver learns.

    Attributes:
        blobs: Whole log blobs, oldest first; or one of which only some lines are learned.
        up_to_us: The log position after their parts.
        first_line: The place of the first line, counted from 0, in the only blob.
        after_line: The place after the last line in the only blob; None if the limit or the end of the blob says it.
        limit: What ends the piece within the only blob; None if it is learned whole.
        is_full: Whether there was more log, but no more that could be given.
        next_blob: With which log blob the last part goes on after the piece; None if the piece ends with the part.
    """

    blobs: tuple[LogBlob, ...]
    up_to_us: int
    first_line: int = 0
    after_line: int | None = None
    limit: Limit | None = None
    is_full: bool = False
    next_blob: LogBlob | None = None

    @property
    def lines(self) -> int:
        """How many lines it has, or could have."""
        after = self.blobs[0].lines if self.after_line is None else self.after_line
        return sum(blob.lines for blob in self.blobs[1:]) + after - self.first_line

    @property
    def is_line(self) -> bool:
        """Whether it is a single line for certain."""
        return self.lines == 1 or (self.limit is not None and self.limit.lines == 1)

    def reaches(self, position_us: int) -> bool:
        """Whether a model that learns it has learned all log up to a position, for certain."""
        return self.is_whole and self.next_blob is None and self.up_to_us >= position_us

    @property
    def is_whole(self) -> bool:
        """Whether it is whole log blobs for certain."""
        return not self.first_line and self.after_line is None and self.limit is None


class Pace:
    """How fast the driver has learned in this process, from which follows how much its next run is given.

    Args:
        aim: How long a run should take at most.
        timeout: After how long a run is ended; a single line has `TIMES_FOR_A_LINE` as long.
        first: The limit of the first run with learning arguments.

    Attributes:
        timeout: As given.
    """

    def __init__(
        self,
        aim: timedelta = timedelta(seconds=30),
        timeout: timedelta = timedelta(minutes=2),
        first: Limit = FIRST_LIMIT,
    ) -> None:
        self.timeout = timeout
        self._aim_seconds = aim.total_seconds()
        self._first = first
        self._limits: dict[str, Limit] = {}

    def limit(self, arguments: str) -> Limit:
        """What the next run with learning arguments is given at most."""
        return self._limits.get(arguments, self._first)

    def note_run(self, arguments: str, size: Limit, seconds: float, *, is_full: bool) -> None:
        """Learn from a run: less is given next if it took longer than it should, more if it was full and did not."""
        factor = self._aim_seconds / seconds if seconds > 0 else inf
        if factor < 1 and size.lines:
            self._limits[arguments] = size.times(factor)
        elif is_full:
            grown = self.limit(arguments).times(min(factor, _MOST_TIMES))
            self._limits[arguments] = Limit(min(grown.lines, _MOST.lines), min(grown.size_bytes, _MOST.size_bytes))

    def halve(self, arguments: str, size: Limit) -> None:
        """Let the next run be given half of what was too much."""
        limit = self.limit(arguments)
        smaller = Limit(min(size.lines, limit.lines), min(size.size_bytes or limit.size_bytes, limit.size_bytes))
        self._limits[arguments] = smaller.times(0.5)


def choose_piece(
    cursor: Cursor, ahead: Iterable[LogBlob], pace: Pace, *, end_us: int | None = None, most_parts: int = _MOST_PARTS
) -> Piece | None:
    """Choose what a model learns next, of one day; None if nothing is ahead.

    Args:
        ahead: The log blobs that the model has not learned, oldest first; read only as far as needed. Those of the
            part that it has begun may be all there.
        end_us: The log position after all of them; None for the end of the last.
    """
    limit, chosen, lines, size_bytes = pace.limit(cursor.arguments), list[LogBlob](), 0, 0
    first_line, parts, is_alone = 0, 0, False
    for blob in _skip_learned(cursor, ahead):
        lines, size_bytes = lines + blob.lines, size_bytes + blob.unpacked_bytes
        is_too_much = limit.is_exceeded(lines, size_bytes)
        if is_alone:
            return _lines_of(chosen[0], first_line, limit, blob)
        is_new_day = bool(chosen) and blob.from_us // DAY != chosen[0].from_us // DAY
        parts += not chosen or not blob.is_of_part(chosen[-1])
        if chosen and (is_too_much or is_new_day or parts > most_parts):
            return _whole(chosen, blob, is_full=is_too_much)
        if not chosen and cursor.begun and is_begun(cursor, blob):
            first_line = cursor.begun.lines
        is_alone = first_line > 0 or is_too_much
        chosen.append(blob)
    if is_alone:
        return _lines_of(chosen[0], first_line, limit)
    return Piece(tuple(chosen), chosen[-1].to_us if end_us is None else end_us) if chosen else None


def _lines_of(blob: LogBlob, first_line: int, limit: Limit, after: LogBlob | None = None) -> Piece:
    """Lines of one blob."""
    next_blob = after if after and after.is_of_part(blob) else None
    return Piece((blob,), blob.to_us, first_line, limit=limit, next_blob=next_blob)


def _whole(blobs: Sequence[LogBlob], after: LogBlob, *, is_full: bool) -> Piece:
    """Whole parts, or the next blobs of a part whose blobs are too much together."""
    parts = [blob for blob in blobs if not blob.is_of_part(after)]
    if parts:
        return Piece(tuple(parts), parts[-1].to_us, is_full=is_full)
    return Piece(tuple(blobs), blobs[-1].to_us, is_full=is_full, next_blob=after)


def _skip_learned(cursor: Cursor, ahead: Iterable[LogBlob]) -> Iterator[LogBlob]:
    """The log blobs ahead from the one with which the model goes on in the part that it has begun."""
    coming, passed = iter(ahead), list[LogBlob]()
    if cursor.begun is None:
        return coming
    for blob in coming:
        if is_begun(cursor, blob):
            return chain([blob], coming)
        passed.append(blob)
        if not blob.is_of_part(passed[0]):
            break
    return chain(passed, coming)


def is_begun(cursor: Cursor, blob: LogBlob) -> bool:
    """Whether a model goes on with a blob as it is now; else its part is learned from the start."""
    begun = cursor.begun
    return begun is not None and (begun.path, begun.redacted, begun.kind) == (blob.path, blob.redacted, cursor.kind)
