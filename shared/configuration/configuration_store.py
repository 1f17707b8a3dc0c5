"""`configuration.json`: read the configuration, or change it so that no other change is lost."""

import os
from collections.abc import Callable
from dataclasses import replace

from shared import running_call
from shared.configuration import settings_history_store
from shared.configuration.configuration import Configuration, new_configuration
from shared.configuration.settings_change import Cause, RedactedRange, SettingsChange
from shared.errors import UnknownLoop
from shared.loops import loop_list_store
from shared.settings import settings
from shared.storage import json_documents
from shared.storage.clock import now_us
from shared.storage.paths import DEFAULT, this_loop
from shared.storage.this_storage import blobs


def initial_configuration() -> Configuration:
    """Make the configuration that a loop starts with in this deployment."""
    return new_configuration(settings().shards, os.urandom(16).hex(), now_us())


def read_configuration() -> Configuration:
    """Read the configuration; the loop `default` gets its first one when it is first read.

    Raises:
        UnknownLoop: There is no such loop.
        StorageUnavailable: Storage did not answer.
    """
    loop = this_loop()
    stored = blobs().read(loop.configuration)
    if stored is None and loop.name == DEFAULT:
        with running_call.harmless():
            blobs().create(loop.configuration, json_documents.to_json(initial_configuration()))
        stored = blobs().read(loop.configuration)
    if stored is None:
        raise UnknownLoop
    return json_documents.read(Configuration, stored.data)


def first_configuration(cause: Cause, copied: Configuration | None = None) -> Configuration:
    """Make the configuration of a new loop, with an entry of the history that says who made it.

    Args:
        copied: Another loop's, whose settings it gets; its keys, its log and the copy of its log stay its own.
    """
    from shared.configuration.changed_values import list_changed_values  # here, and below: no Rank needs it

    first = initial_configuration()
    configuration = first
    if copied is not None:
        service = replace(copied.service, log_mirror_enabled=False, log_mirror_sas_uri="")
        configuration = replace(
            first, service=service, learning=copied.learning, exploration_shares=copied.exploration_shares
        )
    change = SettingsChange.of(cause, now_us(), list_changed_values(first, configuration), running_call.request_id())
    return replace(configuration, changes=(change,))


def create_configuration(configuration: Configuration) -> None:
    """Write the first configuration of this loop; one that another call has written in the same moment stays."""
    blobs().create(this_loop().configuration, json_documents.to_json(configuration))


def change_configuration(change: Callable[[Configuration], Configuration], cause: Cause | None = None) -> Configuration:
    """Write what `change` makes of the configuration, once for each call; of two at once, the later sees the earlier.

    Args:
        change: May be called again if another writer came between; what it raises is passed on, nothing changed.
        cause: Of a change that the history of settings is to have; None for a change that is nobody's.
    """
    read_configuration()
    loop_list_store.mark()

    def change_and_note(before: Configuration) -> Configuration:
        from shared.configuration.changed_values import list_changed_values

        if cause is not None and settings_history_store.has_noted(before.changes):
            return before
        after = change(before)
        values = list(list_changed_values(before, after))
        if cause is None or not values:
            return after
        return replace(after, changes=settings_history_store.note(before.changes, cause, values))

    return _change_stored(change_and_note)


@running_call.harmless()
def note_redaction(cause: Cause, redacted: RedactedRange, request_id: str) -> None:
    """Write to the history what a call of a redaction does.

    Args:
        request_id: The call's.
    """

    def note(before: Configuration) -> Configuration:
        changes = settings_history_store.note_redaction(before.changes, cause, redacted, request_id)
        return replace(before, changes=changes)

    _change_stored(note)


def _change_stored(change: Callable[[Configuration], Configuration]) -> Configuration:
    def change_stored(before: Configuration | None) -> Configuration:
        if before is None:
            raise UnknownLoop
        return change(before)

    return json_documents.change(
        this_loop().configuration,
        lambda text: json_documents.read(Configuration, text),
        json_documents.to_json,
        change_stored,
    )
