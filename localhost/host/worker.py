"""The app inside the worker library that production uses: loading it and calling its functions.

The library keeps its state in module variables, so a process holds one app.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native

from localhost.failures import StartFailure
from localhost.host.functions import AnyFunction, Function, describe_function
from localhost.host.worker_messages import Messages, StatusResult


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How one call of a function ended.

    Attributes:
        returned: The return value as the library encodes it, if the call succeeded and there is one.
        error: What went wrong in one line; empty if nothing did.
        traceback: Where it went wrong; may be empty.
    """

    returned: Any
    error: str = ""
    traceback: str = ""


async def load(root: Path) -> list[AnyFunction]:
    """Import the app in `root` and give its functions; raises `StartFailure` with the app's own error text."""
    sys.path.insert(0, str(root))
    os.chdir(root)
    runtime.start_threadpool_executor()
    answer = await runtime.worker_init_request(_init_request(root))
    if answer.result.status != StatusResult.Success:
        raise _app_failure(answer.result.exception)
    functions = (await runtime.functions_metadata_request(None)).function_metadata_results
    if functions is None:
        raise StartFailure(f"There is no function_app.py in {root}.", "Start in the folder of the function app.")
    return [describe_function(f.name, f.function_id, f.raw_bindings) for f in functions]


def _init_request(root: Path) -> SimpleNamespace:
    init = SimpleNamespace(capabilities={}, function_app_directory=str(root))
    return SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init), properties={"host": "127.0.0.1", "protos": Messages()}
    )


def _app_failure(exception: Any) -> StartFailure:
    return StartFailure(
        f"{exception.stack_trace.rstrip()}\n\nThe app did not load: {exception.message}",
        "Correct what the last line names (a setting, or the code above it), then start again.",
    )


async def call(
    function: Function,
    trigger: Datum,
    metadata: dict[str, Datum] | None = None,
    trace_parent: str = "",
    limit: float | None = None,
) -> CallOutcome:
    """Run a function once, for at most `limit` seconds.

    Never raises for what the function does. A handler that is `async def` is cancelled when its time is over; one in a
    thread cannot be, and runs on unnoticed.
    """
    inputs = [(function.parameter, trigger)]
    run = invocation_request_native(_make_id(), function.function_id, inputs, metadata or {}, trace_parent)
    try:
        async with asyncio.timeout(limit):
            ok, returned, _, error, traceback = await run
    except TimeoutError:
        return CallOutcome(None, f"stopped after {limit:.0f} s, the functionTimeout of host.json")
    return CallOutcome(returned) if ok else CallOutcome(None, error, traceback)


def _make_id() -> str:
    """Make the id of a call, as a random UUID is written; `uuid` takes a fiftieth of a Rank for one."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give what makes the event loop of a process that calls functions; None where that is Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def close() -> None:
    """Let go of the library's threads without waiting for what still runs in them."""
    pool = runtime.get_threadpool_executor()
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)
