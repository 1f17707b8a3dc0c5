"""Hosts that tests start by the hundred: forked from a process that has imported them, in a tenth of the time.

A host is what `python -m localhost serve` runs, in the environment that a new process would have. `tests/dev`,
`tests/http/local_host` and the tests of the deployed folder start it as users do.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import cast

from localhost.environment import ROOT
from localhost.host import host_process
from localhost.host.host_process import open_log
from tests import clock
from tests.processes import fork, pipe, send


class HostProcess(host_process.HostProcess):
    """A host of this app in a forked process; one of another app, or one that shows its log, in a new process."""

    def _start_process(self, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        if self._root != ROOT or not self.log_file:
            return super()._start_process(arguments)
        reader, writer = pipe(duplex=False)
        call = (clock.ahead_us(), self._settings, str(self.log_file), reader, list(arguments))
        process = fork(target=_serve, args=call, daemon=True)
        process.start()
        reader.close()
        return cast("subprocess.Popen[bytes]", _Forked(process, writer))


class _Forked:
    """A forked process, as far as a host needs what `subprocess.Popen` offers.

    Attributes:
        stdin: The process ends when this is closed.
    """

    def __init__(self, process: ForkServerProcess, stdin: Connection) -> None:
        self._process = process
        self.stdin = stdin
        self.pid = cast("int", process.pid)

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and give the exit code."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("serve", cast("float", timeout))
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        send(self._process, number)


def _serve(
    ahead_us: int, environment: Mapping[str, str], log_file: str, stdin: Connection, arguments: list[str]
) -> None:
    os.setsid()
    os.chdir(ROOT)
    with open_log(Path(log_file)) as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    os.dup2(stdin.fileno(), 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - open until the end of the process
    clock.set_ahead(ahead_us)
    os.environ.clear()
    os.environ.update(environment)
    from localhost.__main__ import main

    sys.exit(main(["serve", *arguments]))
