"""A model of one storage account: what Azure's Blob, Table and Queue storage answer, as far as the product asks.

It knows no network, no faults and no clients: each method is one request that arrives, is obeyed or refused, and is
answered, all at one moment of a virtual clock. A refusal carries the status and the error code of the service's REST
interface.

Where Azurite is known to answer differently from Azure, the model follows Azure; each such place names its source:
"doc" is the REST reference of the storage services (learn.microsoft.com/rest/api/storageservices).
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from shared.storage.interface import RowRange
from tests.simulation.virtual_time import SECOND, Clock

ROWS_OF_BATCH: Final = 100
ROWS_OF_PAGE: Final = 1_000
BLOBS_OF_PAGE: Final = 5_000

Entity = dict[str, Any]
Key = tuple[str, str]


class Refused(Exception):
    """A request that storage refuses.

    Attributes:
        index: Which row of a batch is to blame; None if no row is named.
    """

    def __init__(self, status: int, code: str, index: int | None = None) -> None:
        super().__init__(status, code, index)
        self.status = status
        self.code = code
        self.index = index


@dataclass(slots=True)
class Lease:
    """The last lease of a blob, which may have expired.

    Attributes:
        seconds: How long it lasts without a renewal; -1 for ever.
    """

    id: str
    seconds: int
    until_us: int = 0

    @property
    def is_infinite(self) -> bool:
        """Whether it never expires."""
        return self.seconds == -1

    def renew(self, now_us: int) -> None:
        """Let it last from now on."""
        self.until_us = now_us + self.seconds * SECOND

    def holds(self, now_us: int) -> bool:
        """Whether it has not expired."""
        return self.is_infinite or now_us < self.until_us


@dataclass(slots=True)
class StoredBlob:
    """A blob.

    Attributes:
        etag: Differs from the ETag of every other version of every blob.
    """

    name: str
    data: bytes
    metadata: Mapping[str, str]
    etag: str
    modified_us: int
    lease: Lease | None = None


@dataclass(slots=True)
class _Container:
    blobs: dict[str, StoredBlob] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


class Blobs:
    """The blob service.

    Attributes:
        versions: What was ever written, by container and name, oldest first, deleted blobs included.
    """

    def __init__(self, clock: Clock) -> None:
        self.versions: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
        self._clock = clock
        self._containers: dict[str, _Container] = {}
        self._etags = count(1)

    def create_container(self, container: str) -> None:
        """Make a container."""
        if container in self._containers:
            raise Refused(409, "ContainerAlreadyExists")
        self._containers[container] = _Container()

    def get(self, container: str, name: str, if_none_match: str | None = None) -> StoredBlob:
        """Read a blob; 304 if it still has an ETag."""
        blob = self._container(container).blobs.get(name)
        if blob is None:
            raise Refused(404, "BlobNotFound")
        if blob.etag == if_none_match:
            raise Refused(304, "ConditionNotMet")
        return blob

    def find(self, container: str, name: str) -> StoredBlob | None:
        """A blob, for whoever looks at the model itself; None if there is none."""
        place = self._containers.get(container)
        return place and place.blobs.get(name)

    def get_range(
        self, container: str, name: str, start: int, end: int | None, if_match: str | None = None
    ) -> tuple[StoredBlob, bytes]:
        """Read a blob, and a piece of its content, shorter at its end; 412 if it has another ETag than one.

        Source: doc, "Specifying the range header for Blob service operations": no piece begins where the blob ends.
        Azurite answers that it is empty.
        """
        blob = self.get(container, name)
        if if_match not in (None, blob.etag):
            raise Refused(412, "ConditionNotMet")
        if start >= len(blob.data):
            raise Refused(416, "InvalidRange")
        return blob, blob.data[start:end]

    def set_metadata(
        self, container: str, name: str, metadata: Mapping[str, str], *, if_match: str | None = None
    ) -> None:
        """Replace a blob's metadata, whereby it gets another ETag."""
        blob = self.get(container, name)
        self._check_conditions(blob, if_match)
        lease = self._check_lease(blob, None)
        self._container(container).blobs[name] = StoredBlob(
            name, blob.data, metadata, self._new_etag(), self._clock.now_us, lease
        )

    def put(
        self,
        container: str,
        name: str,
        data: bytes,
        metadata: Mapping[str, str],
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
        if_unmodified_since_us: int | None = None,
        lease_id: str | None = None,
    ) -> StoredBlob:
        """Write a whole blob; a lease stays."""
        place = self._container(container)
        before = place.blobs.get(name)
        self._check_conditions(before, if_match, if_unmodified_since_us)
        if before is not None and if_none_match == "*":
            raise Refused(409, "BlobAlreadyExists")
        lease = self._check_lease(before, lease_id)
        blob = StoredBlob(name, data, metadata, self._new_etag(), self._clock.now_us, lease)
        if before is None:
            insort(place.names, name)
        place.blobs[name] = blob
        self.versions[container, name].append(data)
        return blob

    def delete(self, container: str, name: str, *, if_match: str | None = None, lease_id: str | None = None) -> None:
        """Delete a blob."""
        place = self._container(container)
        blob = place.blobs.get(name)
        self._check_conditions(blob, if_match)
        if blob is None:
            raise Refused(404, "BlobNotFound")
        self._check_lease(blob, lease_id)
        del place.blobs[name]
        del place.names[bisect_left(place.names, name)]

    def page(
        self, container: str, prefix: str, first: str | None, most: int = BLOBS_OF_PAGE
    ) -> tuple[list[StoredBlob], str | None]:
        """A page of the blobs whose names begin with a prefix, in order, and the name with which the next begins.

        Each page is read at its own moment: what is made or deleted between two pages may be in the list or not.
        """
        place = self._container(container)
        start = bisect_left(place.names, first or prefix)
        page: list[StoredBlob] = []
        for position in range(start, len(place.names)):
            name = place.names[position]
            if not name.startswith(prefix):
                return page, None
            if len(page) == most:
                return page, name
            page.append(place.blobs[name])
        return page, None

    def acquire(self, container: str, name: str, seconds: int, lease_id: str) -> str:
        """Take a lease on a blob, also once more under the id that it has."""
        blob = self.get(container, name)
        if self._is_leased(blob) and blob.lease is not None and blob.lease.id != lease_id:
            raise Refused(409, "LeaseAlreadyPresent")
        if seconds != -1 and not 15 <= seconds <= 60:
            raise Refused(400, "InvalidHeaderValue")
        blob.lease = Lease(lease_id, seconds)
        blob.lease.renew(self._clock.now_us)
        return lease_id

    def renew(self, container: str, name: str, lease_id: str) -> None:
        """Renew a lease; also an expired one, unless the blob was written or leased since."""
        blob = self.get(container, name)
        if blob.lease is None or blob.lease.id != lease_id:
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        blob.lease.renew(self._clock.now_us)

    def release(self, container: str, name: str, lease_id: str) -> None:
        """Give a lease back, or one that has expired."""
        blob = self.get(container, name)
        if blob.lease is None or blob.lease.id != lease_id:
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        blob.lease = None

    def _container(self, name: str) -> _Container:
        try:
            return self._containers[name]
        except KeyError:
            raise Refused(404, "ContainerNotFound") from None

    def _is_leased(self, blob: StoredBlob) -> bool:
        return blob.lease is not None and blob.lease.holds(self._clock.now_us)

    def _check_conditions(
        self, blob: StoredBlob | None, if_match: str | None, if_unmodified_since_us: int | None = None
    ) -> None:
        """Refuse a write on a condition that does not hold; `*` holds for any blob, but not where there is none.

        Source: doc, "Specifying conditional headers": the service follows HTTP/1.1. Azurite writes a blob in spite of
        `*` where there is none.
        """
        if if_match is not None and (blob is None or if_match not in ("*", blob.etag)):
            raise Refused(412, "ConditionNotMet")
        if if_unmodified_since_us is not None and blob is not None:
            modified_us = blob.modified_us - blob.modified_us % SECOND
            if modified_us > if_unmodified_since_us:
                raise Refused(412, "ConditionNotMet")

    def _check_lease(self, blob: StoredBlob | None, lease_id: str | None) -> Lease | None:
        """Refuse a write under another lease or none; gives the lease that stays.

        A write ends a lease that has expired, so that it cannot be renewed any more. A lease that is no more is
        answered by `LeaseNotPresentWithBlobOperation`, one that has expired by `LeaseLost` (doc: "Blob service error
        codes"); Azurite answers both with the latter.
        """
        lease = blob.lease if blob is not None else None
        if lease is not None and lease.holds(self._clock.now_us):
            if lease_id is None:
                raise Refused(412, "LeaseIdMissing")
            if lease_id != lease.id:
                raise Refused(412, "LeaseIdMismatchWithBlobOperation")
            return lease
        if lease_id is not None and blob is not None:
            raise Refused(412, "LeaseLost" if lease is not None else "LeaseNotPresentWithBlobOperation")
        return None

    def _new_etag(self) -> str:
        return f'"0x{next(self._etags):015X}"'


