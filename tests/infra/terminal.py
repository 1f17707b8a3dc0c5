"""A terminal at which a person types."""

import os
import pty
import select
import subprocess
import sys

from localhost.environment import ROOT

AT_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches it
signal.signal(signal.SIGINT, signal.SIG_DFL)  # which the background of the tests may have switched off
os.execv(sys.argv[1], sys.argv[1:])
"""
QUESTION = "type the environment's name (shop): "


def at_terminal(command: list[str], environment: dict[str, str], typed: str) -> tuple[int, str]:
    """Run a program at a terminal on which a person answers; gives the exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", AT_TERMINAL, *command],
        cwd=ROOT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours, typed if QUESTION.encode() in shown else ""):
            shown += piece
        code = process.wait(30)
    os.close(ours)
    return code, shown.decode()


def _read(terminal: int, typed: str) -> bytes:
    """The next output; while none comes, the answer is typed, since a program may ask before it listens."""
    while not select.select([terminal], [], [], 0.5)[0]:
        os.write(terminal, typed.encode())
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux reports so that no process writes any more
        return b""
