"""What whoever started a long reading wants to hear of it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading of files.

    Attributes:
        say: Gets a line at the begin of each step.
        check: Is called every few lines; what it raises ends the reading.
    """

    say: Callable[[str], object]
    check: Callable[[], object]
