"""The functions that no HTTP request waits for, in a process of their own: what they do holds up no answer.

On the platform, too, each of them has a process that answers no HTTP. The host gives it orders, lines of JSON, on
its standard input, and reads an answer to each from its standard output. It ends when that input does, and so also when
the host is killed.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localhost.host.background import Background, BackgroundAway, Runnable
from localhost.host.log_lines import LogStyle
from localhost.host.restarted_process import RestartedProcess


class BackgroundProcess:
    """Has functions run in a process of their own, which is started again where it ends by itself."""

    def __init__(self, functions: Sequence[Background], root: Path, log: LogStyle) -> None:
        """Take the functions, the folder of their app, and how log lines are written."""
        self.functions: Sequence[Runnable] = [_Remote(function.name, self) for function in functions]
        command = [sys.executable, "-m", "localhost", "background", "--root", str(root), "--log", log]
        self._child = RestartedProcess("the process of timers and queues", command, stdout=PIPE)
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Start the process."""
        await self._child.start()

    async def ask(self, order: dict[str, str]) -> Any:
        """Give an order, and return the answer; raises `BackgroundAway` if the process ends before, or has ended."""
        async with self._turn:
            process = self._child.process
            if process is None or process.stdin is None or process.stdout is None:
                raise BackgroundAway
            process.stdin.write(f"{json.dumps(order)}\n".encode())
            answer = await process.stdout.readline()
        if not answer:
            raise BackgroundAway
        return json.loads(answer)

    async def close(self) -> None:
        """End the process, which cancels what goes on for long."""
        await self._child.close()


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
