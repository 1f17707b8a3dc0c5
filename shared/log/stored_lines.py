"""The lines of a stored log blob, read one after another, so that a large blob takes no more memory."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator

from shared.configuration.configuration import RewardSettings
from shared.errors import LoopError
from shared.log import log_line

_UNPACK_ERRORS = (OSError, EOFError, zlib.error)


class UnreadableLines(LoopError):
    """The lines of a log blob cannot be unpacked, for its content is damaged."""

    def __init__(self) -> None:
        super().__init__("its gzip cannot be unpacked")


type Takes = Callable[[int, bytes], bool]
"""Whether a line is wanted, by its position, counted from 0, and its text."""


def take_all(_index: int, _line: bytes) -> bool:
    """Every line is wanted."""
    return True


def unpack(stored: bytes) -> Iterator[bytes]:
    """Read the lines as they are, with their ends.

    Args:
        stored: gzip; empty for a blob that was deleted meanwhile.

    Raises:
        UnreadableLines: The content is damaged; the lines before the damage were read.
    """
    if not stored:
        return
    try:
        with gzip.open(io.BytesIO(stored)) as text:
            yield from text
    except _UNPACK_ERRORS as error:
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
    except (IndexError, KeyError, TypeError, ValueError):
        return line
