"""From the command line to the process that does what it says: sets up what is missing, and goes on as that process."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from localhost.setup.command_line import Parser, parse
from localhost.setup.node_packages import NodePackages, are_installed, install
from localhost.setup.packages import are_there, install_packages
from localhost.setup.places import PLACES, WINDOWS, hold_lock
from localhost.setup.programs import CannotSetUp, end_in_order_on_sigterm, openly, say

CANNOT_SET_UP, INTERRUPTED = 2, 130
_WRITABLE = "See that there is room on the disk and that you may write there, then run it again."


def run(parser: Parser) -> int:
    """Run the command that the command line names, and give the exit code."""
    chosen = parse(parser, sys.argv[1:])
    end_in_order_on_sigterm()
    try:
        code: int = chosen.run(chosen)
        return code
    except CannotSetUp as problem:
        print(f"\n{problem}", file=sys.stderr)
        return CANNOT_SET_UP
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


def set_up(wanted: NodePackages = NodePackages.PAGE) -> None:
    """Make what is not there or was made from other lock files: the Python packages, and what is wanted of npm's."""
    if are_there(PLACES) and are_installed(PLACES, wanted):
        return
    try:
        PLACES.boot.mkdir(parents=True, exist_ok=True)
        with hold_lock(PLACES.boot / "lock"):
            if not are_there(PLACES):
                install_packages(PLACES)
            if not are_installed(PLACES, wanted):
                install(PLACES, wanted)
    except OSError as problem:
        raise CannotSetUp(f"What is fetched could not be written: {problem}", _WRITABLE) from problem
    say("The set-up is complete.\n")


def hand_over(module: str, *arguments: str) -> NoReturn:
    """Go on as the Python that has all packages; where a process cannot turn into another, wait for that one."""
    command = [str(PLACES.python), "-P", "-m", module, *arguments]
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, {**os.environ, "PYTHONPATH": str(PLACES.root)})  # noqa: S606 - no shell wanted
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(openly(command, cwd=str(Path.cwd()), PYTHONPATH=str(PLACES.root)))
