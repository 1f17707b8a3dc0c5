"""Queues in Queue Storage, by the SDK."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, override

from shared.storage import loop_threads
from shared.storage.azure.account import StorageAccount
from shared.storage.azure.sdk_errors import translate_errors
from shared.storage.interface import FOR_EVER, QueueMessage, Queues
from shared.storage.storage_answers import MessageLost

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient

_SENT_AT_ONCE: Final = 8
_LOSSES: Final = ("MessageNotFound", "PopReceiptMismatch", "QueueNotFound")
_sending = RLock()
"""Held for the first message of each `send`: the SDK prepares its classes at their first use, not safely for two
threads."""


class AzureQueues(Queues):
    """The queues of an account."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    @override
    def send(
        self, name: str, messages: Iterable[str], hidden_seconds: int = 0, seconds_to_live: int = FOR_EVER
    ) -> None:
        queue, left = self._client(name), iter(messages)
        options = {"visibility_timeout": hidden_seconds, "time_to_live": seconds_to_live}
        with _sending:
            for first in islice(left, 1):
                _send(queue, first, options)
        loop_threads.at_once(lambda each: _send(queue, each, options), left, _SENT_AT_ONCE)

    @override
    def receive(self, name: str, most: int, hidden_seconds: int) -> list[QueueMessage]:
        with translate_errors(absent=True):
            pages = self._client(name).receive_messages(
                max_messages=most, messages_per_page=most, visibility_timeout=hidden_seconds
            )
            return [_read(message) for message in pages]
        return []

    @override
    def hide(self, name: str, message: QueueMessage, hidden_seconds: int) -> QueueMessage:
        def update() -> QueueMessage:
            client = self._client(name)
            hidden = client.update_message(message.id, message.receipt, visibility_timeout=hidden_seconds)
            return message._replace(receipt=str(hidden.pop_receipt), visible=hidden.next_visible_on or message.visible)

        return _raise_loss(update)

    @override
    def remove(self, name: str, message: QueueMessage) -> None:
        _raise_loss(lambda: self._client(name).delete_message(message.id, message.receipt))

    def _client(self, name: str) -> "QueueClient":
        return self._account.queues.get_queue_client(name)


def _send(queue: "QueueClient", message: str, options: dict[str, Any]) -> None:
    from shared.storage.azure.azure_sdk import ResourceExistsError, ResourceNotFoundError

    with translate_errors():
        try:
            queue.send_message(message, **options)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                queue.create_queue()
            queue.send_message(message, **options)


def _read(message: Any) -> QueueMessage:
    times = message.inserted_on, message.expires_on, message.next_visible_on
    return QueueMessage(message.id, message.pop_receipt, message.content, message.dequeue_count or 1, *times)


def _raise_loss[Result](work: Callable[[], Result]) -> Result:
    """Do something with a message; raises `MessageLost` if it is another receiver's or gone."""
    from shared.storage.azure.azure_sdk import HttpResponseError

    with translate_errors():
        try:
            return work()
        except HttpResponseError as error:
            if getattr(error, "error_code", "") in _LOSSES:
                raise MessageLost from error
            raise
