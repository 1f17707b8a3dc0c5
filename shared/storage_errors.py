"""The ways in which recording an event or an observation fails."""

from shared.errors import LoopError


class StorageUnavailable(LoopError):
    """Storage did not make something durable, or did not give it, in the time there is.

    Attributes:
        retry_after: Seconds after which another try makes sense.
    """

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class TrainerAtWork(StorageUnavailable):
    """What is asked for needs the trainer to pause, and it does not."""

    def __init__(self) -> None:
        super().__init__("The trainer is at work, or has to finish what it began; nothing was changed. Try again.", 5)


class RowTooLarge(LoopError):
    """What one call would leave in storage does not fit into one row.

    Attributes:
        size_bytes: What it would take, after compression.
        limit_bytes: What a row may take.
    """

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes after compression, at most {limit_bytes} can be kept")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
