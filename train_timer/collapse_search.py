"""Looks in the log for what the context matters, where a model seems to prefer one action whatever that is."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from shared.configuration.service_configuration import LearningMode
from shared.log import log_line, log_store, manifest_store, ranked_line, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.log.manifest import LogBlob
from shared.log.ranked_event import RankedEvent
from shared.log.stored_lines import UnreadableLines
from shared.metrics.recent import Recent
from shared.status.collapse_warnings import examine, is_to_be_examined, suspect

_MOST_EVENTS = 10_000
_MOST_BYTES = 32 * 1024 * 1024


def search(recent: Recent, deleted_before_us: int, corrections: CorrectedLines) -> Recent:
    """Examine the last events that are suspect, if there are new ones; reads no log where nothing is suspect."""
    last = suspect(recent)
    if last is None or not is_to_be_examined(recent):
        return recent
    listed = manifest_store.list_blobs(last.from_us, recent.up_to_us, deleted_before_us)
    events, size_bytes = deque[tuple[RankedEvent, float]](), 0
    for blob in reversed(_newest(list(listed))):
        for event, reward in _read(blob, corrections.of_blob(blob)):
            events.append((event, reward))
            size_bytes += len(event.document)
            while len(events) > _MOST_EVENTS or size_bytes > _MOST_BYTES:
                size_bytes -= len(events.popleft()[0].document)
    return replace(recent, collapse=examine(recent, events))


def _newest(listed: list[LogBlob]) -> list[LogBlob]:
    """The newest log blobs that are not too much together, newest first."""
    chosen: list[LogBlob] = []
    lines = size_bytes = 0
    for blob in reversed(listed):
        lines, size_bytes = lines + blob.lines, size_bytes + blob.unpacked_bytes
        if chosen and (lines > _MOST_EVENTS or size_bytes > _MOST_BYTES):
            break
        chosen.append(blob)
    return chosen


def _read(blob: LogBlob, corrections: CorrectedLines) -> Iterator[tuple[RankedEvent, float]]:
    """The Online events with one choice of a log blob from which something is learned."""
    with suppress(UnreadableLines):
        for line in stored_lines.unpack(log_store.read(blob) or b""):
            if log_line.kind(line) != "cb" or (event_and_line := ranked_line.find(line.rstrip(b"\n"))) is None:
                continue
            event, read = event_and_line
            corrected = corrections.correct(read, blob.rewards)
            if read.learnable and not corrected.quarantined and event.mode is LearningMode.ONLINE:
                yield event, corrected.line.reward
