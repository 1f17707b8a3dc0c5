"""The log of a correction's range, read from its beginning as far as the time of one call allows; blocking."""

import time
from collections.abc import Iterator
from contextlib import suppress

from shared.configuration import configuration_store
from shared.configuration.corrections import Correction
from shared.log import log_line, log_store, manifest_store, stored_lines
from shared.log.stored_lines import UnreadableLines
from shared.training import lease

_SECONDS = 12.0


class CorrectionRange:
    """The events that a correction is asked about.

    Attributes:
        configuration: As it is now.
        joined_us: What arrived later is not log yet; 0 before anything was joined.
        stopped_us: What arrived later was not read, since the time was over; None if all was read.
    """

    def __init__(self, correction: Correction) -> None:
        """Read how the loop stands."""
        self.configuration, state = configuration_store.read_configuration(), lease.read_state()
        self.joined_us = state.joined_up_to_us if state else 0
        self.stopped_us: int | None = None
        self._from_us, self._to_us = correction.from_us, min(correction.to_us, self.joined_us)

    @property
    def end_us(self) -> int:
        """Up to where the range was read: its end, unless that is not log yet, or the time was over."""
        return self._to_us if self.stopped_us is None else self.stopped_us

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines of events in the log blobs of the range, each with when it arrived, and none that is deleted.

        Of a damaged blob there are those before the damage.
        """
        if self._from_us >= self._to_us:
            return
        until, reached_us = time.monotonic() + _SECONDS, 0
        deleted_us = self.configuration.logs_deleted_before_us
        blobs = list(manifest_store.list_blobs(self._from_us, self._to_us, deleted_us))
        for blob, content in zip(blobs, log_store.contents(blobs), strict=True):
            if 0 < reached_us <= blob.from_us and time.monotonic() > until:
                self.stopped_us = reached_us
                return
            with suppress(UnreadableLines):
                for text in stored_lines.unpack(content):
                    line = text.rstrip(b"\n")
                    at_us = _event_us(line)
                    if at_us is not None and at_us >= deleted_us:
                        yield at_us, line
            reached_us = blob.to_us


def _event_us(line: bytes) -> int | None:
    """When the event of a line arrived; None for an observation without event, and for what is no line."""
    with suppress(*log_line.NO_LINE):
        return log_line.event_us(line) if log_line.is_event(line) else None
    return None
