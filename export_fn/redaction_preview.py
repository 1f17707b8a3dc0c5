"""What a redaction would take out, counted as far as the time of one call allows; changes nothing. Blocking."""

import logging
import time
from collections.abc import Iterator

from export_fn.redaction_range import Rows, StoredEvents
from shared.configuration import configuration_store
from shared.intake import row_deletion
from shared.log import log_store, redaction_store
from shared.log.log_store import OpenLog
from shared.log.manifest import LogBlob
from shared.log.redaction import EventTarget, Target
from shared.log.redaction_forms import RedactionPreview
from shared.log.stored_lines import UnreadableLines
from shared.models import published_store
from shared.times import HOUR
from shared.training import lease
from shared.training.configuration_changes import new_state
from shared.training.training_state import State

_SECONDS = 12.0

_log = logging.getLogger(__name__)


def preview(target: Target, from_us: int, to_us: int) -> RedactionPreview:
    """Count what `redaction_call.redact` would do.

    No lease is needed: rows and log are counted as they are while the trainer goes on.

    Steps are taken in the order of their ends. So where a call has no more time, those that end later than its last
    one are the ones that a redaction from that end on would look through: the next call counts these, and none twice.
    """
    until = time.monotonic() + _SECONDS
    work = _Count(target)
    reached_us: int | None = None
    for end_us, step in work.steps(from_us, to_us):
        if reached_us is not None and end_us > reached_us and time.monotonic() > until:
            work.done.redaction.next_us = reached_us
            return work.done
        work.count(step)
        reached_us = end_us
    work.count_waiting()
    return work.done


class _Count:
    """The steps of one call, and the counts of its answer."""

    def __init__(self, target: Target) -> None:
        self.done = RedactionPreview()
        self._target = target
        self._stored = StoredEvents.read(_read_state())
        self._opened: Iterator[OpenLog] = iter(())

    def steps(self, from_us: int, to_us: int) -> list[tuple[int, Rows | LogBlob]]:
        """The rows and log blobs of a range, by their ends; rows end with their hour, since they are told by hours."""
        blobs = sorted(self._stored.list_blobs(from_us, to_us), key=lambda blob: blob.to_us)
        self._opened = log_store.open_ahead(blobs)
        steps: list[tuple[int, Rows | LogBlob]] = [(blob.to_us, blob) for blob in blobs]
        rows = self._stored.list_rows(self._target, from_us, to_us)
        steps += [(part.from_us - part.from_us % HOUR + HOUR, part) for part in rows]
        return sorted(steps, key=lambda step: step[0])

    def count(self, step: Rows | LogBlob) -> None:
        """Count what a step would take out."""
        if isinstance(step, LogBlob):
            self._count_lines(step, next(self._opened))
        elif isinstance(self._target, EventTarget):
            rows = self._stored.rows_of(self._target.event_id, step)
            moments = row_deletion.list_moments(rows, step.table, step.from_us, step.to_us)
            self.done.redaction.removed_rows += len(moments)
            self.done.widen(moments)

    def count_waiting(self) -> None:
        """Count the events that cannot be redacted before they are log."""
        self.done.redaction.waiting, self.done.redaction.run_again_us = self._stored.count_waiting(self._target)

    def _count_lines(self, blob: LogBlob, opened: OpenLog) -> None:
        try:
            lines = redaction_store.count(blob, opened.file, self._target, self.done.alike)
        except UnreadableLines:
            _log.error("%s is damaged and cannot be redacted", blob.path)
            return
        is_changed = bool(lines.changed or lines.removed)
        self.done.redaction.changed_lines += lines.changed
        self.done.redaction.removed_lines += lines.removed
        self.done.redaction.blobs += is_changed
        self.done.redaction.mirrored += is_changed and self._stored.is_mirrored(blob)
        self.done.widen(lines.moments_us)


def _read_state() -> State:
    published = published_store.read_published()
    return lease.read_state() or new_state(configuration_store.read_configuration(), published)