@dataclass(slots=True)
class _Table:
    keys: list[Key] = field(default_factory=list)
    rows: dict[Key, Entity] = field(default_factory=dict)
    stored_us: dict[Key, int] = field(default_factory=dict)


@dataclass(slots=True)
class StoredEntity:
    """A row as the service gives it without metadata: 64-bit numbers and binaries are texts."""

    entity: Entity
    stored_us: int


class Tables:
    """The table service."""

    def __init__(self, clock: Clock, deletion_us: int) -> None:
        """Take the time for which a table that was deleted keeps its name.

        Source: doc, "Delete Table": it takes at least 40 seconds, during which every operation on the table is
        answered 409 `TableBeingDeleted`. In Azurite the table is gone at once.
        """
        self._clock = clock
        self._deletion_us = deletion_us
        self._tables: dict[str, _Table] = {}
        self._deleted_until_us: dict[str, int] = {}

    def create(self, table: str) -> None:
        """Make a table."""
        self._check_deleted(table)
        if table in self._tables:
            raise Refused(409, "TableAlreadyExists")
        self._tables[table] = _Table()

    def delete(self, table: str) -> None:
        """Delete a table and its rows."""
        self._table(table, "ResourceNotFound")
        del self._tables[table]
        if self._deletion_us:
            self._deleted_until_us[table] = self._clock.now_us + self._deletion_us

    def names(self) -> list[str]:
        """The names of all tables, in order."""
        return sorted(self._tables)

    def insert(self, table: str, entities: Sequence[Entity]) -> list[int]:
        """Insert rows of one partition, all or none; gives when each was stored."""
        place = self._table(table)
        keys = [(entity["PartitionKey"], entity["RowKey"]) for entity in entities]
        _check_batch(place.rows, keys)
        now_us = self._clock.now_us
        for key, entity in zip(keys, entities, strict=True):
            insort(place.keys, key)
            place.rows[key] = entity
            place.stored_us[key] = now_us
        return [now_us] * len(keys)

    def get(self, table: str, partition: str, row: str) -> StoredEntity:
        """Read one row."""
        place, key = self._table(table), (partition, row)
        if key not in place.rows:
            raise Refused(404, "ResourceNotFound")
        return StoredEntity(place.rows[key], place.stored_us[key])

    def page(
        self, table: str, rows: RowRange, after: Key | None, most: int = ROWS_OF_PAGE
    ) -> tuple[list[StoredEntity], Key | None]:
        """A page of the rows of a range, in order of their keys, and the key with which the next begins."""
        place, first = self._table(table), (rows.first_partition, "")
        start = bisect_left(place.keys, max(first, after or first))
        page: list[StoredEntity] = []
        for position in range(start, len(place.keys)):
            key = place.keys[position]
            if key[0] > rows.last_partition:
                return page, None
            if not _is_in(key, place.rows[key], rows):
                continue
            if len(page) == most:
                return page, key
            page.append(StoredEntity(place.rows[key], place.stored_us[key]))
        return page, None

    def delete_entity(self, table: str, partition: str, row: str) -> None:
        """Delete one row, whatever its ETag."""
        place, key = self._table(table), (partition, row)
        if key not in place.rows:
            raise Refused(404, "ResourceNotFound")
        del place.rows[key], place.stored_us[key]
        del place.keys[bisect_left(place.keys, key)]

    def _table(self, name: str, missing: str = "TableNotFound") -> _Table:
        place = self._tables.get(name)
        if place is None:
            self._check_deleted(name)
            raise Refused(404, missing)
        return place

    def _check_deleted(self, table: str) -> None:
        if self._clock.now_us < self._deleted_until_us.get(table, 0):
            raise Refused(409, "TableBeingDeleted")


