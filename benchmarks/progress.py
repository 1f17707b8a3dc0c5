"""What is going on, on standard error: one line that changes, or plain lines where there is no terminal."""

import sys
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """The progress of one measure."""

    measure: str
    began: float = field(default_factory=time.monotonic)

    def show(self, step: str) -> None:
        """Say what comes now."""
        text = f"{time.monotonic() - self.began:5.0f} s  {self.measure}: {step}"
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
