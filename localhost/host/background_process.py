"""The functions that no HTTP request waits for, in a process of their own: what they do holds up no answer.

On the platform, too, each of them has a process that answers no HTTP. The host gives it orders, lines of JSON, on
its standard input, and reads an answer to each from its standard output. It ends when that input does, and so also when
the host is killed.
"""

import asyncio
import json
import logging
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localhost.environment import ROOT
from localhost.host.background import Background, BackgroundAway, Runnable, finish, watch
from localhost.host.log_lines import LogStyle

_log = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 8.0


class BackgroundProcess:
    """Has functions run in a process of their own, which is started again where it ends by itself."""

    def __init__(self, functions: Sequence[Background], root: Path, log: LogStyle) -> None:
        """Take the functions, the folder of their app, and how log lines are written."""
        self.functions: Sequence[Runnable] = [_Remote(function.name, self) for function in functions]
        self._command = [sys.executable, "-m", "localhost", "background", "--root", str(root), "--log", log]
        self._process: Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Start the process."""
        self._keeping = watch(self._keep(await self._launch()), "the process of timers and queues")

    async def ask(self, order: dict[str, str]) -> Any:
        """Give an order, and return the answer; raises `BackgroundAway` if the process ends before, or has ended."""
        async with self._turn:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                raise BackgroundAway
            process.stdin.write(f"{json.dumps(order)}\n".encode())
            answer = await process.stdout.readline()
        if not answer:
            raise BackgroundAway
        return json.loads(answer)

    async def close(self) -> None:
        """End the process, which cancels what goes on for long."""
        await finish([self._keeping] if self._keeping else [], 0)
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()

    async def _launch(self) -> Process:
        self._process = await asyncio.create_subprocess_exec(*self._command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
        return self._process

    async def _keep(self, process: Process) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = await process.wait()
            self._process = None
            pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY_SECONDS else pause
            _log.error("the process of timers and queues ended with code %d: it starts again in %.0f s", code, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            process = await self._launch()


@dataclass(frozen=True, slots=True)
class _Remote:
    """A function of that process."""

    name: str
    process: BackgroundProcess

    async def run_now(self, text: str) -> int:
        return int(await self.process.ask({"function": self.name, "run": text}))

    async def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = await self.process.ask({"function": self.name})
        return described
