"""What the process of a host does that runs its timer and queue functions: see `background_process`."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from localhost.host import ending, worker
from localhost.host.background import Runnable
from localhost.host.background_functions import InThisProcess, find_functions
from localhost.host.host_file import HostFile, read_host_file
from localhost.host.host_log import set_up_logs
from localhost.host.log_lines import LogStyle

_log = logging.getLogger(__name__)


def run_background(root: Path, log: LogStyle) -> None:
    """Run the functions until the end of standard input; raises `StartFailure` if the app does not load."""
    host_file = read_host_file(root)
    set_up_logs(host_file.log_levels, log)
    with _take_output() as answers, asyncio.Runner(loop_factory=worker.loop_factory()) as runner:
        runner.run(_run(root, host_file, answers))


def _take_output() -> IO[str]:
    """Take standard output for the answers; what functions print goes where the log goes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


async def _run(root: Path, host_file: HostFile, answers: IO[str]) -> None:
    stop = asyncio.Event()
    ending.stop_on_signals(stop)
    background = InThisProcess(find_functions(await worker.load(root), host_file))
    await background.start()
    loop = asyncio.get_running_loop()
    by_name = {function.name: function for function in background.functions}

    def take(line: bytes) -> None:
        answer = asyncio.run_coroutine_threadsafe(_answer(by_name, json.loads(line)), loop).result()
        print(json.dumps(answer), file=answers, flush=True)

    ending.stop_at_end_of_input(stop, take)
    await stop.wait()
    await background.close()
    worker.close()
    _log.debug("timers and queues have stopped")
    ending.forget_open_tasks()


async def _answer(by_name: Mapping[str, Runnable], order: Mapping[str, str]) -> Any:
    function = by_name[order["function"]]
    return await function.run_now(order["run"]) if "run" in order else await function.describe()
