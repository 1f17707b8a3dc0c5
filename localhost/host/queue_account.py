"""Where the queue of a function is and how to sign in: by connection string, or by identity, as the real host does."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localhost.failures import StartFailure
from localhost.host.functions import QueueFunction

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueClient

_KINDS = ("", "managedidentity")
_PAUSES: Mapping[str, Any] = {"retry_total": 3, "initial_backoff": 0, "increment_base": 1, "random_jitter_range": 0.3}
"""Without them the first repetition comes after 15 seconds, and the reason is logged after a minute only."""


@dataclass(frozen=True, slots=True)
class QueueAccount:
    """A storage account with queues.

    Attributes:
        connection_string: Empty when an identity is used.
        address: Of its queues; empty if there is a connection string.
        credential: `managedidentity`, or empty for whatever identity the machine offers.
        client_id: Of a user-assigned identity; empty for the system-assigned one.
    """

    connection_string: str = field(default="", repr=False)
    address: str = ""
    credential: str = ""
    client_id: str = ""

    @asynccontextmanager
    async def queue(self, name: str) -> AsyncIterator["QueueClient"]:
        """A client for one of its queues; no request is made before it is used."""
        from localhost.host.azure_queue import QueueClient

        if self.connection_string:
            async with QueueClient.from_connection_string(self.connection_string, name, **_PAUSES) as client:
                yield client
            return
        signed_in = self._identity()
        async with signed_in, QueueClient(self.address, name, credential=signed_in, **_PAUSES) as client:
            yield client

    def _identity(self) -> "AsyncTokenCredential":
        import azure.core  # noqa: F401 - as in `azure_queue`
        from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

        client_id = self.client_id or None
        if self.credential:
            return ManagedIdentityCredential(client_id=client_id)
        return DefaultAzureCredential(managed_identity_client_id=client_id)


def queue_account(function: QueueFunction, settings: Mapping[str, str]) -> QueueAccount:
    """Give the account that the settings name for a function; raises `StartFailure` if they name none."""
    for name in (function.connection, f"AzureWebJobs{function.connection}"):
        if settings.get(name):
            return QueueAccount(settings[name])
        if address := _address(name, settings):
            return _by_identity(name, address, settings)
    raise StartFailure(
        f"Function {function.name} listens to a queue, but the setting {function.connection} is missing.",
        f"Set it to the connection string of a storage account, or, to sign in with an identity, set "
        f"{function.connection}__queueServiceUri or {function.connection}__accountName.",
    )


def _address(name: str, settings: Mapping[str, str]) -> str:
    account = settings.get(f"{name}__accountName")
    return settings.get(f"{name}__queueServiceUri") or (f"https://{account}.queue.core.windows.net" if account else "")


def _by_identity(name: str, address: str, settings: Mapping[str, str]) -> QueueAccount:
    kind = settings.get(f"{name}__credential", "").lower()
    if kind not in _KINDS:
        raise StartFailure(
            f"The setting {name}__credential is {kind!r}.", "Set it to managedidentity, or leave it out."
        )
    return QueueAccount(address=address, credential=kind, client_id=settings.get(f"{name}__clientId", ""))
