"""Finding the lines of a long log that the learner refuses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from shared.evaluation.replay.log_reader import Reading
from shared.learner.refused_lines import refused_lines

_PIECE_LINES, _PIECE_BYTES = 20_000, 16 * 1024 * 1024
"""What is tried together, and in memory: less than both, except for a single line."""


def found(
    reading: Reading,
    lines: Iterable[bytes],
    *,
    until: int | None,
    options: Sequence[str],
    left: Callable[[], timedelta],
) -> frozenset[int]:
    """Which of the events are refused, counted from 0 over those of the reading.

    Args:
        reading: One to the end of the log.
        until: After so many events that are not refused, it does not matter any more.
        left: How much time there is.

    Raises:
        TrainingFailed: Training fails even without lines.
        TookTooLong: Time is up.
    """
    refused: set[int] = set()
    tried = 0
    for piece in _pieces(line for _, line in reading.usable(lines)):
        refused.update(tried + one.index for one in refused_lines(piece, arguments=options, timeout=left()))
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
