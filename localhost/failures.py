"""Why a command of this machine cannot do its work, and the next step."""

from dataclasses import dataclass


@dataclass
class CommandFailure(Exception):
    """Something outside the program's control is missing or wrong.

    Attributes:
        problem: What is wrong, one sentence.
        next_step: What to do about it, one sentence; empty if the problem says it all.
    """

    problem: str
    next_step: str = ""

    def __str__(self) -> str:
        return f"{self.problem}\n  Next step: {self.next_step}" if self.next_step else self.problem

    def __reduce__(self) -> tuple[type["CommandFailure"], tuple[str, str]]:
        return type(self), (self.problem, self.next_step)


class StartFailure(CommandFailure):
    """The local host, or the storage that it needs, cannot start."""
