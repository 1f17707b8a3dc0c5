"""How far a command has come: a bar on a terminal, plain lines everywhere else."""

import os
import shutil
import time
from collections.abc import Callable
from typing import TextIO

from localhost.interruption import Interruption

_REDRAW_SECONDS = 0.1
_BAR = 24


class Progress:
    """Writes lines that stay and, on a terminal that can go back in a line, a bar below them.

    Each step ends a command that was interrupted.
    """

    def __init__(
        self, total: int, stream: TextIO, interruption: Interruption, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the number of steps, where to write, and whether the command was interrupted."""
        self._total = total
        self._stream = stream
        self._interruption = interruption
        self._clock = clock
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._started = clock()
        self._drawn = float("-inf")
        self._width = 0

    def show(self, done: int, doing: str) -> None:
        """Move the bar; what it shows of steps in quick succession is only some.

        Raises:
            KeyboardInterrupt: The command was interrupted.
        """
        self._interruption.check()
        now = self._clock()
        if self._live and now >= self._drawn + _REDRAW_SECONDS:
            self._drawn = now
            self._draw(self._text(done, doing, now))

    def line(self, text: str) -> None:
        """Write a line that stays.

        Raises:
            KeyboardInterrupt: The command was interrupted.
        """
        self._interruption.check()
        self.clear()
        self._stream.write(text + "\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._width:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()
        self._drawn = float("-inf")

    def _text(self, done: int, doing: str, now: float) -> str:
        filled = _BAR * done // self._total
        bar = "#" * filled + "." * (_BAR - filled)
        seconds = int(now - self._started)
        return f"[{bar}] {100 * done // self._total:3} %  {seconds // 60}:{seconds % 60:02}  {doing}"

    def _draw(self, text: str) -> None:
        """Write over what was drawn before; never as wide as the terminal, which would start a new line."""
        shown = text[: shutil.get_terminal_size().columns - 1]
        self._stream.write("\r" + shown.ljust(self._width))
        self._stream.flush()
        self._width = len(shown)
