"""What the product asks of storage: rows, blobs, leases, queues and the time.

Two storages implement it: `shared.storage.azure` on an Azure Storage account, and `shared.storage.embedded` on a folder
of this machine. `shared.storage.this_storage` gives the one that the settings name. No other code of the product knows
which one that is.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol, Self

from shared.storage.storage_answers import ChangedMeanwhile
from shared.times import SECOND

AHEAD_US: Final = SECOND
"""How far an arrival time may be ahead of storage's clock; twice what an estimate of the clock is ahead at most."""
FOR_EVER: Final = -1
"""The life of a message that never expires."""
MOST_PAGE_ROWS: Final = 1000
"""How many rows a page has at most."""
MOST_BATCH_ROWS: Final = 100
"""How many rows can be inserted together."""
MOST_BATCH_BYTES: Final = 4 * 1024 * 1024 - 16 * 1024
"""How many bytes the rows that are inserted together can have, as `Row.size_bytes` counts them."""
_ROW_BYTES: Final = 1024


class Row(NamedTuple):
    """A row of the intake: a Rank, a reward or an activation.

    Attributes:
        partition: The first half of the row's key. Rows of a partition can be inserted together.
        key: The second half. No two rows of a table have the same partition and key.
        event_id: The id of the event.
        at_us: When the call arrived, in microseconds of storage's clock.
        deadline_us: How long after its arrival the row may be stored and still counts; None in rows of early versions.
        value: The reward; None for a Rank and an activation.
        slot: The slot of a reward or an activation; None for the event as a whole.
        payload: The record of a Rank's decision; empty for rewards and activations.
        stored_at_us: When the row was stored, by storage's clock; 0 for a row that was not read from storage.
    """

    partition: str
    key: str
    event_id: str
    at_us: int
    deadline_us: int | None = None
    value: float | None = None
    slot: str | None = None
    payload: bytes = b""
    stored_at_us: int = 0

    @property
    def size_bytes(self) -> int:
        """At most how many bytes the row takes in a request, with its payload in base64 and its texts in escapes."""
        return _ROW_BYTES + 6 * (len(self.event_id) + len(self.slot or "")) + len(self.payload) * 11 // 8


@dataclass(frozen=True, slots=True)
class RowRange:
    """Which rows of a table to read.

    Attributes:
        first_partition: Rows of partitions from this one on.
        last_partition: Rows of partitions up to this one, which is included.
        keys: Ranges of the key, each without its two bounds. A row must be in one of them; empty takes all keys.
        from_us: Rows that arrived at this moment or later; None sets no bound.
        to_us: Rows that arrived earlier than this moment; None sets no bound.
        id_begin: What the row's event id begins with, in ASCII.
        payloads: Whether the rows come with their payloads. Without them, the payload of each row is empty.
    """

    first_partition: str
    last_partition: str
    keys: Sequence[tuple[str, str]] = ()
    from_us: int | None = None
    to_us: int | None = None
    id_begin: str = ""
    payloads: bool = True


class RowPage(NamedTuple):
    """A page of the rows of a range, in order of partition and key.

    Attributes:
        after: Where the next page begins, for `Connection.query`; None on the last page. A page with an `after` may
            be empty.
    """

    rows: list[Row]
    after: Any | None


class Blob(NamedTuple):
    """A blob's content, and the ETag of its version."""

    data: bytes
    etag: str


class BlobVersion(NamedTuple):
    """What storage knows of a blob, without its content.

    Attributes:
        etag: Differs from the ETag of every other version of the blob.
        modified: When content or metadata last changed, by storage's clock.
    """

    etag: str
    metadata: Mapping[str, str]
    size_bytes: int
    modified: datetime


class ListedBlob(NamedTuple):
    """A blob of a listing, without its content.

    Attributes:
        modified: When content or metadata last changed, by storage's clock.
    """

    path: str
    size_bytes: int
    modified: datetime
    metadata: Mapping[str, str]
    etag: str


class QueueMessage(NamedTuple):
    """A message that was received from a queue.

    Attributes:
        receipt: Proves to storage that this receiver has the message. Each receipt is good until the message is
            received or hidden again.
        dequeue_count: How often the message has been received, this time included.
        inserted: When the message was sent.
        expires: When the message is deleted; the year 9999 if it never expires.
        visible: When others can receive the message again.
    """

    id: str
    receipt: str
    text: str
    dequeue_count: int
    inserted: datetime
    expires: datetime
    visible: datetime


class Clock(Protocol):
    """Storage's time, in microseconds since 1970. It never goes back."""

    @property
    def has_answer(self) -> bool:
        """Whether the time is known yet."""

    def now_us(self) -> int:
        """Give storage's time, as near as it is known.

        Raises:
            StorageUnavailable: The time is not known yet.
        """

    def earliest_us(self) -> int:
        """Give the earliest that storage's time can be; raises as `now_us`."""

    def latest_us(self) -> int:
        """Give the latest that storage's time can be; raises as `now_us`."""


