"""The timer: join, train, publish, keep or delete."""

import asyncio
import threading

import azure.functions as func

from shared.web.operations import functions

blueprint = functions()


@blueprint.function_name("train_timer")
@blueprint.timer_trigger(arg_name="timer", schedule="%TRAIN_SCHEDULE%", run_on_startup=False, use_monitor=False)
async def train_timer(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding asks for it
    """Turn the rows that have waited long enough into log, and the log into models."""
    from train_timer.run import run

    stop = threading.Event()
    try:
        await asyncio.to_thread(run, stop)
    finally:
        stop.set()
