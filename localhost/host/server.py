"""The host itself: one process that serves an app until a signal stops it."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from localhost.certificate import Certificate
from localhost.host import ending, worker
from localhost.host.admin import Admin
from localhost.host.asgi_app import Front
from localhost.host.background import Runnable
from localhost.host.background_functions import InThisProcess, find_functions
from localhost.host.background_process import BackgroundProcess
from localhost.host.demo_process import DemoProcess
from localhost.host.function_keys import Keys
from localhost.host.functions import AnyFunction, HttpFunction
from localhost.host.host_file import HostFile, read_host_file
from localhost.host.host_log import set_up_logs
from localhost.host.http_protocol import Http11
from localhost.host.log_lines import LogStyle
from localhost.host.request_bodies import RequestBodies
from localhost.host.request_log import RequestLog
from localhost.host.restarted_process import RestartedProcess
from localhost.ports import THIS_MACHINE, bind, url_from_here

_log = logging.getLogger(__name__)
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
        background_apart: Whether timer and queue functions run in a process of their own.
        certificate: By which to serve over https; None for http.
        workers: How many processes answer calls; those but the first only do that.
        socket_number: The number of a socket that is bound already, for a process that answers calls beside the first.
    """

    root: Path
    port: int = 0
    host: str = THIS_MACHINE
    address_file: Path | None = None
    ends_with_input: bool = False
    log: LogStyle = LogStyle.FULL
    offers_demo: bool = False
    background_apart: bool = False
    certificate: Certificate | None = None
    workers: int = 1
    socket_number: int | None = None

    @property
    def scheme(self) -> str:
        """How it is called."""
        return "https" if self.certificate else "http"


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
    if serving.socket_number is None:
        listening = bind(serving.port, serving.host)
    else:
        listening = socket.socket(fileno=serving.socket_number)
    with asyncio.Runner(loop_factory=worker.loop_factory()) as runner:
        runner.run(_serve(serving, host_file, listening))


async def _serve(serving: Serving, host_file: HostFile, listening: socket.socket) -> None:
    stop = asyncio.Event()
    ending.stop_on_signals(stop)
    functions = await worker.load(serving.root)
    background = _background(functions, host_file, serving)
    others = [_other_process(serving, listening, number) for number in range(2, serving.workers + 1)]
    demo = DemoProcess() if serving.offers_demo else None
    front = _front(functions, background.functions, host_file, demo)
    server = _server(front if serving.log is LogStyle.FULL else RequestLog(front), serving.certificate)
    serving_task = asyncio.create_task(server.serve([listening]))
    await server.listening.wait()
    await asyncio.gather(background.start(), *(other.start() for other in others))
    if serving.ends_with_input:
        ending.stop_at_end_of_input(stop)
    _announce(url_from_here(listening, serving.scheme), len(functions), serving.address_file)
    await stop.wait()
    server.should_exit = True
    children = [background, *others, *([demo] if demo else [])]
    await asyncio.gather(serving_task, *(child.close() for child in children))
    worker.close()
    _log.info("the host has stopped")
    ending.forget_open_tasks()


def _background(
    functions: Sequence[AnyFunction], host_file: HostFile, serving: Serving
) -> InThisProcess | BackgroundProcess:
    background = [] if serving.socket_number is not None else find_functions(functions, host_file)
    if serving.background_apart:
        return BackgroundProcess(background, serving.root, serving.log)
    return InThisProcess(background)


def _other_process(serving: Serving, listening: socket.socket, number: int) -> RestartedProcess:
    """A process that answers calls to the same socket, and does nothing else."""
    place = ["--root", str(serving.root), "--socket-number", str(listening.fileno()), "--log", serving.log]
    place += ["--https", str(serving.certificate.folder)] if serving.certificate else []
    command = [sys.executable, "-m", "localhost", "serve", *place, "--end-with-input"]
    return RestartedProcess(f"process {number} of those that answer", command, pass_fds=(listening.fileno(),))


def _front(
    functions: Sequence[AnyFunction], background: Sequence[Runnable], host_file: HostFile, demo: DemoProcess | None
) -> Front:
    http = [function for function in functions if isinstance(function, HttpFunction)]
    keys = Keys.of(os.environ)
    bodies = RequestBodies()
    admin = Admin(http, {function.name.lower(): function for function in background}, keys, bodies, demo)
    return Front(http, host_file.route_prefix, keys, admin, bodies, host_file.function_seconds)


def _server(application: Front | RequestLog, certificate: Certificate | None) -> _Server:
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
            timeout_graceful_shutdown=ending.STOP_SECONDS,
            ssl_certfile=certificate.file if certificate else None,
            ssl_keyfile=certificate.key_file if certificate else None,
        )
    )


def _announce(url: str, count: int, address_file: Path | None) -> None:
    _log.info("%d functions at %s", count, url)
    if address_file:
        written = address_file.with_suffix(".new")
        written.write_text(url, encoding="utf-8")
        written.replace(address_file)
