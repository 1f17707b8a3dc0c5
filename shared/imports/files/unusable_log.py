"""Why a file cannot be learned from."""

from shared.errors import LoopError

_LONGEST = 2000
"""Characters of a reason, which may quote names of columns: a first line that names none can have any length."""


class UnusableLog(LoopError):
    """A file of a log is missing, damaged or of another kind.

    Attributes:
        reason: What is wrong and where, one sentence.
        next_step: What to do about it, one sentence.
    """

    def __init__(self, reason: str, next_step: str) -> None:
        self.reason = reason if len(reason) <= _LONGEST else f"{reason[: _LONGEST - 3]}..."
        self.next_step = next_step
        super().__init__(f"{self.reason} {next_step}")

    def __reduce__(self) -> tuple[type["UnusableLog"], tuple[str, str]]:
        return type(self), (self.reason, self.next_step)
