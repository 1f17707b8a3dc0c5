"""The timer and queue functions of an app, run in this process."""

import asyncio
from collections.abc import Sequence

from localhost.host.background import Background
from localhost.host.ending import BACKGROUND_GRACE
from localhost.host.functions import AnyFunction, QueueFunction, TimerFunction
from localhost.host.host_file import HostFile
from localhost.host.queues import QueueListener
from localhost.host.timers import Timer


def find_functions(functions: Sequence[AnyFunction], host_file: HostFile) -> list[Background]:
    """Give those of an app's functions that run by themselves; raises `StartFailure` for one that cannot."""
    limit = host_file.function_seconds
    timers = [Timer(f, limit) for f in functions if isinstance(f, TimerFunction)]
    queues = [QueueListener(f, host_file.queues, limit) for f in functions if isinstance(f, QueueFunction)]
    return [*timers, *queues]


class InThisProcess:
    """Runs functions in this process.

    Attributes:
        functions: All of them.
    """

    def __init__(self, functions: Sequence[Background]) -> None:
        """Take the functions."""
        self.functions = functions

    async def start(self) -> None:
        """Begin to run them at their times."""
        for function in self.functions:
            function.start()

    async def close(self) -> None:
        """Start nothing new, and cancel what goes on for long."""
        await asyncio.gather(*(function.close(BACKGROUND_GRACE) for function in self.functions))
