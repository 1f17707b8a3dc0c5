"""Refusals because of storage: not there in time, busy, or a row that is too large."""

from shared.errors import LoopError


class StorageUnavailable(LoopError):
    """Storage did not write or read in time.

    Attributes:
        retry_after: Seconds after which another try makes sense.
    """

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class TrainerAtWork(StorageUnavailable):
    """The call needs the trainer to pause, and the trainer is running."""

    def __init__(self) -> None:
        super().__init__("The trainer is at work, or has to finish what it began; nothing was changed. Try again.", 5)


class RowTooLarge(LoopError):
    """The record of one call does not fit into one row.

    Attributes:
        size_bytes: Of the record, after compression.
        limit_bytes: Of a row.
    """

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes after compression, at most {limit_bytes} can be kept")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
