"""The command line: what it takes, and refusals that say what to do next."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from localhost.setup.places import PLACES, WINDOWS
from localhost.setup.programs import say

WRONG_USE = 2
_HIGHEST_PORT = 65535
_MOST_WORKERS = 64


class Parser(argparse.ArgumentParser):
    """A parser whose refusals name the next step."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line, and end."""
        self.print_usage(sys.stderr)
        end = "" if message.endswith((".", "?")) else "."
        problem = f"{message[:1].upper()}{message[1:]}{end}"
        self.exit(WRONG_USE, f"\n{problem}\n  Next step: {self.prog} --help tells what there is.\n")


class Version(argparse.Action):
    """The option that prints the version of the project."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        """Take no value."""
        super().__init__(option_strings, dest, nargs=0, **more)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print it, and end."""
        say(f"Rankloop {PLACES.version}")
        parser.exit()


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; what it lacks, or what there is not, ends the program with the next step."""
    if not arguments:
        parser.print_help(sys.stderr)
        parser.exit(WRONG_USE)
    commands: Any = next(action.choices for action in parser._actions if action.choices)
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    if command is not None and command not in commands:
        nearest = difflib.get_close_matches(command, commands, 1)
        parser.error(f"there is no command {command}{f'; did you mean {nearest[0]}?' if nearest else ''}")
    chosen, foreign = parser.parse_known_args(arguments)
    if foreign:
        commands[chosen.command].error(f"unrecognized: {' '.join(foreign)}")
    return chosen


def port(text: str) -> int:
    """Read a port.

    Raises:
        ArgumentTypeError: The text is none.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 0 to {_HIGHEST_PORT}.")
    return int(text)


def workers(text: str) -> int:
    """Read how many processes are to answer calls; `auto` is one for each core.

    Raises:
        ArgumentTypeError: The text is no such number, or this system has no way to share a port.
    """
    number = (os.cpu_count() or 1) if text == "auto" else int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 0
    if not 1 <= number <= _MOST_WORKERS:
        raise argparse.ArgumentTypeError(
            f"{text} is no number of processes: give one from 1 to {_MOST_WORKERS}, or auto."
        )
    if number > 1 and WINDOWS:
        raise argparse.ArgumentTypeError("on Windows, processes cannot share a port: leave out --workers.")
    return number
