"""The lines of a stored log blob, read and written one after another, so that a large blob takes no more memory.

The format is that of gzip. ISA-L reads it, in a third of the time that zlib takes. But zlib writes it: what ISA-L
writes depends on the processor, and whoever joins a part again has to make the same bytes.
"""

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Final

from isal import isal_zlib
from isal.igzip import IGzipFile

from shared.configuration.configuration import RewardSettings
from shared.errors import LoopError
from shared.log import log_line

LONGEST_LINE_BYTES: Final = 8 * 1024 * 1024
"""A longer line is read in pieces; a Rank is no longer, so only an event with tens of thousands of rewards is."""
_SLICE_BYTES: Final = 256 * 1024
_LEVEL = 1
_UNPACK_ERRORS = (gzip.BadGzipFile, EOFError, isal_zlib.error)

type Stored = bytes | IO[bytes] | io.RawIOBase
"""What is stored of a log blob, gzip: all of it, or a file to read it from; empty for a blob that was deleted."""


class UnreadableLines(LoopError):
    """The lines of a log blob cannot be unpacked, for its content is damaged."""

    def __init__(self) -> None:
        super().__init__("its gzip cannot be unpacked")


type Takes = Callable[[int, bytes], bool]
"""Whether a line is wanted, by its position, counted from 0, and its text."""


def take_all(_index: int, _line: bytes) -> bool:
    """Every line is wanted."""
    return True


def unpack(stored: Stored) -> Iterator[bytes]:
    """Read the lines as they are, with their ends.

    Raises:
        UnreadableLines: The content is damaged; the lines before the damage were read.
    """
    if stored:
        with _open(stored) as text:
            yield from text


def unpack_slices(stored: Stored) -> Iterator[bytes]:
    """Read the text of all lines in slices of at most 256 KiB, wherever these end.

    Raises:
        UnreadableLines: As `unpack`.
    """
    if stored:
        with _open(stored) as text:
            while some := text.read1(_SLICE_BYTES):
                yield some


def unpack_pieces(stored: Stored, offset: int = 0) -> Iterator[bytes]:
    """Read the lines as they are, with their ends, but a long line in several pieces, of which the last has its end.

    Args:
        offset: So many bytes of the text are passed over.

    Raises:
        UnreadableLines: As `unpack`.
    """
    if stored:
        with _open(stored) as text:
            _pass_over(text, offset)
            while piece := text.readline(LONGEST_LINE_BYTES):
                yield piece


def _pass_over(text: gzip.GzipFile, size_bytes: int) -> None:
    while some := text.read1(min(size_bytes, _SLICE_BYTES)):
        size_bytes -= len(some)


def unpack_short(stored: Stored) -> Iterator[bytes | None]:
    """Read the lines as they are, with their ends; None in the place of a line of more than 8 MiB.

    Raises:
        UnreadableLines: As `unpack`.
    """
    is_inside = False
    for piece in unpack_pieces(stored):
        is_long = is_inside or (len(piece) == LONGEST_LINE_BYTES and not piece.endswith(b"\n"))
        if not is_long:
            yield piece
        elif not is_inside:
            yield None
        is_inside = is_long and not piece.endswith(b"\n")


def pack(file: IO[bytes]) -> gzip.GzipFile:
    """Make the content of a log blob of all that is written to what this gives, until that is closed."""
    return gzip.GzipFile("", "wb", _LEVEL, file, mtime=0)


@contextmanager
def _open(stored: Stored) -> Iterator[gzip.GzipFile]:
    try:
        with IGzipFile(fileobj=io.BytesIO(stored) if isinstance(stored, bytes) else stored) as text:  # type: ignore[no-untyped-call]
            yield text
    except _UNPACK_ERRORS as error:  # type: ignore[misc] # a class, whatever the stubs say
        raise UnreadableLines from error


def read_lines(
    stored: bytes,
    joined_under: RewardSettings | None,
    rewards: RewardSettings | None,
    takes: Takes = take_all,
) -> Iterator[bytes]:
    """Read the lines, labelled anew where they were joined under other reward settings than `rewards`.

    Args:
        joined_under: None if that is lost, so that all are labelled anew.
        rewards: None to read the lines as they are.
        stored: gzip; empty for a blob that was deleted meanwhile.
        takes: Whether a line is wanted, by its position, counted from 0, and its text.

    Raises:
        UnreadableLines: The content is damaged.
    """
    for index, raw in enumerate(unpack(stored)):
        line = raw.rstrip(b"\r\n")
        if takes(index, line):
            yield line if rewards is None or joined_under == rewards else _relabel(line, rewards)


def _relabel(line: bytes, rewards: RewardSettings) -> bytes:
    """A line labelled anew; a line that is no line of the loop stays as it is, for learners to refuse."""
    try:
        return log_line.relabel(line, rewards)
    except log_line.NO_LINE:
        return line
