"""The search of the log for the lines of an event id, in bounded time and memory. Blocking."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from shared.intake.keys import spellings
from shared.log import line_pieces, log_line, log_store, stored_lines
from shared.log.log_store import OpenLog
from shared.log.manifest import LogBlob
from shared.log.stored_lines import LONGEST_LINE_BYTES, UnreadableLines

MOST_LINES_BYTES: Final = LONGEST_LINE_BYTES
"""Of the lines that are found; the newest ones are kept."""
_SECONDS: Final = 8


class LogSearch:
    """Searches log blobs for the lines of an event id; a line of more than 8 MiB is passed over.

    Attributes:
        range_us: From when to when the log was searched; None for no log.
        size_bytes: How much it was, as it is stored.
        is_over: Whether there was no more time, or no more room for lines.
        is_cut: Whether older lines were found for which there is no room.
    """

    def __init__(self, event_id: str) -> None:
        self.range_us: tuple[int, int] | None = None
        self.size_bytes = 0
        self.is_over = False
        self.is_cut = False
        self._ids = spellings(event_id)
        self._texts = [*map(line_pieces.event_id, self._ids)]
        self._until = time.monotonic() + _SECONDS
        self._left_bytes = MOST_LINES_BYTES
        self._lines: dict[tuple[int, int], Sequence[bytes]] = {}

    @property
    def lines(self) -> list[bytes]:
        """The lines of the id, in the order of the log."""
        return [line for _, lines in sorted(self._lines.items()) for line in lines]

    @property
    def has_event(self) -> bool:
        """Whether an event of the id is among the lines."""
        return any(log_line.is_event(line) for lines in self._lines.values() for line in lines)

    def search(self, blobs: Sequence[LogBlob], *, back_to_event: bool = False) -> None:
        """Search log blobs, the most wanted first, until the time is over.

        Args:
            back_to_event: Whether to stop behind the first one that has an event of the id.
        """
        for blob, opened in zip(blobs, log_store.open_ahead(blobs), strict=False):
            self.is_over = self.is_over or time.monotonic() > self._until
            if self.is_over or (back_to_event and self.has_event):
                return
            self._search(blob, opened)

    def _search(self, blob: LogBlob, opened: OpenLog) -> None:
        from_us, to_us = self.range_us or (blob.from_us, blob.to_us)
        self.range_us = min(from_us, blob.from_us), max(to_us, blob.to_us)
        self.size_bytes += blob.size_bytes
        lines, size = deque[bytes](), 0
        with suppress(UnreadableLines):
            for line in self._lines_of_id(opened):
                lines.append(line)
                size += len(line)
                while size > self._left_bytes:
                    size -= len(lines.popleft())
                    self.is_cut = self.is_over = True
        if lines:
            self._lines[blob.from_us, -1 if blob.shard is None else blob.shard] = lines
            self._left_bytes -= size

    def _lines_of_id(self, opened: OpenLog) -> Iterator[bytes]:
        """The lines of the id, searched by the text of the id before any line is parsed."""
        for line in stored_lines.unpack_short(opened.file):
            if time.monotonic() > self._until:
                self.is_over = True
                return
            if line is not None and self._is_of_id(line):
                yield line

    def _is_of_id(self, line: bytes) -> bool:
        return any(text in line for text in self._texts) and log_line.read_ids(line).event_id in self._ids
