"""Queue triggers: fetch messages, run the function for each, delete them, or put them aside after too many tries.

A message that is worked on stays hidden from others for ten minutes at a time, as the WebJobs library of the platform's
host keeps it: so long nobody gets the messages of a host that was killed. Those of a host that ends in order come back.
"""

import asyncio
import base64
import json
import logging
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azure_functions_runtime.bindings.datumdef import Datum

from localhost.host import worker
from localhost.host.background import QueueAway, finish, report, watch
from localhost.host.functions import QueueFunction
from localhost.host.host_file import QueueRules

if TYPE_CHECKING:
    from localhost.host.stored_queue import StoredQueue
    from shared.storage.interface import QueueMessage

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
        # here, since an app brings the modules that speak to storage, and this host may serve it without others
        from localhost.host.stored_queue import StoredQueue, queue_settings

        self._queue = StoredQueue(queue_settings(function, os.environ), function.queue)
        self._started = 0
        self._finished = 0
        self._poll: asyncio.Task[None] | None = None
        self._going: set[asyncio.Task[None]] = set()

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
        pause, handled = _FIRST_PAUSE, set[asyncio.Task[None]]()
        while True:
            while len(handled) > self._rules.new_batch_threshold:
                _, handled = await asyncio.wait(handled, return_when=asyncio.FIRST_COMPLETED)
            batch = await self._fetch()
            handled |= {self._go(self._handle(message)) for message in batch}
            pause = _FIRST_PAUSE if batch else min(2 * pause, self._rules.max_polling_interval.total_seconds())
            if not batch:
                await asyncio.sleep(pause)

    async def _fetch(self) -> list["QueueMessage"]:
        try:
            return await self._queue.receive(self._rules.batch_size, _HIDDEN_SECONDS)
        except QueueAway as error:
            _log.warning("queue %s cannot be read: %s", self._function.queue, error)
            return []

    async def _handle(self, message: "QueueMessage") -> None:
        try:
            await self._work(message)
        except QueueAway as error:
            _log.warning("%s: a message stays in its queue: %s", self.name, error)

    async def _work(self, message: "QueueMessage") -> None:
        tries, hidden = message.dequeue_count, _HiddenMessage(message, self._queue)
        renewal = watch(hidden.stay(), "renewal")
        done = False
        try:
            done = tries <= self._rules.max_dequeue_count and await self._try(message)
        finally:  # also where the host ends meanwhile
            await finish([renewal], 0)
            await self._conclude(hidden.message, done=done)

    async def _conclude(self, message: "QueueMessage", *, done: bool) -> None:
        """Tell the queue what came of a message."""
        if done:
            await self._queue.remove(message)
        elif message.dequeue_count < self._rules.max_dequeue_count:
            await self._queue.hide(message, int(self._rules.visibility_timeout.total_seconds()))
        else:
            await self._queue.put_aside(message)
            poison = f"{self._function.queue}-poison"
            _log.warning("%s: a message went to %s after %d tries", self.name, poison, message.dequeue_count)

    async def _try(self, message: "QueueMessage") -> bool:
        try:
            text = _text(message.text, self._rules)
        except ValueError:
            _log.error("%s: a message is not base64 text, which host.json says it is", self.name)
            return False
        return await self._run(text, _metadata(message))

    async def _run(self, text: str, metadata: dict[str, Datum]) -> bool:
        outcome = await worker.call(self._function, Datum(text, "string"), metadata, limit=self._limit)
        report(self.name, outcome)
        return not outcome.error


class _HiddenMessage:
    """A message that is worked on.

    Attributes:
        message: With its last receipt.
    """

    def __init__(self, message: "QueueMessage", queue: "StoredQueue") -> None:
        self.message = message
        self._queue = queue

    async def stay(self) -> None:
        """Hide the message again and again."""
        pause = _RENEW_SECONDS
        while True:
            await asyncio.sleep(pause)
            try:
                self.message, pause = await self._queue.hide(self.message, _HIDDEN_SECONDS), _RENEW_SECONDS
            except QueueAway:
                pause = _RENEW_AGAIN_SECONDS


def _text(content: str, rules: QueueRules) -> str:
    return base64.b64decode(content, validate=True).decode() if rules.base64 else content


def _metadata(message: "QueueMessage") -> dict[str, Datum]:
    return {
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.receipt, "string"),
        "DequeueCount": Datum(str(message.dequeue_count), "json"),
        "InsertionTime": _time(message.inserted),
        "ExpirationTime": _time(message.expires),
        "NextVisibleTime": _time(message.visible),
    }


def _time(moment: datetime) -> Datum:
    return Datum(json.dumps(moment.isoformat()), "json")
