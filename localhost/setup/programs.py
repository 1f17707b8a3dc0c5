"""Other programs: whether they run, which version they are, and running them so that none outlives this one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_LAST_SECONDS = 15.0


class CannotSetUp(Exception):
    """Something is missing that the set-up cannot provide."""

    def __init__(self, what: str, next_step: str, output: str = "") -> None:
        """Take what is wrong, what to do next, and the output of the program that failed."""
        shown = [f"  | {line}" for line in output.strip().splitlines()[-8:]]
        super().__init__("\n".join([*shown, f"{what}.", f"  Next step: {next_step}"]))


class EndedBySignal(SystemExit):
    """A signal of another process ends this one."""


def end_in_order_on_sigterm() -> None:
    """Let SIGTERM unwind the program, so that what it started ends too."""

    def handle(number: int, _frame: FrameType | None) -> None:
        raise EndedBySignal(128 + number)

    signal.signal(signal.SIGTERM, handle)


def quietly(command: Sequence[str], timeout: float | None = None, **variables: str) -> tuple[int, str]:
    """Run a program and give its exit code and its output; a program that cannot be run gives code -1."""
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN} | variables
    try:
        process = subprocess.Popen(
            list(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return -1, str(error)
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        return -1, f"{command[0]} did not end"
    finally:
        end(process)


def openly(command: Sequence[str], cwd: str, **variables: str) -> int:
    """Run a program on this one's own output and give its exit code; on Ctrl-C, which it gets too, wait for its end."""
    process = subprocess.Popen(list(command), cwd=cwd, env={**os.environ, **variables})
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait(_LAST_SECONDS)
        raise
    finally:
        end(process)


@contextmanager
def beside(command: Sequence[str], cwd: str) -> Iterator[Callable[[], int]]:
    """Run a program beside others; gives what waits for its end, says its output, and gives its exit code."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(list(command), cwd=cwd, stdout=output, stderr=subprocess.STDOUT)

        def wait() -> int:
            code = process.wait()
            output.seek(0)
            say(output.read().decode(errors="replace").rstrip())
            return code

        try:
            yield wait
        finally:
            end(process)


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a program that still runs, and wait for that."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


def version_of(command: Sequence[str]) -> tuple[int, ...]:
    """Give the version that a program reports, empty if it does not run."""
    code, output = quietly(command, timeout=30)
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", output)
    return tuple(int(part) for part in match.groups()) if match and code == 0 else ()


def say(text: str) -> None:
    """Print a line at once, so that progress shows."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
