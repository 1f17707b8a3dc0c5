"""The timer: join, train, publish, keep or delete."""

import threading

import azure.functions as func

from shared.web.operations import functions
from shared.web.threads import in_thread

blueprint = functions()


@blueprint.function_name("train_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="%TRAIN_SCHEDULE%", run_on_startup=False, use_monitor=False)
async def train_timer(timer: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001 - the binding asks for it
    """Turn the rows that have waited long enough into log, and the log into models."""
    await in_thread(context, _run)


def _run(stop: threading.Event) -> None:
    from train_timer.run import run

    run(stop)
