"""Servers in processes of their own, so that what they cost is not measured with what they serve."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from benchmarks.load import new_event_loop
from localhost.environment import ROOT


@contextmanager
def start(module: str, *arguments: object, settings: Mapping[str, str] | None = None) -> Iterator[int]:
    """Start a module that calls `serve`, give the port where it listens, and end it.

    Args:
        settings: Variables of its environment beside those of this process.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    pipe, environment = subprocess.PIPE, {**os.environ, **(settings or {})}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise BrokenPipeError("the server has no pipes")
        yield int(process.stdout.readline())
        process.stdin.close()


def serve(protocol: Callable[[], asyncio.Protocol]) -> None:
    """Serve on a free port of this machine, which is printed, until the end of standard input."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(protocol))


async def _serve(protocol: Callable[[], asyncio.Protocol]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)

    def watch() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()
    server.close()
