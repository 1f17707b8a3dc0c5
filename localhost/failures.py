"""What stops the local host from starting, and the next step."""

from dataclasses import dataclass


@dataclass
class StartFailure(Exception):
    """Something outside the program's control is missing or wrong.

    Attributes:
        problem: What is wrong, one sentence.
        next_step: What to do about it, one sentence; empty if the problem says it all.
    """

    problem: str
    next_step: str = ""

    def __str__(self) -> str:
        return f"{self.problem}\n  Next step: {self.next_step}" if self.next_step else self.problem
