"""The trainer: joins rows, trains and publishes models, and deletes what is no longer needed."""

import threading
from functools import cached_property
from typing import TYPE_CHECKING

import azure.functions as func

from shared.storage.paths import JOIN_QUEUE, TRAINING_QUEUE
from shared.web.threads import in_thread

if TYPE_CHECKING:
    from train_timer.loop_runs import LoopRuns
    from train_timer.shard_join import ShardJoins


def blueprint() -> func.Blueprint:
    """Make the functions of the trainer, with a trainer of their own."""
    functions, process = func.Blueprint(), _Process()  # type: ignore[no-untyped-call]

    @functions.function_name("train_timer")
    @functions.timer_trigger(arg_name="timer", schedule="%TRAIN_SCHEDULE%", run_on_startup=False, use_monitor=False)
    async def train_timer(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - the binding's
        """Turn the rows that have waited long enough into log, and the log into models."""
        await in_thread(context, process.run)

    @functions.function_name("train_loop")
    @functions.queue_trigger(arg_name="message", queue_name=TRAINING_QUEUE, connection="AzureWebJobsStorage")
    async def train_loop(message: func.QueueMessage, context: func.Context) -> None:
        """Do the same for one loop, on any instance."""
        text = message.get_body().decode()
        await in_thread(context, lambda stop: process.run_loop(text, stop))

    @functions.function_name("join_shard")
    @functions.queue_trigger(arg_name="message", queue_name=JOIN_QUEUE, connection="AzureWebJobsStorage")
    async def join_shard(message: func.QueueMessage, context: func.Context) -> None:
        """Join a shard of the part that the trainer has begun, on any instance."""
        text, tries = message.get_body().decode(), message.dequeue_count or 1
        await in_thread(context, lambda _stop: process.join(text, tries))

    return functions


class _Process:
    """The trainer of this process; imported when first needed, since that takes longer than a cold start may."""

    @cached_property
    def _loop_runs(self) -> "LoopRuns":
        from train_timer.loop_runs import LoopRuns

        return LoopRuns()

    @cached_property
    def _shard_joins(self) -> "ShardJoins":
        from train_timer.shard_join import ShardJoins

        return ShardJoins()

    def run(self, stop: threading.Event) -> None:
        self._loop_runs.run_all(stop)

    def run_loop(self, text: str, stop: threading.Event) -> None:
        self._loop_runs.take(text, stop)

    def join(self, text: str, tries: int) -> None:
        self._shard_joins.take(text, tries)
