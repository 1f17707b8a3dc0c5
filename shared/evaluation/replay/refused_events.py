"""Finds the events of a long log that the learner refuses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from shared.evaluation.replay.log_reader import EventReader
from shared.learner.refused_lines import find_refused_lines

_PIECE_LINES, _PIECE_BYTES = 20_000, 16 * 1024 * 1024
"""Bounds of the lines that are tried together, and are in memory; only a single line may be longer."""


def find(
    reader: EventReader,
    lines: Iterable[bytes],
    *,
    until: int | None,
    options: Sequence[str],
    remaining: Callable[[], timedelta],
) -> frozenset[int]:
    """Find the refused events, by their places from 0 among the events of the reader.

    Args:
        reader: One that reads to the end of the log.
        until: The search ends after so many events that are not refused.
        remaining: Gives the time that remains.

    Raises:
        TrainingFailed: Training fails even without lines.
        TookTooLong: Time is up.
    """
    refused: set[int] = set()
    tried = 0
    for piece in _pieces(line for _, line in reader.events(lines)):
        lines_refused = find_refused_lines(piece, arguments=options, timeout=remaining())
        refused.update(tried + line.index for line in lines_refused)
        tried += len(piece)
        if until is not None and tried - len(refused) >= until:
            break
    return frozenset(refused)


def _pieces(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    piece, size = list[bytes](), 0
    for line in lines:
        if piece and (len(piece) == _PIECE_LINES or size + len(line) > _PIECE_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield piece
