"""The demo that the page of an empty loop can have played: a child process with storage and a loop of its own."""

import asyncio
import json
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Any

from localhost.environment import ROOT

_log = logging.getLogger(__name__)
_STOP_SECONDS = 8.0


class DemoProcess:
    """At most one demo, whose loop goes on serving after it until the host ends.

    Attributes:
        course: How it goes, as `localhost.demo` writes it; the state is `none` before the first.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self.course: Mapping[str, Any] = _course("none", "No demo was started.")
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> bool:
        """Start a demo unless one runs, and say whether this was done."""
        async with self._starting:
            if self._reading and not self._reading.done():
                return False
            self.course = _course("starting", "The demo's process starts.")
            self._process = await _launch()
            self._reading = asyncio.create_task(self._read(self._process))
        _log.info("the page has started a demo")
        return True

    async def close(self) -> None:
        """Ask it to end, and wait for that; where it takes long, it ends by itself a little later."""
        if self._process and self._process.stdin and self._reading:
            self._process.stdin.close()
            await asyncio.wait([self._reading], timeout=_STOP_SECONDS)

    async def _read(self, process: Process) -> None:
        """Read all that it says of its course, up to its end."""
        while process.stdout and (line := await process.stdout.readline()):
            self.course = json.loads(line)
        code = await process.wait()
        if self.course["state"] != "failed":
            self.course = _course("failed", f"The demo's process has ended, with code {code}.")


async def _launch() -> Process:
    """Start the process: its standard input is open as long as the host lives, and its end ends the demo."""
    arguments = ["-m", "localhost.demo", "--keep", "--json", "--end-with-input"]
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdin=PIPE, stdout=PIPE, start_new_session=True
    )


def _course(state: str, because: str) -> Mapping[str, Any]:
    return {"url": None, "state": state, "because": because, "played": 0, "purchases": None}