class Connection(ABC):
    """Rows and blobs for the code of an event loop.

    Every method raises `StorageUnavailable` if storage gives no usable answer. The narrower `OutcomeUnknown` means that
    the request may have had its effect.

    Attributes:
        clock: Storage's clock.
    """

    clock: Clock

    @abstractmethod
    async def insert(self, table: str, rows: Sequence[Row]) -> list[int]:
        """Insert rows of one partition, with different keys: all of them or none.

        Args:
            rows: At most `MOST_BATCH_ROWS`, with `MOST_BATCH_BYTES` in all.

        Returns:
            When each row was stored, in microseconds of storage's clock.

        Raises:
            RowExists, RowRefused, TableMissing: No row was stored. The first two name the row.
        """

    @abstractmethod
    async def read(self, table: str, partition: str, key: str) -> Row | None:
        """Read one row; None if there is no such row, or no such table."""

    @abstractmethod
    async def query(self, table: str, rows: RowRange, most: int, after: Any | None = None) -> RowPage:
        """Read a page of the rows of a range.

        Args:
            most: How many rows the page may have, up to `MOST_PAGE_ROWS`.
            after: Of the page before; None for the first page.

        Raises:
            TableMissing: There is no such table.
        """

    @abstractmethod
    async def create_table(self, table: str) -> None:
        """Create a table unless it exists."""

    @abstractmethod
    async def read_blob(self, path: str, etag: str | None = None, *, timeout: float | None = None) -> Blob | None:
        """Read a blob; None if the blob still has the ETag.

        Args:
            timeout: How many seconds to wait for the answer, if not as long as for all else.

        Raises:
            BlobMissing: There is no such blob.
        """

    @abstractmethod
    async def create_blob(self, path: str, data: bytes, content_type: str) -> bool:
        """Create a blob; False if a blob of that path exists, whatever it holds."""

    @abstractmethod
    async def clear_metadata(self, path: str) -> None:
        """Remove a blob's metadata. The blob gets another ETag.

        Raises:
            BlobMissing: There is no such blob.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close what is open. The next request opens it again."""


class Tables(ABC):
    """Tables of rows, for blocking code. Every method raises `StorageUnavailable` as those of `Connection`."""

    @abstractmethod
    def list_names(self, first: str, end: str) -> list[str]:
        """List the names of the tables from `first` on and before `end`."""

    @abstractmethod
    def drop(self, table: str) -> None:
        """Delete a table with all its rows, unless it is missing or is being deleted already."""

    @abstractmethod
    def read(self, table: str, rows: RowRange) -> list[Row]:
        """Read all rows of a range; none if there is no such table."""

    @abstractmethod
    def delete(self, table: str, partition: str, key: str) -> None:
        """Delete a row, if it exists."""


class Lease(ABC):
    """The right to write a blob, which others cannot write as long as it lasts.

    Attributes:
        id: What `Blobs.write_over` takes to write the blob.
    """

    id: str

    @abstractmethod
    def renew(self) -> bool:
        """Let the lease last for its whole time from now on; False if it was lost to another holder.

        Raises:
            StorageUnavailable: Storage gave no usable answer. The lease may have been renewed.
        """

    @abstractmethod
    def release(self) -> None:
        """End the lease, if it still lasts. Without an answer of storage, the lease ends by itself."""


