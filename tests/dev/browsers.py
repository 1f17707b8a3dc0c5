"""A program in a browser's place, which writes down what it is to open."""

import time
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """#!/bin/sh
/bin/cp -p "${{1#file://}}" {folder}/copy
echo "$1" > {folder}/new
/bin/mv {folder}/new {folder}/argument
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened.

    Attributes:
        argument: Of the program.
        mode: Of the file that the argument names.
        page: What the file held.
    """

    argument: str
    mode: str
    page: str


class Browser:
    """The program, in a folder without spaces in its name."""

    def __init__(self, folder: Path, name: str = "browser") -> None:
        """Write it."""
        self.program = folder / name
        self._folder = folder
        self.program.write_text(_SCRIPT.format(folder=folder), encoding="utf-8")
        self.program.chmod(0o755)

    @property
    def was_called(self) -> bool:
        """Whether it has opened something."""
        return (self._folder / "argument").exists()

    def wait(self) -> Opened:
        """Wait until it was called."""
        until = time.monotonic() + 30
        while not self.was_called:
            assert time.monotonic() < until, "nothing was opened"
            time.sleep(0.02)
        copy = self._folder / "copy"
        argument = (self._folder / "argument").read_text(encoding="utf-8").strip()
        return Opened(argument, f"{copy.stat().st_mode & 0o777:o}", copy.read_text(encoding="utf-8"))
