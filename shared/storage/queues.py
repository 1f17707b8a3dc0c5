"""Queues: messages for whoever takes them."""

from collections.abc import Iterable
from itertools import islice
from threading import RLock
from typing import TYPE_CHECKING

from shared.storage import loop_threads, sdk
from shared.storage.sdk import translate_errors

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient

FOR_EVER = -1
_SENT_AT_ONCE = 8
_sending = RLock()
"""Held for each message of `send`, and so for the first one of a process: the SDK prepares its classes at their
first use, not safely for two threads."""


def send(name: str, messages: Iterable[str], hidden_seconds: int = 0, seconds_to_live: int = FOR_EVER) -> None:
    """Put messages into a queue, which is made if it is missing.

    Args:
        hidden_seconds: For how long nobody gets the messages.
        seconds_to_live: After how long a message that nobody has taken is gone.

    Raises:
        StorageUnavailable: Not all of them could be sent.
    """
    queue = sdk.queues().get_queue_client(name)
    for each in messages:
        with _sending:
            _send(queue, each, hidden_seconds, seconds_to_live)


def send_at_once(name: str, messages: Iterable[str], seconds_to_live: int) -> None:
    """Put messages into a queue, some at the same time; as `send`.

    Raises:
        StorageUnavailable: Not all of them could be sent.
    """
    left = iter(messages)
    send(name, islice(left, 1), seconds_to_live=seconds_to_live)
    queue = sdk.queues().get_queue_client(name)
    loop_threads.at_once(lambda each: _send(queue, each, 0, seconds_to_live), left, _SENT_AT_ONCE)


def _send(queue: "QueueClient", message: str, hidden_seconds: int, seconds_to_live: int) -> None:
    from shared.storage.azure_sdk import ResourceNotFoundError

    options = {"visibility_timeout": hidden_seconds, "time_to_live": seconds_to_live}
    with translate_errors():
        try:
            queue.send_message(message, **options)
        except ResourceNotFoundError:
            _make(queue.queue_name)
            queue.send_message(message, **options)


def _make(name: str) -> None:
    from shared.storage.azure_sdk import ResourceExistsError

    try:
        sdk.queues().create_queue(name)
    except ResourceExistsError:
        return
