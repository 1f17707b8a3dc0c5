"""Turns of threads: short while a call works in one, and Python's own while only Ranks and rewards come."""

import asyncio
import sys
import threading
from contextlib import ExitStack

from azure.functions import HttpRequest, HttpResponse
from azure_functions_runtime.bindings.context import Context

from shared.learner.explorer import Explorer
from shared.ranking.hot_paths import HotPaths
from shared.web.operations import Api, Functions
from shared.web.registry import Registry
from shared.web.threads import in_thread, short_turns

_LONG, _SHORT = "0.005", "0.0005"


async def turns(_: HttpRequest) -> HttpResponse:
    """Answer with the seconds of a turn."""
    return HttpResponse(f"{sys.getswitchinterval():g}")


def _declare(path: str) -> Functions:
    functions = Functions()
    functions.operation(["GET"], path, None, api=Api.OPEN)(turns)
    return functions


def _call(registry: Registry, path: str) -> str:
    request = HttpRequest("GET", f"http://localhost/{path}", route_params={"path": path}, body=b"")
    return asyncio.run(registry.serve_path(request)).get_body().decode()


def test_turns_are_short_during_calls_that_work_in_threads() -> None:
    """A Rank waits for a turn at each of its steps; but while no other call goes on, short turns only cost time."""
    registry = Registry(HotPaths(Explorer), [_declare("rank")], lambda: [_declare("export")])

    seconds = [_call(registry, path) for path in ("rank", "export", "rank")]

    assert seconds == [_LONG, _SHORT, _LONG]


def test_turns_are_short_until_the_last_call_ends_that_works_in_a_thread() -> None:
    """Calls overlap, and end in another order."""
    with ExitStack() as last:
        with short_turns():
            last.enter_context(short_turns())
        between = sys.getswitchinterval()

    assert (f"{between:g}", f"{sys.getswitchinterval():g}") == (_SHORT, _LONG)


def test_turns_are_short_while_the_trainer_works() -> None:
    """It may share a process with the calls."""
    seconds = list[str]()
    context = Context("train", ".", "id", threading.local(), None, None)

    asyncio.run(in_thread(context, lambda _: seconds.append(f"{sys.getswitchinterval():g}")))

    assert [*seconds, f"{sys.getswitchinterval():g}"] == [_SHORT, _LONG]
