"""A process that the host needs: started again where it ends by itself, and ended with the host."""

import asyncio
import logging
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Any

from localhost.environment import ROOT
from localhost.host.background import finish, watch

_log = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 8.0


class RestartedProcess:
    """A child process, which ends when its standard input does, and so also when the host is killed.

    Attributes:
        process: The process that runs; None between the end of one and the start of the next.
    """

    def __init__(self, name: str, command: Sequence[str], **options: Any) -> None:
        """Take what log lines call it, its command line, and options of `asyncio.create_subprocess_exec`."""
        self.process: Process | None = None
        self._name = name
        self._command = command
        self._options = options
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it."""
        self._watch = watch(self._restart(await self._launch()), self._name)

    async def close(self) -> None:
        """End it in order, or after some seconds at once."""
        await finish([self._watch] if self._watch else [], 0)
        process, self.process = self.process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()

    async def _launch(self) -> Process:
        self.process = await asyncio.create_subprocess_exec(*self._command, cwd=ROOT, stdin=PIPE, **self._options)
        return self.process

    async def _restart(self, process: Process) -> None:
        """Start it again whenever it ends, the sooner the longer it has run."""
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = await process.wait()
            self.process = None
            pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY_SECONDS else pause
            _log.error("%s ended with code %d: it starts again in %.0f s", self._name, code, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            process = await self._launch()
