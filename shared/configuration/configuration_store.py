"""`configuration.json`: read the configuration, or change it so that no other change is lost."""

from collections.abc import Callable

from shared.configuration.configuration import Configuration, new_configuration
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
        blobs.create(CONFIGURATION, json_documents.to_json(initial_configuration()))
        stored = blobs.read(CONFIGURATION)
    if stored is None:
        raise StorageUnavailable("the configuration vanished while it was read")
    return json_documents.read(Configuration, stored.data)


def change_configuration(change: Callable[[Configuration], Configuration]) -> Configuration:
    """Write what `change` makes of the configuration; of two changes at once, the later one sees the earlier.

    Args:
        change: May be called again if another writer came between; what it raises is passed on, nothing changed.
    """
    read_configuration()
    return json_documents.change(
        CONFIGURATION,
        lambda text: json_documents.read(Configuration, text),
        json_documents.to_json,
        lambda before: change(before or initial_configuration()),
    )
