"""Timer and queue functions in a process of their own, as `up` runs them."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localhost.azurite.processes import start_of
from localhost.host.host_process import HostProcess
from tests.http.api import Api
from tests.http.local_host.toy_app import make_app
from tests.http.local_host.watching import eventually

OWNER = {"x-functions-key": "master-key"}
FUNCTIONS = """
import asyncio, os
from pathlib import Path
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="process")
async def process(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(os.getpid()))


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
async def tick(timer: func.TimerRequest) -> None:
    print("a function has printed this")
    Path(os.environ["NOTES"], "tick").write_text(str(os.getpid()))


@app.queue_trigger(arg_name="letter", queue_name="letters", connection="AzureWebJobsStorage")
async def work(letter: func.QueueMessage) -> None:
    Path(os.environ["NOTES"], "work").write_text(str(os.getpid()))
    await asyncio.sleep(60)
"""


@pytest.fixture
def start(connection_string: str, tmp_path: Path) -> Iterator[Callable[[], HostProcess]]:
    """Starts a host of this app."""
    settings = {"NOTES": str(tmp_path), "LOCALHOST_MASTER_KEY": "master-key"}
    place = {"root": make_app(tmp_path / "app", FUNCTIONS), "ready_path": "/admin/host/status"}
    host = HostProcess(connection_string, env=settings, background_apart=True, **place)  # type: ignore[arg-type]

    def start() -> HostProcess:
        host.start()
        return host

    yield start
    host.stop()


def noted(file: Path) -> int:
    """The process that a function has noted."""
    return int(file.read_text())


def has_ended(pid: int) -> bool:
    return eventually(lambda: start_of(pid) is None)


def test_no_request_shares_its_process_with_timers(start: Callable[[], HostProcess], tmp_path: Path) -> None:
    """And a process that dies is started again; what functions print is no answer to the host."""
    host, ticked = start(), tmp_path / "tick"
    api = Api.at(host.url, None)
    host.run("tick")
    listed = {function["name"]: function["trigger"] for function in api.get("/admin/functions", OWNER).json}
    first, runs = noted(ticked), host.runs("TICK")
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: "ended with code -9: it starts again in 1 s" in host.log())
    away = api.post("/admin/functions/tick", {}, OWNER).status

    assert eventually(lambda: api.post("/admin/functions/tick", {}, OWNER).status == 202)
    assert eventually(lambda: noted(ticked) != first)
    assert api.get("/toys/process").body == str(host.pid).encode()
    assert (listed, runs, away) == ({"process": "http", "tick": "timer", "work": "queue"}, (1, 1), 503)
    assert host.pid not in (first, noted(ticked))
    assert host.log().count("a function has printed this") == 2


def test_it_ends_in_time_with_its_host(start: Callable[[], HostProcess], tmp_path: Path) -> None:
    """Whatever a function is at."""
    host = start()
    host.begin("work", "for a minute")
    assert eventually((tmp_path / "work").exists)
    began = time.monotonic()

    assert host.stop() == 0
    assert time.monotonic() - began < 8
    assert start_of(noted(tmp_path / "work")) is None
    assert "it starts again" not in host.log()


def test_it_ends_when_its_host_is_killed(start: Callable[[], HostProcess], tmp_path: Path) -> None:
    host = start()
    host.run("tick")
    os.kill(host.pid, signal.SIGKILL)

    assert has_ended(noted(tmp_path / "tick"))