def _check_batch(rows: Mapping[Key, Entity], keys: Sequence[Key]) -> None:
    """Refuse rows that are there, and what no entity group transaction may hold, by the first row to blame.

    Source: doc, "Performing entity group transactions". Azurite breaks off its answer to more than 100 rows.
    """
    if len(keys) > ROWS_OF_BATCH:
        raise Refused(400, "InvalidInput")
    sent: set[Key] = set()
    for index, key in enumerate(keys):
        if key[0] != keys[0][0]:
            raise Refused(400, "CommandsInBatchActOnDifferentPartitions", index)
        if key in rows:
            raise Refused(409, "EntityAlreadyExists", index)
        if key in sent:
            raise Refused(400, "InvalidDuplicateRow", index)
        sent.add(key)


def _is_in(key: Key, entity: Entity, rows: RowRange) -> bool:
    """Whether a row of the partitions of a range is in the range."""
    at_us = int(entity["at"])
    return (
        (not rows.keys or any(first < key[1] < last for first, last in rows.keys))
        and (rows.from_us is None or at_us >= rows.from_us)
        and (rows.to_us is None or at_us < rows.to_us)
        and bool(entity["id"].startswith(rows.id_begin))
    )


@dataclass(slots=True)
class Message:
    """A message of a queue.

    Attributes:
        receipt: Of the last one who received it; only with this can it be deleted.
        visible_us: From when on it can be received.
        expires_us: When it is gone; None for never.
        received: How often it was received.
    """

    id: str
    text: str
    visible_us: int
    expires_us: int | None
    receipt: str = ""
    received: int = 0


