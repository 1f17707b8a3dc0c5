"""Why a log cannot be evaluated, and the next step."""

from dataclasses import dataclass


@dataclass
class CannotEvaluate(Exception):
    """What was given cannot be used.

    Attributes:
        problem: What is wrong, one sentence.
        next_step: What to do about it, one sentence.
    """

    problem: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.problem}\n  Next step: {self.next_step}"

    def __reduce__(self) -> tuple[type["CannotEvaluate"], tuple[str, str]]:
        return type(self), (self.problem, self.next_step)
