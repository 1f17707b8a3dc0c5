"""Sequences of operations on storage, and their answers in a form in which those of two storages can be compared.

Each operation goes through the product's functions or clients, so that it is the same on the model and on Azurite.
What differs from storage to storage by its nature - ETags, lease ids, times - is replaced by what it is equal to: an
ETag by the number of the operation that first gave it.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError

from shared.errors import LoopError
from shared.evaluation import evaluation_queue
from shared.evaluation.evaluation import Purpose
from shared.evaluation.evaluation_queue import WorkMessage
from shared.storage.azure.rest import Rest
from shared.storage.blob_file import BlobFile
from shared.storage.interface import Row, RowRange
from shared.storage.paths import EVALUATION_QUEUE
from shared.storage.storage_answers import BlobMissing, MessageLost, RowExists, RowRefused, TableMissing
from shared.storage.this_storage import blobs, queues, tables

Answer = Any
Operation = tuple[Any, ...]
"""The name of one of the methods of `Blobs`, `Tables` or `Queues`, and its arguments."""

_REFUSALS = (AzureError, LoopError, MessageLost, RowExists, RowRefused, TableMissing, BlobMissing)
_SAME_CODES = {"LeaseNotPresentWithBlobOperation": "LeaseLost"}
"""Azurite answers a write under a lease that is no more as if the lease had expired; see `storage.Blobs`."""


@dataclass(slots=True)
class Side:
    """One of the storages that are compared.

    Attributes:
        rest: Its client of the hot path.
        account: Its blocking clients.
        run: Runs a coroutine of that client.
        scope: Comes before all names, so that each sequence begins with nothing.
        etags: The ETags that were given, with the numbers of the operations that first gave them.
    """

    rest: Rest
    account: Any
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    scope: str
    etags: dict[str, int] = field(default_factory=dict)
    leases: list[Any] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    stored_us: dict[tuple[str, ...], int] = field(default_factory=dict)

    def etag(self, number: int) -> str:
        """One of the ETags that were given, or one that never was."""
        given = list(self.etags)
        return given[number % len(given)] if given and number >= 0 else '"0x1"'

    def lease(self, number: int | None) -> str | None:
        """The id of one of the leases, or one that never was; None for no lease."""
        if number is None:
            return None
        lease = self._lease(number)
        return str(lease.id) if lease else "00000000-0000-0000-0000-000000000000"

    def _lease(self, number: int) -> Any:
        return self.leases[number % len(self.leases)] if self.leases else None

    # Blobs

    def client(self, name: str) -> Any:
        """The SDK's client of a blob."""
        return self.account.blobs.get_blob_client(*self.path(name).split("/", 1))

    def path(self, name: str) -> str:
        """The path of a blob, in a container of this sequence."""
        return f"{self.scope}{name}"

    def create(self, name: str, data: bytes, metadata: dict[str, str]) -> Answer:
        return blobs().create(self.path(name), data, metadata)

    def write(self, name: str, data: bytes) -> Answer:
        return blobs().write(self.path(name), data)

    def write_over(self, name: str, data: bytes, etag: int | None, lease: int | None, metadata: Any) -> Answer:
        known = None if etag is None else self.etag(etag)
        return blobs().write_over(self.path(name), data, known, self.lease(lease), metadata)

    def upload(self, name: str, data: bytes, lease: int | None) -> Answer:
        """Write a blob by the client itself, whose error holds what `write_over` makes one of."""
        under = {} if lease is None else {"lease": self.lease(lease)}
        return str(self.client(name).upload_blob(data, overwrite=True, **under)["etag"])

    def replace(self, name: str, data: bytes) -> Answer:
        """Write a blob that is there, as `CustomerContainer.replace`; Azurite would write it where there is none."""
        if blobs().read_etag(self.path(name)) is None:
            return "there is none"
        container, blob = self.path(name).split("/", 1)
        client = self.account.blobs.get_container_client(container)
        return client.upload_blob(blob, data, overwrite=True, match_condition=MatchConditions.IfPresent) and "written"

    def remove(self, name: str, etag: int | None) -> Answer:
        return blobs().remove(self.path(name), None if etag is None else self.etag(etag))

    def delete(self, name: str) -> Answer:
        """Delete a blob by the client itself, which raises where there is none."""
        return self.client(name).delete_blob()

    def read(self, name: str) -> Answer:
        return blobs().read(self.path(name))

    def read_etag(self, name: str) -> Answer:
        return blobs().read_etag(self.path(name))

    def read_version(self, name: str) -> Answer:
        version = blobs().read_version(self.path(name))
        return version and (*version[:3], version.modified.tzinfo is not None)

    def read_piece(self, name: str, start: int, length: int) -> Answer:
        """Read a piece that does not begin where the blob ends; there, Azurite would answer that it is empty."""
        if (blob := blobs().read(self.path(name))) is not None and len(blob.data) == start:
            return "the blob ends there"
        return blobs().read_piece(self.path(name), start, length)

    def read_file(self, name: str, written: bytes | None) -> Answer:
        """Read a blob as a file, which may be written after it was opened."""
        file = BlobFile.open(self.path(name))
        if file is None:
            return "there is none"
        if written is not None:
            blobs().write(self.path(name), written)
        return file.read()

    def renew_etag(self, name: str) -> Answer:
        return blobs().renew(self.path(name))

    def remove_unchanged(self, name: str, etag: int) -> Answer:
        return blobs().remove_unchanged(self.path(name), self.etag(etag))

    def read_lease(self, name: str) -> Answer:
        return self.client(name).get_blob_properties().lease.duration

    def write_unmodified(self, name: str, data: bytes, seconds: int) -> Answer:
        """Write a blob unless it was changed within some seconds before the last one, as `CustomerContainer.copy`."""
        read = self.client(name).get_blob_properties
        since = read().last_modified - timedelta(seconds=seconds)
        container, blob = self.path(name).split("/", 1)
        client = self.account.blobs.get_container_client(container)
        return client.upload_blob(blob, data, overwrite=True, if_unmodified_since=since) and "written"

    def list_blobs(self, prefix: str) -> Answer:
        listed = list(blobs().list_blobs(self.path(prefix)))
        return [
            (blob.path, blob.size_bytes, blob.metadata, blob.etag, blob.modified.tzinfo is not None) for blob in listed
        ]

    def list_folders(self, prefix: str) -> Answer:
        return list(blobs().list_folders(self.path(prefix)))

    def read_blob(self, name: str, etag: int | None) -> Answer:
        known = None if etag is None else self.etag(etag)
        return self.run(self.rest.read_blob(self.path(name), known))

    def read_piece_of_blob(self, name: str, start: int, length: int) -> Answer:
        return self.run(self.rest.read_piece(self.path(name), start, length))

    def create_blob(self, name: str, data: bytes) -> Answer:
        return self.run(self.rest.create_blob(self.path(name), data, "text/plain"))

    def acquire(self, name: str, seconds: int) -> Answer:
        self.leases.append(self.client(name).acquire_lease(seconds))

    def acquire_again(self, lease: int, seconds: int) -> Answer:
        if taken := self._lease(lease):
            taken.acquire(seconds)

    def renew(self, lease: int) -> Answer:
        if taken := self._lease(lease):
            taken.renew()

    def release(self, lease: int) -> Answer:
        if taken := self._lease(lease):
            own = taken.id
            taken.release()
            taken.id = own  # the SDK's client forgets it

    # Tables

    def table(self, name: str) -> str:
        """The name of a table of this sequence."""
        return f"{self.scope}{name}"

    def create_table(self, name: str) -> Answer:
        return self.run(self.rest.create_table(self.table(name)))

    def delete_table(self, name: str) -> Answer:
        return self.account.tables.delete_table(self.table(name))

    def list_tables(self) -> Answer:
        named = f"TableName ge '{self.scope}' and TableName lt '{self.scope}zz'"
        return [item.name for item in self.account.tables.query_tables(named)]

    def insert(self, name: str, row: tuple[str, str, str]) -> Answer:
        return self.insert_batch(name, row[0], [row[1:]])

    def insert_batch(self, name: str, partition: str, rows: list[tuple[str, str]]) -> Answer:
        stored = self.run(self.rest.insert(self.table(name), [make_row((partition, key, text)) for key, text in rows]))
        self.stored_us |= {(name, partition, row[0]): at_us for row, at_us in zip(rows, stored, strict=True)}
        return len(stored)

    def read_row(self, name: str, partition: str, row: str) -> Answer:
        stored = self.run(self.rest.read(self.table(name), partition, row))
        return stored and self._row(name, stored)

    def query(self, name: str, rows: RowRange, most: int) -> Answer:
        """All pages of a query, none of which is beyond the size that was asked for."""
        found: list[Any] = []
        after: Any = None
        while True:
            page = self.run(self.rest.query(self.table(name), rows, most, after))
            assert len(page.rows) <= most
            found += [self._row(name, row) for row in page.rows]
            if (after := page.after) is None:
                return found

    def delete_rows(self, name: str, rows: RowRange) -> Answer:
        """Delete rows as `row_deletion.delete_rows`."""
        found = tables().read(self.table(name), rows)
        for row in found:
            tables().delete(self.table(name), row.partition, row.key)
        return [(row.partition, row.key) for row in found]

    def delete_row(self, name: str, partition: str, row: str) -> Answer:
        return self.account.tables.get_table_client(self.table(name)).delete_entity(partition, row)

    def _row(self, name: str, row: Row) -> Any:
        """A row, whose time of storage is replaced by whether it is the one that the insert gave."""
        is_same = row.stored_at_us == self.stored_us[name, row.partition, row.key]
        return [*row[:-1], is_same]

    # Queues

    def create_queue(self) -> Answer:
        self.account.queues.create_queue(self.scope)

    def send(self, text: str, hidden: int) -> Answer:
        self.account.queues.get_queue_client(self.scope).send_message(text, visibility_timeout=hidden, time_to_live=-1)

    def receive(self, most: int) -> Answer:
        received = queues().receive(self.scope, most, 600)
        self.messages += received
        return [(message.text, message.dequeue_count) for message in received]

    def delete_message(self, number: int) -> Answer:
        if self.messages:
            queues().remove(self.scope, self.messages[number % len(self.messages)])

    def send_work(self, work: str) -> Answer:
        evaluation_queue.send([WorkMessage("default", Purpose.EVALUATION, work, 1, None)])

    def receive_work(self, most: int) -> Answer:
        return [evaluation_queue.read(message.text) for message in queues().receive(EVALUATION_QUEUE, most, 30)]


