"""A position inside a log blob, which stays valid when the blob is redacted: where the next page of the log begins."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from shared.log import log_line

_TEXT = re.compile(r"([0-9]{1,15})(i?)-([0-9a-f]{8})(?:-([el])([0-9]{1,17})-([0-9a-f]{8}))?", re.ASCII)
_DIGITS = 8
_NO_LINE_OF_THE_LOOP = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class LineKey(NamedTuple):
    """What tells a line from the others of its log blob, whose lines are in the order of `is_lone` and `at_us`.

    Attributes:
        is_lone: Whether it holds an observation without event; these come last.
        at_us: When its event or observation arrived.
        digest: Of its ids.
    """

    is_lone: bool
    at_us: int
    digest: str

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """The key of a line; None if it is no line of the loop, or no whole one."""
        try:
            ids = log_line.read_ids(line)
        except _NO_LINE_OF_THE_LOOP:
            return None
        return cls(ids.late is not None, ids.at_us, _digest("\0".join((ids.event_id, *ids.observation_ids))))

    @property
    def moment(self) -> tuple[bool, int]:
        """Its place in the order of the lines."""
        return self.is_lone, self.at_us


class Position(NamedTuple):
    """Where in a log blob a page of the log ended.

    Attributes:
        offset: So many bytes of the blob's lines were given.
        is_inside: Whether the page ended inside of a line, which was longer than a page.
        version: Of the content that was read.
        key: Of the line that comes next, or comes on; None if it has none.
    """

    offset: int
    is_inside: bool
    version: str
    key: LineKey | None

    @classmethod
    def at(cls, etag: str, offset: int = 0) -> Self:
        """Before a line of a content, by its ETag."""
        return cls(offset, is_inside=False, version=_digest(etag), key=None)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read the text of a position; None if it is none."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        offset, inside, version, kind, at_us, digest = match.groups()
        key = LineKey(kind == "l", int(at_us), digest) if kind else None
        return cls(int(offset), bool(inside), version, key)

    @property
    def text(self) -> str:
        """The position as a text of letters, digits and hyphens."""
        place = f"{self.offset}{'i' if self.is_inside else ''}-{self.version}"
        return place if self.key is None else f"{place}-{'l' if self.key.is_lone else 'e'}{self.key[1]}-{self.key[2]}"

    def is_in(self, etag: str) -> bool:
        """Whether its offset is one of the content with an ETag."""
        return self.version == _digest(etag)

    def before(self, piece: bytes) -> "Position":
        """This position, of which the next line, or the next piece of a long line, is known."""
        return self if self.is_inside else self._replace(key=LineKey.of(piece))

    def after(self, piece: bytes) -> "Position":
        """The position behind the next line, or behind the next piece of a long line."""
        is_inside = not piece.endswith(b"\n")
        key = self.before(piece).key if is_inside else None
        return Position(self.offset + len(piece), is_inside, self.version, key)

    def find(self, pieces: Iterable[bytes]) -> int:
        """The offset of the position in a content that was changed since; all of it was given if nothing is left.

        Where the next line has gone, it is that of the line behind it. A content without keys begins anew.

        Args:
            pieces: The lines, as `stored_lines.unpack_pieces`.
        """
        if self.key is None:
            return 0
        offset, same_us = 0, None
        for piece in pieces:
            key = LineKey.of(piece)
            if key == self.key:
                return offset
            if key is not None and key.moment == self.key.moment and same_us is None:
                same_us = offset
            if key is not None and key.moment > self.key.moment:
                break
            offset += len(piece)
        return offset if same_us is None else same_us


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A place in the log: the beginning of what begins at a moment or later, or a position inside.

    Attributes:
        shard: Of the log blobs that begin at the moment, those before this one are passed over.
        position: Inside the first log blob.
    """

    from_us: int
    shard: int = 0
    position: Position | None = None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
