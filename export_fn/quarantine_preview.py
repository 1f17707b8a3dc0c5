"""What a quarantine would take out, counted as far as the time of one call allows; changes nothing. Blocking."""

import time
from contextlib import suppress
from dataclasses import dataclass

from shared.configuration import configuration_store
from shared.configuration.corrections import Correction
from shared.log import log_line, log_store, manifest_store, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.log.manifest import LogBlob
from shared.log.quarantine_forms import QuarantinePreview
from shared.log.stored_lines import UnreadableLines
from shared.training import lease

_SECONDS = 12.0


def preview(correction: Correction) -> QuarantinePreview:
    """Count what a quarantine would take out; of a range that takes longer, the log of its beginning."""
    until = time.monotonic() + _SECONDS
    configuration, state = configuration_store.read_configuration(), lease.read_state()
    joined_us = state.joined_up_to_us if state else 0
    count = _Count(correction, CorrectedLines([correction]), CorrectedLines(configuration.corrections))
    deleted_us, to_us = configuration.logs_deleted_before_us, min(correction.to_us, joined_us)
    blobs = list(manifest_store.list_blobs(correction.from_us, to_us, deleted_us)) if correction.from_us < to_us else []
    reached_us = next_us = None
    for blob, content in zip(blobs, log_store.contents(blobs), strict=True):
        if reached_us is not None and blob.from_us >= reached_us and time.monotonic() > until:
            next_us = reached_us
            break
        count.add(blob, content, deleted_us)
        reached_us = blob.to_us
    return QuarantinePreview(
        events=count.events,
        quarantined=count.quarantined,
        already=count.already,
        first=count.first_us,
        last=count.last_us,
        joined_up_to=joined_us or None,
        done=next_us is None,
        next=next_us,
    )


@dataclass(slots=True)
class _Count:
    """The counts of one call."""

    correction: Correction
    new: CorrectedLines
    active: CorrectedLines
    events: int = 0
    quarantined: int = 0
    already: int = 0
    first_us: int | None = None
    last_us: int | None = None

    def add(self, blob: LogBlob, content: bytes, deleted_before_us: int) -> None:
        """Count the events of a log blob; of a damaged one, those before the damage."""
        active = self.active.of_blob(blob)
        with suppress(UnreadableLines):
            for text in stored_lines.unpack(content):
                line = text.rstrip(b"\n")
                with suppress(*log_line.NO_LINE):
                    if log_line.is_event(line) and log_line.event_us(line) >= deleted_before_us:
                        self._add(line, active)

    def _add(self, line: bytes, active: CorrectedLines) -> None:
        at_us = log_line.event_us(line)
        self.events += self.correction.from_us <= at_us < self.correction.to_us
        if self.new.is_quarantined(line):
            self.quarantined += 1
            self.already += active.is_quarantined(line)
            self.first_us = at_us if self.first_us is None else min(self.first_us, at_us)
            self.last_us = at_us if self.last_us is None else max(self.last_us, at_us)
