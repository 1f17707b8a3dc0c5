#!/usr/bin/env python3
"""Sets this project up on first use, then runs it.

Needs Python 3.10 or later, and a network connection the first time. Packages go to .venv, the storage emulator to
node_modules, tools to .boot. Nothing is fetched again until a lock file changes.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - this file runs before there is a 3.13
    sys.exit("dev.py needs Python 3.10 or later. Next step: run it with a newer Python, e.g. python3.13 dev.py")

import argparse
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from localhost.setup.checks import run_checks
from localhost.setup.emulator import has_node, install_azurite
from localhost.setup.packages import install_packages
from localhost.setup.places import WINDOWS, Places, only_one
from localhost.setup.programs import CannotSetUp, end_in_order_on_sigterm, openly, say

PLACES = Places(Path(__file__).resolve().parent)
CANNOT_SET_UP, INTERRUPTED = 2, 130
DEMO = """Starts storage and functions, plays what households bought in supermarkets through the published client
library, waits for models to be trained on the way, shows the mean reward of each fifth of the run beside the best
seller's, and ends. Takes about three minutes; nothing is kept."""
UP = """Starts storage and functions, prints the address, the API key and a first call, and serves until Ctrl-C. Data
survive restarts. Settings come from the environment, then from local.settings.json. A key given by --key can be seen in
the machine's list of processes until serving begins; one in the variable RANKLOOP_KEY cannot."""
TEST = """Checks the lock file, requirements.txt, style, types and the rules of imports, then runs all tests. Each check
runs even if one before it found something; the exit code is 0 only if none did."""
BENCH = """Measures speed and memory, each against a real other side in the same run; prints a table, and writes JSON.
The measures are rank-cpu, round-trips, requests, training, join, memory, cold-start and rewards. With --details it also
prints where the time goes; --json FILE names the file. All of it takes about six minutes."""


def main() -> int:
    """Run one command and give the exit code."""
    chosen = parser().parse_args()
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


def parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="python3 dev.py", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], short: str, long: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=short, description=long)
        added.set_defaults(run=run)
        return added

    one = command("demo", demo, "play real purchases and watch the reward rise", DEMO)
    one.add_argument(
        "--data", choices=("yogurt", "cracker"), default="yogurt", help="what was bought (default: yogurt)"
    )

    one = command("up", up, "serve on this machine until Ctrl-C", UP)
    one.add_argument("--port", type=int, default=7071, help="port to listen on; 0 takes a free one (default: 7071)")
    one.add_argument(
        "--data", type=Path, default=PLACES.root / ".local", help="folder for data and key (default: .local)"
    )
    one.add_argument("--key", default="", help="API key (default: RANKLOOP_KEY, API_KEY_1, or one kept in the folder)")

    one = command("test", test, "run every test, linter and type check", TEST)
    one.add_argument("pytest", nargs="*", metavar="-- ARGUMENT", help="handed to pytest, such as: -- -x -k reward")

    one = command("bench", bench, "measure, and print a table of ratios", BENCH)
    one.add_argument("arguments", nargs=argparse.REMAINDER, metavar="NAME", help="what to measure (default: all)")
    return top


def demo(chosen: argparse.Namespace) -> NoReturn:
    """Run the demo."""
    set_up()
    hand_over("localhost.demo", "--data", chosen.data)


def up(chosen: argparse.Namespace) -> NoReturn:
    """Serve; the key goes on in the environment, where no list of processes shows it."""
    if chosen.key:
        os.environ["RANKLOOP_KEY"] = chosen.key
    set_up()
    hand_over("localhost", "up", "--port", str(chosen.port), "--data", str(chosen.data.resolve()))


def test(chosen: argparse.Namespace) -> int:
    """Run all checks."""
    set_up()
    return run_checks(PLACES, chosen.pytest)


def bench(chosen: argparse.Namespace) -> NoReturn:
    """Run the benchmarks."""
    set_up()
    hand_over("benchmarks", *chosen.arguments)


def set_up() -> None:
    """Make what is not there or was made from other lock files."""
    if PLACES.venv.is_current() and PLACES.modules.is_current() and has_node(PLACES):
        return
    PLACES.boot.mkdir(exist_ok=True)
    with only_one(PLACES.boot / "lock"):
        if not PLACES.venv.is_current():
            install_packages(PLACES)
            PLACES.venv.finish()
        if not (PLACES.modules.is_current() and has_node(PLACES)):
            install_azurite(PLACES)
            PLACES.modules.finish()
    say("The set-up is complete.\n")


def hand_over(module: str, *arguments: str) -> NoReturn:
    """Go on as the environment's Python; where a process cannot turn into another, wait for that one."""
    command = [str(PLACES.python), "-P", "-m", module, *arguments]
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, {**os.environ, "PYTHONPATH": str(PLACES.root)})  # noqa: S606 - no shell wanted
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(openly(command, cwd=str(Path.cwd()), PYTHONPATH=str(PLACES.root)))


if __name__ == "__main__":
    sys.exit(main())
