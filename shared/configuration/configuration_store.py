"""`configuration.json`: read the configuration, or change it so that no other change is lost."""

from collections.abc import Callable
from dataclasses import replace

from shared import running_call
from shared.configuration import settings_history_store
from shared.configuration.configuration import Configuration, new_configuration
from shared.configuration.settings_change import Cause
from shared.settings import settings
from shared.storage import blobs, json_documents
from shared.storage.paths import CONFIGURATION
from shared.storage_errors import StorageUnavailable


def initial_configuration() -> Configuration:
    """Make the configuration that a loop starts with in this deployment."""
    return new_configuration(settings().shards)


def read_configuration() -> Configuration:
    """Read the configuration; a new loop gets its first configuration.

    Raises:
        StorageUnavailable: Storage did not answer.
    """
    stored = blobs.read(CONFIGURATION)
    if stored is None:
        with running_call.harmless():
            blobs.create(CONFIGURATION, json_documents.to_json(initial_configuration()))
        stored = blobs.read(CONFIGURATION)
    if stored is None:
        raise StorageUnavailable("the configuration vanished while it was read")
    return json_documents.read(Configuration, stored.data)


def change_configuration(change: Callable[[Configuration], Configuration], cause: Cause | None = None) -> Configuration:
    """Write what `change` makes of the configuration; of two changes at once, the later one sees the earlier.

    Args:
        change: May be called again if another writer came between; what it raises is passed on, nothing changed.
        cause: Of a change that the history of settings is to have; None for a change that is nobody's.
    """
    read_configuration()

    def change_and_note(before: Configuration) -> Configuration:
        after = change(before)
        values = list(after.differences(before))
        if cause is None or not values:
            return after
        return replace(after, changes=settings_history_store.note(before.changes, cause, values))

    return json_documents.change(
        CONFIGURATION,
        lambda text: json_documents.read(Configuration, text),
        json_documents.to_json,
        lambda before: change_and_note(before or initial_configuration()),
    )
