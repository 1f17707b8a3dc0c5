"""The timer function: joins rows, trains and publishes models, and deletes what is no longer needed."""

import threading
from functools import cached_property
from typing import TYPE_CHECKING

import azure.functions as func

from shared.web.threads import in_thread

if TYPE_CHECKING:
    from train_timer.run import Trainings


def blueprint() -> func.Blueprint:
    """Make the timer function, with a trainer of its own."""
    functions, process = func.Blueprint(), _Process()  # type: ignore[no-untyped-call]

    @functions.function_name("train_timer")
    @functions.timer_trigger(arg_name="timer", schedule="%TRAIN_SCHEDULE%", run_on_startup=False, use_monitor=False)
    async def train_timer(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - the binding's
        """Turn the rows that have waited long enough into log, and the log into models."""
        await in_thread(context, process.run)

    return functions


class _Process:
    """The trainer of this process; imported with its first run, since that takes longer than a cold start may."""

    @cached_property
    def _trainings(self) -> "Trainings":
        from train_timer.run import Trainings

        return Trainings()

    def run(self, stop: threading.Event) -> None:
        self._trainings.run(stop)
