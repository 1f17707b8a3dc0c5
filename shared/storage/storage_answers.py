"""The answers of storage to a request, other than success."""

from shared.errors import LoopError
from shared.storage.paths import split_path
from shared.storage_errors import StorageUnavailable


class OutcomeUnknown(StorageUnavailable):
    """No usable answer came: the write may have happened, or may still happen."""


class StorageRefused(StorageUnavailable):
    """Storage refuses the request, as it would refuse the same request again."""


class RowExists(Exception):
    """Another row has the key already; nothing was written.

    Attributes:
        index: Which of the sent rows.
    """

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class RowRefused(Exception):
    """Storage refuses the row; nothing was written.

    Attributes:
        index: Which of the sent rows.
        code: Storage's own code for the reason.
    """

    def __init__(self, index: int, code: str) -> None:
        super().__init__(index, code)
        self.index = index
        self.code = code


class TableMissing(Exception):
    """There is no such table; nothing was written."""

    def __init__(self) -> None:
        super().__init__("there is no such table")


class TableClosed(StorageUnavailable):
    """There is no such table, and its time is over: none may be made; nothing was written."""


class BlobChanged(Exception):
    """A blob has another ETag than the one that was named."""


class BlobMissing(Exception):
    """There is no such blob, or no such container.

    Attributes:
        path: The blob's path.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no blob {path}")
        self.path = path


class ChangedMeanwhile(LoopError):
    """Another writer changed a blob since it was read, or holds its lease."""


class BlobLeased(LoopError):
    """Another program holds a lease on a blob, so that nobody else can change the blob."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"another program holds a lease on the blob {path}; end the lease, or break it with: az storage blob lease "
            f"break --account-name <account> -c {split_path(path)[0]} -b {split_path(path)[1]}"
        )


class MessageLost(Exception):
    """Another receiver has a message of a queue by now, or the message was deleted."""