def make_row(row: tuple[str, str, str]) -> Row:
    """A row that has all that rows can have."""
    partition, key, text = row
    return Row(partition, key, text, 1_800_000_000_000_000, 20_000_000, 0.5, "slot", b"\x00\x01\x02")


def perform(side: Side, operations: list[Operation]) -> list[Answer]:
    """Carry operations out, one after the other; gives their answers."""
    answers = []
    for number, (name, *values) in enumerate(operations):
        try:
            given = getattr(side, name)(*values)
        except _REFUSALS as error:
            answers.append(_describe(error))
        else:
            answers.append(_compare_etags(given, side, number))
    return answers


def _describe(error: BaseException | None) -> Answer:
    """An error by its class, status and code, and by the error that it came from."""
    if error is None:
        return None
    code = getattr(error, "error_code", None)
    text = getattr(code, "value", code)
    status = error.status_code if isinstance(error, HttpResponseError) else None
    cause = error.__cause__ if isinstance(error, LoopError) else None
    rest = error.args if isinstance(error, RowExists | RowRefused) else ()
    return type(error).__name__, status, _SAME_CODES.get(text, text), rest, _describe(cause)


def _compare_etags(given: Any, side: Side, number: int) -> Answer:
    """An answer with its ETags replaced by the numbers of the operations that first gave them."""
    if hasattr(given, "_asdict"):
        return _compare_etags([*given._asdict().items()], side, number)
    if isinstance(given, list | tuple):
        return type(given)(_compare_etags(each, side, number) for each in given)
    if is_dataclass(given):
        return {each.name: _compare_etags(getattr(given, each.name), side, number) for each in fields(given)}
    if isinstance(given, str) and given.startswith('"0x'):
        return "etag", side.etags.setdefault(given, number)
    return given
