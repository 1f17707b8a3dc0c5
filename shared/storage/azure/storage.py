"""Storage in an account of Azure, or in an emulator of one."""

from typing import Final, override
from urllib.parse import urlsplit

from shared.settings import StorageSettings
from shared.storage.azure.account import StorageAccount, account
from shared.storage.azure.blobs import AzureBlobs
from shared.storage.azure.queues import AzureQueues
from shared.storage.azure.rest import Rest
from shared.storage.azure.tables import AzureTables
from shared.storage.interface import Connection, Storage
from shared.storage.public_addresses import names_this_machine

_SECONDS: Final = 30


class AzureStorage(Storage):
    """An account."""

    def __init__(self, account: StorageAccount, reader: Rest) -> None:
        """Take the account, and the connection for the event loop of `background_reads`."""
        self._account = account
        self.clock = account.clock
        self.reader = reader
        self.blobs = AzureBlobs(account, reader)
        self.tables = AzureTables(account, reader)
        self.queues = AzureQueues(account)
        self.is_local = names_this_machine(urlsplit(account.endpoints.blob).hostname or "")

    @classmethod
    def open(cls, settings: StorageSettings) -> "AzureStorage":
        """Open the account that the settings name.

        Raises:
            InvalidSetting: The connection string or an address cannot be read.
        """
        opened = account(settings)
        return cls(opened, Rest(opened, timeout=_SECONDS))

    @override
    def connect(self, timeout: float) -> Connection:
        return Rest(self._account, timeout=timeout)

    @override
    def close(self) -> None:
        self._account.close()
