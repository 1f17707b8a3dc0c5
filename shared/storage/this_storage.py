"""The storage of this process: the one place that picks it, by the settings."""

from functools import cache
from pathlib import Path

from shared.settings import StorageSettings, settings
from shared.storage.interface import Blobs, Queues, Storage, Tables


def this_storage() -> Storage:
    """Give the storage that the settings name: a folder of this machine, or an account of Azure Storage."""
    return open_storage(settings().storage)


def blobs() -> Blobs:
    """Give the blobs of this process's storage."""
    return this_storage().blobs


def tables() -> Tables:
    """Give the tables of this process's storage."""
    return this_storage().tables


def queues() -> Queues:
    """Give the queues of this process's storage."""
    return this_storage().queues


@cache
def open_storage(storage: StorageSettings) -> Storage:
    """Open a storage, once in a process.

    Raises:
        InvalidSetting: The connection string or an address cannot be read.
    """
    if storage.folder:
        from shared.storage.embedded.storage import EmbeddedStorage

        return EmbeddedStorage(Path(storage.folder))
    from shared.storage.azure.storage import AzureStorage

    return AzureStorage.open(storage)
