"""The lines of a stored log blob, read one after another, so that a large blob takes no more memory."""

import gzip
import io
from collections.abc import Callable, Iterator

from shared.configuration.configuration import RewardSettings
from shared.log import log_line


def _all(_index: int, _line: bytes) -> bool:
    return True


def read_lines(
    stored: bytes,
    joined_under: RewardSettings,
    rewards: RewardSettings,
    takes: Callable[[int, bytes], bool] = _all,
) -> Iterator[bytes]:
    """Read the lines, labelled anew where they were joined under other reward settings than `rewards`.

    Args:
        stored: gzip; empty for a blob that was deleted meanwhile.
        takes: Whether a line is wanted, by its position, counted from 0, and its text.
    """
    if not stored:
        return
    with gzip.open(io.BytesIO(stored)) as text:
        for index, raw in enumerate(text):
            line = raw.rstrip(b"\r\n")
            if takes(index, line):
                yield line if joined_under == rewards else log_line.relabel(line, rewards)
