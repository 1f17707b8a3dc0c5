"""Lines of the log that are too long for memory: each is in a file of this machine while it is worked on."""

import tempfile
from collections.abc import Collection, Iterator
from typing import IO

from shared.log import stored_lines
from shared.log.stored_lines import LONGEST_LINE_BYTES, Stored

_SLICE_BYTES = 1024 * 1024
_BEGINNING_BYTES, _END_BYTES = 1024, 64 * 1024


class LongLine:
    """A line of more than 8 MiB; to be used before the next line is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size_bytes = file.tell()

    def __len__(self) -> int:
        return self._size_bytes

    @property
    def outline(self) -> bytes:
        """The first KiB and the last 64 KiB, which tell what kind of line it is."""
        self._file.seek(0)
        beginning = self._file.read(_BEGINNING_BYTES)
        self._file.seek(self._size_bytes - _END_BYTES)
        return beginning + self._file.read(_END_BYTES)

    def slices(self) -> Iterator[bytes]:
        """Read the line in slices of a MiB."""
        self._file.seek(0)
        while some := self._file.read(_SLICE_BYTES):
            yield some

    def holds(self, texts: Collection[bytes], before: bytes | None) -> bool:
        """Whether the line holds all of some texts, which are short, and holds them before another one."""
        missing, overlap = {*texts}, max(map(len, (*texts, before or b"")))
        read, is_over = b"", False
        for some in self.slices():
            read += some
            if before is not None and (end := read.find(before)) >= 0:
                read, is_over = read[:end], True
            missing = {text for text in missing if text not in read}
            if is_over or not missing:
                break
            read = read[-overlap:]
        return not missing


def outline_of(line: bytes | LongLine) -> bytes:
    """The line, or what tells the kind of a long one."""
    return line.outline if isinstance(line, LongLine) else line


def unpack_lines(stored: Stored) -> Iterator[bytes | LongLine]:
    """Read the lines as they are, with their ends.

    Raises:
        UnreadableLines: As `stored_lines.unpack`.
    """
    pieces = stored_lines.unpack_pieces(stored)
    for piece in pieces:
        if len(piece) < LONGEST_LINE_BYTES or piece.endswith(b"\n"):
            yield piece
            continue
        with tempfile.TemporaryFile() as file:
            while piece and not piece.endswith(b"\n"):
                file.write(piece)
                piece = next(pieces, b"")
            file.write(piece)
            yield LongLine(file)
