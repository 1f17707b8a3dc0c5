"""The command line: what it takes, and refusals that say what to do next."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from localhost.setup.programs import say

WRONG_USE = 2
_HIGHEST_PORT = 65535


class Parser(argparse.ArgumentParser):
    """A parser whose refusals name the next step."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line, and end."""
        self.print_usage(sys.stderr)
        end = "" if message.endswith((".", "?")) else "."
        problem = f"{message[:1].upper()}{message[1:]}{end}"
        self.exit(WRONG_USE, f"\n{problem}\n  Next step: {self.prog} --help tells what there is.\n")


class Version(argparse.Action):
    """The option that prints the version of the project, which `pyproject.toml` has."""

    def __init__(self, option_strings: Sequence[str], dest: str, root: Path, **more: Any) -> None:
        """Take the folder of the project."""
        super().__init__(option_strings, dest, nargs=0, **more)
        self._root = root

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print it, and end."""
        say(f"Rankloop {read_version(self._root) or 'of an unknown version'}")
        parser.exit()


def read_version(root: Path) -> str | None:
    """Read the version of a project; None if it has none."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
    return version[1] if version else None


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
