"""The storage account: where it is, how to sign in, and the SDKs' clients for all but the hot path."""

import gc
import logging
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from shared.settings import InvalidSetting, StorageSettings
from shared.storage.azure import endpoints
from shared.storage.azure.access_token import Identity
from shared.storage.azure.endpoints import Endpoints
from shared.storage.azure.shared_key import Credential, SharedKey
from shared.storage.azure.storage_clock import StorageClock

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.data.tables import TableServiceClient
    from azure.storage.blob import BlobServiceClient
    from azure.storage.queue import QueueServiceClient

_TIME_LIMITS: Final[dict[str, Any]] = {"connection_timeout": 5, "read_timeout": 30}
_RETRIES: Final = 3
_TABLE_PAUSES: Final[dict[str, Any]] = {"retry_backoff_factor": 0.4}
_BLOB_AND_QUEUE_PAUSES: Final[dict[str, Any]] = {"initial_backoff": 0, "increment_base": 1, "random_jitter_range": 0.3}
"""The names that clients of blobs and queues know; without them the first retry comes after 15 seconds."""
_VERBOSE_LOGGERS: Final = ("azure.core", "azure.identity", "msal")
"""Libraries that log every call; each such line would be stored and paid for."""


class StorageAccount:
    """One storage account; making it opens no connection.

    Attributes:
        endpoints: The account's name and the addresses of its services.
        credential: Signs requests.
        certificates: Path of the certificates to trust, for an emulator that made its own; None for the system's.
        clock: Storage's clock, the same for all that this process does with the account.
    """

    def __init__(self, endpoints: Endpoints, credential: Credential, certificates: str | None = None) -> None:
        self.endpoints = endpoints
        self.credential = credential
        self.certificates = certificates
        self.clock = _clock(endpoints)

    def __repr__(self) -> str:
        return f"StorageAccount({self.endpoints.account})"

    @cached_property
    def blobs(self) -> "BlobServiceClient":
        """The SDK's client for blobs, blocking: for use outside the event loop's thread."""
        from shared.storage.azure.azure_sdk import BlobServiceClient

        return BlobServiceClient(
            self.endpoints.blob, self.credential.for_sdk(), **_BLOB_AND_QUEUE_PAUSES, **self._options()
        )

    @cached_property
    def tables(self) -> "TableServiceClient":
        """The SDK's client for tables, blocking: for use outside the event loop's thread."""
        from shared.storage.azure.azure_sdk import TableServiceClient

        credential = self.credential.for_sdk()
        return TableServiceClient(self.endpoints.table, credential=credential, **_TABLE_PAUSES, **self._options())

    @cached_property
    def queues(self) -> "QueueServiceClient":
        """The SDK's client for queues, blocking: for use outside the event loop's thread."""
        from shared.storage.azure.azure_sdk import QueueServiceClient

        return QueueServiceClient(
            self.endpoints.queue, self.credential.for_sdk(), **_BLOB_AND_QUEUE_PAUSES, **self._options()
        )

    def close(self) -> None:
        """Close the SDK's clients."""
        for name in ("blobs", "tables", "queues"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def _options(self) -> dict[str, Any]:
        from shared.storage.azure.timed_transport import TimedTransport

        trust = {"connection_verify": self.certificates} if self.certificates else {}
        gc.freeze()  # what the SDK has imported stays; a collection of all would look at it for 30 ms
        return {"retry_total": _RETRIES, "transport": TimedTransport(self.clock, **_TIME_LIMITS, **trust)}


@cache
def _clock(_: Endpoints) -> StorageClock:
    return StorageClock()


def account(settings: StorageSettings) -> StorageAccount:
    """Make the account that the settings name.

    Raises:
        InvalidSetting: The connection string or an address cannot be read.
    """
    for name in _VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    if not settings.connection_string:
        return StorageAccount(endpoints.from_identity(settings), Identity(lambda: _identity(settings)))
    parts = endpoints.split_connection(settings.connection_string)
    try:
        key = SharedKey(parts["accountname"], parts["accountkey"])
    except ValueError:
        raise InvalidSetting("AzureWebJobsStorage", "the AccountKey is not base64") from None
    return StorageAccount(endpoints.from_connection(parts), key)


def _identity(settings: StorageSettings) -> "TokenCredential":
    from shared.storage.azure.azure_identity import DefaultAzureCredential, ManagedIdentityCredential

    client_id = settings.client_id or None
    if settings.credential:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential(managed_identity_client_id=client_id)
