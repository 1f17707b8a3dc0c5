"""Processes of a test that can be killed at any moment, forked from one that has imported what they need."""

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from shared.storage.paths import DEFAULT, in_loop
from tests import clock

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        *("tests.loop.trainers", "tests.preloaded"),
        *("train_timer.run", "shared.storage.json_documents", "azure.storage.blob", "azure.data.tables"),
        *("export_fn.redacting", "export_fn.imported_model", "export_fn.models", "evaluate_fn.stages"),
        *("tests.hosts", "localhost.host.server", "azure_functions_runtime", "azure.storage.queue"),
    ]
)

fork = _FORKS.Process
"""Makes a process, still to be started, that does some work."""
pipe = _FORKS.Pipe
"""Makes the two ends of a connection; one of them can be an argument of a process's work."""


def process(log_file: Path, storage: str, work: Callable[..., object], *arguments: Any) -> ForkServerProcess:
    """Make a process, still to be started, that does some work.

    Its exit code is 0, or 1 if the work raised, or what the work gave to `sys.exit`.

    Args:
        log_file: Takes all that the process prints or logs.
        storage: The connection string of its storage account.
    """
    call = (clock.ahead_us(), str(log_file), storage, work, arguments)
    return fork(target=_run, args=call, daemon=True)


def send(process: ForkServerProcess, number: signal.Signals) -> None:
    """Send a started process a signal; nothing happens if it has ended, be it at this moment."""
    assert process.pid is not None
    if process.is_alive():
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _run(ahead_us: int, log_file: str, storage: str, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    with Path(log_file).open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    clock.set_ahead(ahead_us)
    os.environ.update({"AzureWebJobsStorage": storage})
    try:
        with in_loop(DEFAULT):
            work(*arguments)
    except Exception:
        traceback.print_exc()
        sys.exit(1)
