"""Processes that this app starts: the command that starts one, and what one does at its beginning."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_NICENESS = 10
_FIRST = "1000"
"""The processes that are ended first for want of memory."""


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module as a child of this process; its first argument is what `end_with` needs."""
    return [sys.executable, "-P", "-m", module, str(os.getpid()), *arguments]


def end_with(parent: int) -> None:
    """End this process when the one that started it ends.

    While VW runs, nothing in Python could notice that the parent is gone, so the system ends this process.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def be_expendable(most_bytes: int) -> None:
    """Take no more address space than so much, and be the first process that the system ends for want of memory.

    What this process does can be done again; the one that started it answers calls. Done on Linux alone: other systems
    have no such limit, or do not keep to it.
    """
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_FIRST, encoding="ascii")


def lower_priority() -> None:
    """Let what answers calls on the same processors come first; what this process starts gives way, too."""
    if sys.platform != "win32":
        os.nice(_NICENESS)
