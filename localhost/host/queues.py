"""Queue triggers: fetch messages, run the function for each, delete them, or put them aside after too many tries.

A message that is worked on stays hidden from others for ten minutes at a time, as the WebJobs library of the platform's
host keeps it: so long nobody gets the messages of a host that was killed. Those of a host that ends in order come back.
"""

import asyncio
import base64
import json
import logging
import os
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azure_functions_runtime.bindings.datumdef import Datum

from localhost.host import worker
from localhost.host.background import finish, report, watch
from localhost.host.functions import QueueFunction
from localhost.host.host_file import QueueRules
from localhost.host.queue_account import queue_account

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage
    from azure.storage.queue.aio import QueueClient

_log = logging.getLogger(__name__)
_HIDDEN_SECONDS = 600
_RENEW_SECONDS = 300.0
_RENEW_AGAIN_SECONDS = 10.0
_FIRST_PAUSE = 0.1
_QUIET_SECONDS = 0.5
"""Nothing is fetched at once after the start, for that would hold up the first call."""


class QueueListener:
    """Runs one queue function for every message that comes in."""

    def __init__(self, function: QueueFunction, rules: QueueRules, limit: float | None) -> None:
        """Take the function, how messages are fetched, and the longest time one run may take, in seconds."""
        self._function = function
        self._rules = rules
        self._limit = limit
        self._account = queue_account(function, os.environ)
        self._started = 0
        self._finished = 0
        self._poll: asyncio.Task[None] | None = None
        self._going: set[asyncio.Task[None]] = set()
        self._clients = AsyncExitStack()

    @property
    def name(self) -> str:
        """The function's name."""
        return self._function.name

    def start(self) -> None:
        """Begin to fetch messages."""
        self._poll = watch(self._listen(), f"the queue of {self.name}")

    async def run_now(self, text: str) -> int:
        """Run the function for a message that is in no queue."""
        self._go(self._run(text, {}))
        return self._started

    async def describe(self) -> dict[str, Any]:
        """Say which queue the function listens to and how many of its runs were started and have ended."""
        return {
            "name": self.name,
            "trigger": "queue",
            "queue": self._function.queue,
            "started": self._started,
            "finished": self._finished,
        }

    async def close(self, grace: float) -> None:
        """Fetch no more messages, and cancel what is worked on for longer than `grace` seconds."""
        await finish([self._poll] if self._poll else [], 0)
        await finish(list(self._going), grace)
        await self._clients.aclose()  # what was worked on has told its queue what came of it

    def _go(self, work: Any) -> asyncio.Task[None]:
        self._started += 1
        task = watch(work, f"a message of {self.name}")
        self._going.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._finished += 1
        self._going.discard(task)

    async def _listen(self) -> None:
        await asyncio.sleep(_QUIET_SECONDS)
        name = self._function.queue
        enter = self._clients.enter_async_context
        queue, poison = await enter(self._account.queue(name)), await enter(self._account.queue(f"{name}-poison"))
        pause, handled = _FIRST_PAUSE, set[asyncio.Task[None]]()
        while True:
            while len(handled) > self._rules.new_batch_threshold:
                _, handled = await asyncio.wait(handled, return_when=asyncio.FIRST_COMPLETED)
            batch = await self._fetch(queue)
            handled |= {self._go(self._handle(message, queue, poison)) for message in batch}
            pause = _FIRST_PAUSE if batch else min(2 * pause, self._rules.max_polling_interval.total_seconds())
            if not batch:
                await asyncio.sleep(pause)

    async def _fetch(self, queue: "QueueClient") -> list["QueueMessage"]:
        from localhost.host.azure_queue import AzureError, ResourceNotFoundError

        size = self._rules.batch_size
        try:
            pages = queue.receive_messages(
                max_messages=size, messages_per_page=size, visibility_timeout=_HIDDEN_SECONDS
            )
            return [message async for message in pages]
        except ResourceNotFoundError:
            return []
        except AzureError as error:
            _log.warning("queue %s cannot be read: %s", self._function.queue, type(error).__name__)
            return []

    async def _handle(self, message: "QueueMessage", queue: "QueueClient", poison: "QueueClient") -> None:
        from localhost.host.azure_queue import AzureError

        try:
            await self._work(message, queue, poison)
        except AzureError as error:
            _log.warning("%s: a message stays in its queue, storage said %s", self.name, type(error).__name__)

    async def _work(self, message: "QueueMessage", queue: "QueueClient", poison: "QueueClient") -> None:
        tries = message.dequeue_count or 1
        renewal = watch(_stay_hidden(message, queue), "renewal")
        done = False
        try:
            done = tries <= self._rules.max_dequeue_count and await self._try(message)
        finally:  # also where the host ends meanwhile
            await finish([renewal], 0)
            await self._conclude(message, queue, poison, done=done)

    async def _conclude(
        self, message: "QueueMessage", queue: "QueueClient", poison: "QueueClient", *, done: bool
    ) -> None:
        """Tell the queue what came of a message."""
        if done:
            await queue.delete_message(message)
        elif (message.dequeue_count or 1) < self._rules.max_dequeue_count:
            await queue.update_message(message, visibility_timeout=int(self._rules.visibility_timeout.total_seconds()))
        else:
            await self._put_aside(message, queue, poison)

    async def _put_aside(self, message: "QueueMessage", queue: "QueueClient", poison: "QueueClient") -> None:
        await _create(poison)
        await poison.send_message(message.content, time_to_live=-1)
        await queue.delete_message(message)
        _log.warning("%s: a message went to %s after %d tries", self.name, poison.queue_name, message.dequeue_count)

    async def _try(self, message: "QueueMessage") -> bool:
        try:
            text = _text(message.content, self._rules)
        except ValueError:
            _log.error("%s: a message is not base64 text, which host.json says it is", self.name)
            return False
        return await self._run(text, _metadata(message))

    async def _run(self, text: str, metadata: dict[str, Datum]) -> bool:
        outcome = await worker.call(self._function, Datum(text, "string"), metadata, limit=self._limit)
        report(self.name, outcome)
        return not outcome.error


async def _stay_hidden(message: "QueueMessage", queue: "QueueClient") -> None:
    from localhost.host.azure_queue import AzureError

    pause = _RENEW_SECONDS
    while True:
        await asyncio.sleep(pause)
        try:
            renewed = await queue.update_message(message, visibility_timeout=_HIDDEN_SECONDS)
            message.pop_receipt, pause = renewed.pop_receipt, _RENEW_SECONDS
        except AzureError:
            pause = _RENEW_AGAIN_SECONDS


async def _create(queue: "QueueClient") -> None:
    from localhost.host.azure_queue import ResourceExistsError

    try:
        await queue.create_queue()
    except ResourceExistsError:
        return


def _text(content: str, rules: QueueRules) -> str:
    return base64.b64decode(content, validate=True).decode() if rules.base64 else content


def _metadata(message: "QueueMessage") -> dict[str, Datum]:
    return {
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.pop_receipt, "string"),
        "DequeueCount": Datum(str(message.dequeue_count), "json"),
        "InsertionTime": _time(message.inserted_on),
        "ExpirationTime": _time(message.expires_on),
        "NextVisibleTime": _time(message.next_visible_on),
    }


def _time(moment: datetime | None) -> Datum:
    return Datum(json.dumps(moment.isoformat() if moment else None), "json")
