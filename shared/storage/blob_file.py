"""A blob as a file that is read from its beginning to its end, a few MiB at a time."""

import io
from collections.abc import Buffer, Mapping
from typing import Final, Self

from shared.storage import blobs
from shared.storage.sdk import translate_errors
from shared.storage_errors import StorageUnavailable

PIECE_BYTES: Final = 4 * 1024 * 1024


class BlobFile(io.RawIOBase):
    """The content of one version of a blob.

    Attributes:
        etag: Of that version.
        metadata: Of that version.
        size_bytes: Of all of it.
    """

    def __init__(self, path: str, first: bytes, etag: str, size_bytes: int, metadata: Mapping[str, str]) -> None:
        """Take the blob's first piece, its ETag, its size and its metadata; `open` reads them."""
        super().__init__()
        self.etag = etag
        self.metadata = metadata
        self._path = path
        self._piece = memoryview(first)
        self._read_bytes = len(first)
        self.size_bytes = size_bytes

    @classmethod
    def open(cls, path: str) -> Self | None:
        """Open a blob and read its first piece; None if there is no blob."""
        with translate_errors(absent=True):
            first = blobs.client(path).download_blob(0, PIECE_BYTES)
            piece, properties = first.readall(), first.properties
            size = (properties.content_range or "").rpartition("/")[2]
            size_bytes = int(size) if size else len(piece)
            return cls(path, piece, str(properties.etag), size_bytes, properties.metadata or {})
        return None

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read some bytes, or none at the end.

        Raises:
            StorageUnavailable: The blob was changed or deleted meanwhile.
        """
        if not self._piece and self._read_bytes < self.size_bytes:
            self._piece = memoryview(self._read_piece())
            self._read_bytes += len(self._piece)
        into = memoryview(buffer).cast("B")
        some = self._piece[: len(into)]
        into[: len(some)] = some
        self._piece = self._piece[len(some) :]
        return len(some)

    def _read_piece(self) -> bytes:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError

        same = MatchConditions.IfNotModified
        try:
            with translate_errors(absent=True):
                return (
                    blobs.client(self._path)
                    .download_blob(self._read_bytes, PIECE_BYTES, etag=self.etag, match_condition=same)
                    .readall()
                )
        except ResourceModifiedError as error:
            raise StorageUnavailable(f"{self._path} was changed while it was read") from error
        raise StorageUnavailable(f"{self._path} was deleted while it was read")
