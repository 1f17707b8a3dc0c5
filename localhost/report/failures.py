"""Why a loop cannot be read, and the next step."""

from dataclasses import dataclass


@dataclass
class CannotRead(Exception):
    """The loop does not answer, or not as a loop does.

    Attributes:
        problem: What is wrong, one sentence.
        next_step: What to do about it, one sentence.
    """

    problem: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.problem}\n  Next step: {self.next_step}"