class Blobs(ABC):
    """Blobs by path, for blocking code; a path's first segment is its container.

    No path may be the folder of another: where there is `a/b`, there cannot be `a/b/c`. Every method raises
    `StorageUnavailable` if storage gives no usable answer.
    """

    @abstractmethod
    def read(self, path: str) -> Blob | None:
        """Read a blob; None if it is missing."""

    @abstractmethod
    def begin_read(self, path: str, timeout: float | None = None) -> "Future[Blob | None]":
        """Begin to read a blob while the caller goes on; the result is that of `read`.

        Args:
            timeout: How many seconds to wait for the answer, if not as long as for all else.
        """

    @abstractmethod
    def read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> bytes | None:
        """Read a piece of a blob, shorter at the blob's end, and empty behind it; None if the blob is missing.

        Raises:
            BlobChanged: The blob has another ETag than the given one.
        """

    @abstractmethod
    def begin_read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> "Future[bytes | None]":
        """Begin to read a piece of a blob while the caller goes on; the result is that of `read_piece`."""

    @abstractmethod
    def read_version(self, path: str) -> BlobVersion | None:
        """Read what storage knows of a blob without its content; None if the blob is missing."""

    @abstractmethod
    def create(self, path: str, data: bytes | IO[bytes], metadata: Mapping[str, str] | None = None) -> bool:
        """Create a blob that never changes; False if a blob of that path exists, whatever it holds."""

    @abstractmethod
    def write(self, path: str, data: bytes) -> None:
        """Write a blob over whatever was there, without metadata.

        Raises:
            BlobLeased: Another program holds a lease.
        """

    @abstractmethod
    def write_over(
        self,
        path: str,
        data: bytes | IO[bytes],
        etag: str | None,
        lease_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Write a blob if it still has an ETag (None: if it is still missing); gives the new ETag.

        Args:
            metadata: All metadata that the blob has from then on.

        Raises:
            ChangedMeanwhile: The blob has another ETag, or another writer holds the lease of `lease_id`.
            BlobLeased: Another program holds a lease, and no lease id was given.
        """

    @abstractmethod
    def set_metadata(self, path: str, metadata: Mapping[str, str], etag: str | None = None) -> bool:
        """Replace a blob's metadata, which gives the blob another ETag; False if the blob is missing.

        Args:
            etag: Replace them only while the blob has this ETag.

        Raises:
            ChangedMeanwhile: The blob has another ETag.
            BlobLeased: Another program holds a lease.
        """

    @abstractmethod
    def remove(self, path: str, etag: str | None = None) -> None:
        """Delete a blob, if it exists; with an ETag only while the blob has it.

        Raises:
            ChangedMeanwhile: The blob has another ETag.
            BlobLeased: Another program holds a lease.
        """

    @abstractmethod
    def list_blobs(self, prefix: str, page: int = 5000) -> Iterator[ListedBlob]:
        """List the blobs whose path begins with a prefix, in order of their names.

        Args:
            prefix: Names a container at least.
            page: How many blobs to read at once, for a caller that needs only the first.
        """

    @abstractmethod
    def list_folders(self, prefix: str) -> Iterator[str]:
        """List the folders right below a prefix: the text up to the next slash of a path, each once, in order."""

    @abstractmethod
    def acquire(self, path: str, seconds: int) -> Lease | None:
        """Acquire a lease on a blob; None if another holder has one.

        Args:
            seconds: How long the lease lasts unless it is renewed; 15 to 60.

        Raises:
            BlobMissing: There is no such blob.
            BlobLeased: Another program holds a lease that never ends.
        """

    def read_all(self, paths: Iterable[str]) -> list[bytes | None]:
        """Read the contents of blobs, several at the same time, in their order; None for a blob that is missing."""
        reads = [self.begin_read(path) for path in paths]
        return [blob and blob.data for blob in (read.result() for read in reads)]

    def read_etag(self, path: str) -> str | None:
        """Read the ETag of a blob; None if the blob is missing."""
        version = self.read_version(path)
        return version and version.etag

    def list_paths(self, prefix: str) -> Iterator[str]:
        """List the paths that begin with a prefix, in order."""
        return (blob.path for blob in self.list_blobs(prefix))

    def remove_unchanged(self, path: str, etag: str) -> None:
        """Delete a blob, unless it has another ETag by now or is missing."""
        with suppress(ChangedMeanwhile):
            self.remove(path, etag)

    def renew(self, path: str) -> bool:
        """Give a blob another ETag and leave all else as it is; False if the blob is missing."""
        version = self.read_version(path)
        return version is not None and self.set_metadata(path, version.metadata)

    def upload_file(self, path: str, file: Path, metadata: Mapping[str, str] | None = None) -> bool:
        """Create a blob of a file's content; False if a blob of that path exists."""
        with file.open("rb") as data:
            return self.create(path, data, metadata)


class Queues(ABC):
    """Queues of messages, for blocking code. Every method raises `StorageUnavailable` as those of `Blobs`."""

    @abstractmethod
    def send(
        self, name: str, messages: Iterable[str], hidden_seconds: int = 0, seconds_to_live: int = FOR_EVER
    ) -> None:
        """Put messages into a queue, which is created if it is missing. If this fails, some may have been sent.

        Args:
            hidden_seconds: For how long nobody can receive the messages.
            seconds_to_live: After how long a message is deleted.
        """

    @abstractmethod
    def receive(self, name: str, most: int, hidden_seconds: int) -> list[QueueMessage]:
        """Receive messages, which stay in the queue, hidden from others for a time; none if there is no such queue.

        Args:
            most: How many, up to 32.
        """

    @abstractmethod
    def hide(self, name: str, message: QueueMessage, hidden_seconds: int) -> QueueMessage:
        """Hide a message that was received for a time from now on; gives the message with its new receipt.

        Raises:
            MessageLost: Another receiver has the message, or it was deleted.
        """

    @abstractmethod
    def remove(self, name: str, message: QueueMessage) -> None:
        """Delete a message that was received; raises as `hide`."""


class Storage(ABC):
    """One storage, as this process uses it; opening it sends no request.

    Attributes:
        clock: Storage's clock.
        blobs, tables, queues: For blocking code.
        reader: The connection for code that runs on the event loop of `shared.storage.background_reads`.
        is_local: Whether storage is on this machine, and so the loop is.
    """

    clock: Clock
    blobs: Blobs
    tables: Tables
    queues: Queues
    reader: Connection
    is_local: bool

    @abstractmethod
    def connect(self, timeout: float) -> Connection:
        """Open a connection for an event loop.

        Args:
            timeout: How many seconds to wait for an answer.
        """

    @abstractmethod
    def close(self) -> None:
        """Close what is open, once nobody uses it any more."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