class Queues:
    """The queue service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queues: dict[str, dict[str, Message]] = {}
        self._numbers = count(1)

    def create(self, queue: str) -> None:
        """Make a queue. That there is one already, without metadata as all of ours are, is a success of its own."""
        if queue in self._queues:
            raise Refused(204, "QueueAlreadyExists")
        self._queues[queue] = {}

    def send(self, queue: str, text: str, hidden_seconds: int, seconds: int | None) -> Message:
        """Put a message into a queue."""
        now_us, messages = self._clock.now_us, self._queue(queue)
        expires_us = None if seconds is None else now_us + seconds * SECOND
        message = Message(f"{next(self._numbers):08x}", text, now_us + hidden_seconds * SECOND, expires_us)
        messages[message.id] = message
        return message

    def receive(self, queue: str, most: int, hidden_seconds: int) -> list[Message]:
        """Take messages that are visible, oldest first, and hide them for a while."""
        now_us, messages = self._clock.now_us, self._queue(queue)
        for message in [
            each for each in messages.values() if each.expires_us is not None and each.expires_us <= now_us
        ]:
            del messages[message.id]
        received = [message for message in messages.values() if message.visible_us <= now_us][:most]
        for message in received:
            message.received += 1
            message.receipt = f"{next(self._numbers):08x}"
            message.visible_us = now_us + hidden_seconds * SECOND
        return received

    def has_visible(self, queue: str) -> bool:
        """Whether a message could be received; for whoever would ask for hours in vain."""
        return any(message.visible_us <= self._clock.now_us for message in self._queues.get(queue, {}).values())

    def delete(self, queue: str, message_id: str, receipt: str) -> None:
        """Delete a message that was received, unless it was received again since."""
        messages = self._queue(queue)
        if message_id not in messages:
            raise Refused(404, "MessageNotFound")
        if messages[message_id].receipt != receipt:
            raise Refused(400, "PopReceiptMismatch")
        del messages[message_id]

    def _queue(self, name: str) -> dict[str, Message]:
        try:
            return self._queues[name]
        except KeyError:
            raise Refused(404, "QueueNotFound") from None


class Storage:
    """The services of one account."""

    def __init__(self, clock: Clock, *, deletion_us: int = 40 * SECOND) -> None:
        """Take the clock, and the time for which the name of a deleted table stays taken."""
        self.blobs = Blobs(clock)
        self.tables = Tables(clock, deletion_us)
        self.queues = Queues(clock)
