"""A blob as a file that is read from its beginning to its end, a few MiB at a time."""

import io
from collections.abc import Buffer
from typing import Final, Self

from shared.storage.interface import BlobVersion
from shared.storage.storage_answers import BlobChanged
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable

PIECE_BYTES: Final = 4 * 1024 * 1024


class BlobFile(io.RawIOBase):
    """The content of one version of a blob.

    Attributes:
        version: Which one it is.
    """

    def __init__(self, path: str, version: BlobVersion) -> None:
        """Take the blob's path and its version; `open` reads that."""
        super().__init__()
        self.version = version
        self._path = path
        self._piece = memoryview(b"")
        self._read_bytes = 0

    @classmethod
    def open(cls, path: str) -> Self | None:
        """Open a blob; None if there is no blob."""
        version = blobs().read_version(path)
        return cls(path, version) if version else None

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read some bytes, or none at the end.

        Raises:
            StorageUnavailable: The blob was changed or deleted meanwhile.
        """
        if not self._piece and self._read_bytes < self.version.size_bytes:
            self._piece = memoryview(self._read_piece())
            self._read_bytes += len(self._piece)
        into = memoryview(buffer).cast("B")
        some = self._piece[: len(into)]
        into[: len(some)] = some
        self._piece = self._piece[len(some) :]
        return len(some)

    def _read_piece(self) -> bytes:
        try:
            content = blobs().read_piece(self._path, self._read_bytes, PIECE_BYTES, self.version.etag)
        except BlobChanged as error:
            raise StorageUnavailable(f"{self._path} was changed while it was read") from error
        if content is None:
            raise StorageUnavailable(f"{self._path} was deleted while it was read")
        return content
