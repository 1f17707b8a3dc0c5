"""The host itself: one process that serves an app until a signal stops it."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from localhost.host import worker
from localhost.host.admin import Admin
from localhost.host.asgi_app import Front
from localhost.host.background import Background
from localhost.host.demo_process import DemoProcess
from localhost.host.function_keys import Keys
from localhost.host.functions import AnyFunction, HttpFunction, QueueFunction, TimerFunction
from localhost.host.host_file import HostFile, read_host_file
from localhost.host.host_log import set_up_logs
from localhost.host.http_protocol import Http11
from localhost.host.log_lines import LogStyle
from localhost.host.queues import QueueListener
from localhost.host.request_bodies import RequestBodies
from localhost.host.request_log import RequestLog
from localhost.host.timers import Timer
from localhost.ports import THIS_MACHINE, bind, url_from_here

_log = logging.getLogger(__name__)
STOP_SECONDS = 10
_BACKGROUND_GRACE = 2.0
_KEEP_ALIVE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Serving:
    """What to serve and where.

    Attributes:
        root: The folder of the app.
        port: 0 takes a free one.
        host: The address to listen at.
        address_file: Where to write the host's URL once it takes requests.
        ends_with_input: Whether the end of standard input ends the host, as it does when its parent dies.
        log: How log lines are written; in another style than `full`, each request is one.
        offers_demo: Whether the page can have a demo played.
    """

    root: Path
    port: int = 0
    host: str = THIS_MACHINE
    address_file: Path | None = None
    ends_with_input: bool = False
    log: LogStyle = LogStyle.FULL
    offers_demo: bool = False


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the host, which has more to end than the server."""
        yield


def serve(serving: Serving) -> None:
    """Serve until SIGTERM, Ctrl-C or the end of input; raises `StartFailure` if the host cannot start."""
    host_file = read_host_file(serving.root)
    set_up_logs(host_file.log_levels, serving.log)
    listening = bind(serving.port, serving.host)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(serving, host_file, listening))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(serving: Serving, host_file: HostFile, listening: socket.socket) -> None:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    functions = await worker.load(serving.root)
    background = _background(functions, host_file)
    demo = DemoProcess() if serving.offers_demo else None
    front = _front(functions, background, host_file, demo)
    server = _server(front if serving.log is LogStyle.FULL else RequestLog(front))
    serving_task = asyncio.create_task(server.serve([listening]))
    await server.listening.wait()
    for task in background:
        task.start()
    if serving.ends_with_input:
        _stop_at_end_of_input(stop)
    _announce(url_from_here(listening), len(functions), serving.address_file)
    await stop.wait()
    server.should_exit = True
    closing = [task.close(_BACKGROUND_GRACE) for task in background] + ([demo.close()] if demo else [])
    await asyncio.gather(serving_task, *closing)
    worker.close()
    _log.info("the host has stopped")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what an app leaves open ends with the process


def _front(
    functions: Sequence[AnyFunction], background: Sequence[Background], host_file: HostFile, demo: DemoProcess | None
) -> Front:
    http = [function for function in functions if isinstance(function, HttpFunction)]
    keys = Keys.of(os.environ)
    bodies = RequestBodies()
    admin = Admin(http, {function.name.lower(): function for function in background}, keys, bodies, demo)
    return Front(http, host_file.route_prefix, keys, admin, bodies, _limit(host_file))


def _server(application: Front | RequestLog) -> _Server:
    return _Server(
        uvicorn.Config(
            application,
            interface="asgi3",
            http=Http11,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )


def _background(functions: Sequence[AnyFunction], host_file: HostFile) -> list[Background]:
    timers = [Timer(f, _limit(host_file)) for f in functions if isinstance(f, TimerFunction)]
    queues = [QueueListener(f, host_file.queues, _limit(host_file)) for f in functions if isinstance(f, QueueFunction)]
    return [*timers, *queues]


def _limit(host_file: HostFile) -> float | None:
    return host_file.function_timeout.total_seconds() if host_file.function_timeout else None


def _announce(url: str, count: int, address_file: Path | None) -> None:
    _log.info("%d functions at %s", count, url)
    if address_file:
        written = address_file.with_suffix(".new")
        written.write_text(url, encoding="utf-8")
        written.replace(address_file)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def handle(_number: int, _frame: FrameType | None) -> None:
        _end_at_the_latest(STOP_SECONDS + 2)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)


def _stop_at_end_of_input(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        _end_at_the_latest(STOP_SECONDS + 2)
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, daemon=True).start()


def _end_at_the_latest(seconds: float) -> None:
    """End the process after so many seconds whatever still hangs: a thread of a handler, or a blocked event loop."""
    timer = threading.Timer(seconds, os._exit, [0])
    timer.daemon = True
    timer.start()
