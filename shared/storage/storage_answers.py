"""What storage may say to a write, other than yes."""

from shared.storage_errors import StorageUnavailable


class OutcomeUnknown(StorageUnavailable):
    """No answer came, or one that tells nothing: the write may have happened, or may still happen."""


class RowExists(Exception):
    """Another row has the key already; nothing was written.

    Attributes:
        index: Which row of those sent.
    """

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class RowRefused(Exception):
    """Storage takes no such row; nothing was written.

    Attributes:
        index: Which row of those sent.
        code: Storage's own word for the reason.
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
    """There is no such table, and there must be none any more; nothing was written."""


class BlobMissing(Exception):
    """There is no such blob, or no such container.

    Attributes:
        path: The blob's path.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no blob {path}")
        self.path = path
