"""`history.json`: the changes of settings that the changed documents have no room for.

A change is written with what it changes, in one document: so it is there if and only if it was made. That document has
the last few changes; those before it are stored here before they are left out there.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from shared import running_call
from shared.configuration.settings_change import (
    MOST_CHANGES,
    MOST_RECENT,
    Cause,
    ChangedValue,
    RedactedRange,
    SettingsChange,
    SettingsHistory,
    merge,
)
from shared.errors import LoopError
from shared.storage import json_documents
from shared.storage.clock import next_us, now_us
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs

_log = logging.getLogger(__name__)


def note(before: Sequence[SettingsChange], cause: Cause, values: Iterable[ChangedValue]) -> tuple[SettingsChange, ...]:
    """The changes that a document has after one more; earlier ones go to the history.

    If the history cannot be written, they stay.

    Args:
        before: Those that the stored document has.
    """
    return _append(before, SettingsChange.of(cause, _next_us(before), values, running_call.request_id()))


def note_redaction(
    before: Sequence[SettingsChange], cause: Cause, redacted: RedactedRange, request_id: str
) -> tuple[SettingsChange, ...]:
    """The changes that a document has after a call of a redaction began or ended: all calls of one are one entry.

    Each is noted twice: when it begins, with nothing redacted and itself as the next call, and when it ends.
    """
    places = [place for place, change in enumerate(before) if redacted.is_of(change, cause.by, request_id)]
    if places:
        change = replace(redacted.add_to(before[places[-1]]), request=request_id)
        return (*before[: places[-1]], change, *before[places[-1] + 1 :])
    if any(change.request == request_id for change in before):
        return tuple(before)
    return _append(before, redacted.begin(cause, _next_us(before), request_id))


def _next_us(before: Sequence[SettingsChange]) -> int:
    """When the next change is made: the estimate of storage's time may go back, but no change is older than others."""
    return next_us(before[-1].at_us if before else 0, now_us())


def _append(before: Sequence[SettingsChange], change: SettingsChange) -> tuple[SettingsChange, ...]:
    changes = (*before, change)
    try:
        _add(changes[:-MOST_RECENT])
    except LoopError as trouble:
        _log.warning("the history of settings cannot be written: %s", trouble)
        return changes[-MOST_CHANGES:]
    return changes[-MOST_RECENT:]


def has_noted(changes: Iterable[SettingsChange]) -> bool:
    """Whether the running call has made one of some changes: it reached storage, although no answer told so."""
    request_id = running_call.request_id()
    return bool(request_id) and any(change.request == request_id for change in changes)


def read_with(*recent: Iterable[SettingsChange]) -> tuple[SettingsChange, ...]:
    """Read all changes, the oldest first.

    Args:
        recent: Those of the documents that have any, read before.
    """
    stored = blobs().read(this_loop().history)
    history = SettingsHistory() if stored is None else json_documents.read(SettingsHistory, stored.data)
    return merge(history.changes, *recent)


@running_call.harmless()
def _add(changes: Sequence[SettingsChange]) -> None:
    if not changes:
        return
    json_documents.change(
        this_loop().history,
        lambda text: json_documents.read(SettingsHistory, text),
        json_documents.to_json,
        lambda before: _merge(before or SettingsHistory(), changes),
    )


def _merge(history: SettingsHistory, changes: Sequence[SettingsChange]) -> SettingsHistory:
    return replace(history, changes=merge(history.changes, changes))
