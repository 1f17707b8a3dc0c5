"""The queue of a function in the storage that its settings name. Its app brings the modules that speak to storage."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localhost.failures import StartFailure
from localhost.host.background import QueueAway
from localhost.host.functions import QueueFunction
from shared.settings import StorageSettings
from shared.storage.interface import QueueMessage, Queues
from shared.storage.storage_answers import MessageLost
from shared.storage.this_storage import open_storage
from shared.storage_errors import StorageUnavailable

_THREADS = 4
_ACCOUNT = "queues"
"""Stands for the account's name where only the address of its queues is known."""


class StoredQueue:
    """A queue, for an event loop; threads do what takes time. Every method raises `QueueAway` if storage refuses."""

    def __init__(self, storage: StorageSettings, name: str) -> None:
        self._storage, self._name = storage, name
        self._threads = ThreadPoolExecutor(_THREADS, f"queue-{name}")  # runs of functions may hold all others

    async def receive(self, most: int, seconds: int) -> list[QueueMessage]:
        """Receive messages, which are hidden from others for some seconds."""
        return await self._do(lambda: self._queues.receive(self._name, most, seconds))

    async def hide(self, message: QueueMessage, seconds: int) -> QueueMessage:
        """Hide a message from now on; gives the message with its new receipt."""
        return await self._do(lambda: self._queues.hide(self._name, message, seconds))

    async def remove(self, message: QueueMessage) -> None:
        """Delete a message."""
        await self._do(lambda: self._queues.remove(self._name, message))

    async def put_aside(self, message: QueueMessage) -> None:
        """Move a message into the queue of those that failed too often."""

        def move() -> None:
            self._queues.send(f"{self._name}-poison", [message.text])
            self._queues.remove(self._name, message)

        await self._do(move)

    @property
    def _queues(self) -> Queues:
        return open_storage(self._storage).queues

    async def _do[Result](self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except MessageLost as error:
            raise QueueAway("another receiver has it") from error
        except StorageUnavailable as error:
            raise QueueAway(str(error)) from error


def queue_settings(function: QueueFunction, settings: Mapping[str, str]) -> StorageSettings:
    """Give the storage that the settings name for a function, as the platform finds it.

    Raises:
        StartFailure: They name none.
    """
    for name in (function.connection, f"AzureWebJobs{function.connection}"):
        if text := settings.get(name):
            return StorageSettings(folder=text) if Path(text).is_absolute() else StorageSettings(text)
        if address := _queue_address(name, settings):
            kind = settings.get(f"{name}__credential", "").lower()
            if kind not in ("", "managedidentity"):
                raise StartFailure(
                    f"The setting {name}__credential is {kind!r}.", "Set it to managedidentity, or leave it out."
                )
            client_id = settings.get(f"{name}__clientId", "")
            return StorageSettings("", _ACCOUNT, address, address, address, kind, client_id)
    raise StartFailure(
        f"Function {function.name} listens to a queue, but the setting {function.connection} is missing.",
        f"Set it to the connection string of a storage account, or, to sign in with an identity, set "
        f"{function.connection}__queueServiceUri or {function.connection}__accountName.",
    )


def _queue_address(name: str, settings: Mapping[str, str]) -> str:
    account = settings.get(f"{name}__accountName")
    return settings.get(f"{name}__queueServiceUri") or (f"https://{account}.queue.core.windows.net" if account else "")
