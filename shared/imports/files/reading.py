"""How a long reading of files tells of its steps, and how it is ended early."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of files.

    Attributes:
        say: Gets a line at the beginning of each step.
        check: Is called every few lines; what it raises ends the reading.
    """

    say: Callable[[str], object]
    check: Callable[[], object]
