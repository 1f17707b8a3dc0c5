"""The clients through which the product reaches the model in place of Azure.

`Gate` carries a process's requests to the model, through whatever faults are decided for them. The other classes answer
what the clients of the SDKs and `shared.storage.azure.rest.Rest` answer, as far as the product uses them, and raise the
SDKs' own errors; `test_storage_model.py` compares them with the real clients.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import IO, Any, Final

import orjson
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.data.tables import TableErrorCode
from azure.storage.blob import StorageErrorCode

from shared.storage import paths
from shared.storage.azure import row_json, table_batch
from shared.storage.azure.endpoints import Endpoints
from shared.storage.azure.rest import Rest
from shared.storage.azure.storage_clock import StorageClock
from shared.storage.interface import Blob, Row, RowPage, RowRange
from shared.storage.storage_answers import BlobChanged, BlobMissing, OutcomeUnknown, StorageRefused, TableMissing
from shared.storage_errors import StorageUnavailable
from shared.times import from_datetime, to_datetime
from tests.simulation.faults import AT_ONCE, Died, Fault, Faults, Kind, Request
from tests.simulation.storage import BLOBS_OF_PAGE, Entity, Message, Refused, Storage, StoredBlob
from tests.simulation.virtual_time import SECOND, Clock

type Apply[Answer] = Callable[[int | None], Answer]
"""A request that reaches storage; it is given how many entries a page may have at most, None for the usual number."""

_PAUSES: Final[Mapping[str, tuple[float, ...]]] = {"blob": (0, 1, 1), "table": (0, 0.8, 1.6), "queue": (0, 1, 1)}
"""Seconds between the tries of an SDK's client, as `azure.account` configures them, without the jitter."""
_SDK_SECONDS: Final = 30
_READS: Final = ("get ", "head ", "list ", "query ")
"""How the names of operations begin that only read."""


class _NoAnswer(Exception):
    """A client that gets no answer, or 5xx.

    Attributes:
        kind: Why.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class Gate:
    """The way of one process's requests to storage.

    Attributes:
        name: The process's name.
        on_death: What ends with the process.
        pauses_until_us: Until when the process stands still.
        dead: Whether the process has died; then no request leaves it any more.
        requests: How many requests it has sent.
    """

    name: str
    clock: Clock
    faults: Faults
    on_death: Callable[[], None]
    pauses_until_us: int = 0
    dead: bool = False
    requests: int = 0
    storage_clock: StorageClock = field(default_factory=StorageClock)
    _noted: tuple[int, int, int] = (0, 0, 0)

    def die(self) -> None:
        """Let the process die here.

        Raises:
            Died: Always.
        """
        self.end()
        raise Died(self.name)

    def pause_ends_us(self) -> int:
        """Until when the process stands still."""
        return self.pauses_until_us

    def close(self) -> None:
        """Let go of the process."""
        self.on_death = _nothing

    def end(self) -> None:
        """Let the process be dead from now on."""
        self.dead = True
        self.on_death()

    def decide(self, operation: str, path: str) -> Fault:
        """Decide about a request that is about to be sent.

        Raises:
            Died: The process is dead, or dies now.
        """
        if self.dead:
            raise Died(self.name)
        self.requests += 1
        fault = self.faults.decide(Request(self.name, operation, path))
        if fault.kind is Kind.DEATH:
            self.die()
        if fault.kind is Kind.PAUSE:
            self.pauses_until_us = self.clock.now_us + fault.before_us
        return fault

    @property
    def steady_us(self) -> int:
        """The time by the clock of the process's machine that nobody sets."""
        return self.clock.now_us - self.clock.began_us

    def note_time(self, sent_us: int, answered_us: int) -> None:
        """Let the process learn storage's time from the `Date` of an answer.

        Args:
            sent_us: By the steady clock.
            answered_us: By storage's clock.
        """
        second_us = answered_us - answered_us % SECOND
        noted = second_us, sent_us, self.clock.now_us
        if noted != self._noted:  # requests that take no time tell again and again what is known
            self._noted = noted
            self.storage_clock.note(second_us, second_us + SECOND, sent_us, self.steady_us)

    def pass_time(self, us: int) -> None:
        """Let time pass for blocking code, in which the process may die."""
        if us:
            self.clock.pass_to(self.clock.now_us + us)
        self.stand_still()
        if self.dead:
            raise Died(self.name)

    def stand_still(self) -> None:
        """Let a pause of the process end, which other code of it may have met; for blocking code."""
        while self.pauses_until_us > self.clock.now_us:
            self.clock.pass_to(self.pauses_until_us)

    async def wait(self, us: int) -> None:
        """Let time pass for a coroutine, in which the process may die."""
        if us:
            await asyncio.sleep(us / SECOND)
        if self.dead:
            raise Died(self.name)

    def obey[Answer](self, fault: Fault, apply: Apply[Answer], seconds: float) -> Answer:
        """Let a request that has arrived have its effect.

        Args:
            seconds: How long the client waits for an answer.

        Raises:
            _NoAnswer: The client gets no answer.
            Refused: Storage refuses the request.
        """
        kind = fault.kind
        if kind in (Kind.PAUSE, Kind.PARTIAL):
            return apply(fault.page if kind is Kind.PARTIAL else None)
        if kind is Kind.LATE:
            late_us = round(seconds * SECOND) + fault.after_us
            self.clock.call_at(self.clock.now_us + late_us, lambda: _apply_late(apply))
        elif kind in (Kind.LOST_ANSWER, Kind.ERROR_AFTER, Kind.DEATH_AFTER):
            _apply_late(apply)
        if kind is Kind.DEATH_AFTER:
            self.die()
        raise _NoAnswer(Kind(kind))

    def once[Answer](self, operation: str, path: str, apply: Apply[Answer], seconds: float) -> Answer:
        """Send a request and wait for the answer, for blocking code."""
        self.stand_still()
        fault, sent_us = self.decide(operation, path), self.steady_us
        if fault.before_us:
            self.pass_time(fault.before_us)
        answered_us = self.clock.now_us
        try:
            return apply(None) if fault.kind is None else self.obey(fault, apply, seconds)
        finally:
            if fault.kind is None and not fault.after_us:
                self.note_time(sent_us, answered_us)
            elif not self.dead:
                self.pass_time(round(seconds * SECOND) if fault.kind is Kind.LATE else fault.after_us)
                if fault.is_answered:
                    self.note_time(sent_us, answered_us)

    def call[Answer](self, service: str, operation: str, path: str, apply: Apply[Answer]) -> Answer:
        """Send a request as an SDK's client does: again, where no usable answer comes.

        Raises:
            Refused: Storage refuses the request.
            AzureError: No try had a usable answer.
        """
        for pause in _PAUSES[service]:
            try:
                return self.once(operation, path, apply, _SDK_SECONDS)
            except _NoAnswer:
                self.pass_time(round(pause * SECOND))
        try:
            return self.once(operation, path, apply, _SDK_SECONDS)
        except _NoAnswer as trouble:
            raise _sdk_error(trouble.kind) from None

    async def send[Answer](self, operation: str, path: str, apply: Apply[Answer], seconds: float) -> Answer:
        """Send a request as `Rest` does: once.

        Raises:
            Refused: Storage refuses the request.
            StorageUnavailable: No usable answer came.
        """
        fault = self.decide(operation, path)
        if fault is AT_ONCE:
            now_us = self.clock.now_us
            try:
                return apply(None)
            finally:
                self.note_time(now_us - self.clock.began_us, now_us)
        if fault.kind is not Kind.PAUSE and fault.before_us + fault.after_us >= seconds * SECOND:
            fault = Fault(Kind.LATE, after_us=max(0, fault.before_us - round(seconds * SECOND)))
        sent_us = self.steady_us
        await self.wait(fault.before_us)
        answered_us = self.clock.now_us
        try:
            return apply(None) if fault.kind is None else self.obey(fault, apply, seconds)
        except _NoAnswer as trouble:
            raise _rest_error(trouble.kind) from None
        finally:
            if not self.dead:
                await self.wait(round(seconds * SECOND) if fault.kind is Kind.LATE else fault.after_us)
                if fault.is_answered:
                    self.note_time(sent_us, answered_us)


def _nothing() -> None:
    """Let nothing end: the process is gone."""


def _apply_late[Answer](apply: Apply[Answer]) -> None:
    """Obey a request whose client waits for no answer."""
    try:
        apply(None)
    except Refused:
        return


def _sdk_error(kind: Kind) -> Exception:
    if kind is Kind.LOST_REQUEST:
        return ServiceRequestError("connection refused")
    if kind is Kind.LATE:
        return ServiceResponseTimeoutError("read timed out")
    if kind is Kind.LOST_ANSWER:
        return ServiceResponseError("connection aborted")
    return _make_error(HttpResponseError, "storage is in trouble", 503 if kind is Kind.BUSY else 500)


def _rest_error(kind: Kind) -> StorageUnavailable:
    if kind is Kind.LOST_REQUEST:
        return StorageUnavailable("storage cannot be reached")
    if kind in (Kind.LATE, Kind.LOST_ANSWER):
        return OutcomeUnknown("storage gave no answer")
    return OutcomeUnknown(f"storage answered {503 if kind is Kind.BUSY else 500}")


def _make_error(kind: type[HttpResponseError], message: str, status: int, code: object = None) -> HttpResponseError:
    """An error of the SDKs, without what their `__init__` finds out at length: it has no answer to look at."""
    error = kind.__new__(kind, message)
    error.message, error.reason, error.response, error.model, error.error = message, None, None, None, None
    error.status_code = status
    error.error_code = code  # type: ignore[attr-defined]
    return error


def _with_answer(error: HttpResponseError, operation: str, now_us: int) -> HttpResponseError:
    error.response = _Response(_Sent("GET" if operation.startswith(_READS) else "PUT"), now_us)
    return error


@dataclass(slots=True)
class _Sent:
    """The request that was answered; its method is told as one of a read, or of a write."""

    method: str


@dataclass(slots=True)
class _Response:
    """The answer that an error was made of; few ask when it was given."""

    request: _Sent
    now_us: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Date": format_datetime(to_datetime(self.now_us - self.now_us % SECOND), usegmt=True)}


_BLOB_ERRORS: Final[Mapping[int, type[HttpResponseError]]] = {
    204: ResourceExistsError,
    404: ResourceNotFoundError,
    409: ResourceExistsError,
}


def _blob_error(refused: Refused) -> HttpResponseError:
    """The error of the SDKs for blobs and queues: its class follows from the status, for some from the code."""
    kind = _BLOB_ERRORS.get(refused.status, HttpResponseError)
    if refused.code == "ConditionNotMet":
        kind = ResourceModifiedError
    return _make_error(kind, f"ErrorCode:{refused.code}", refused.status, StorageErrorCode(refused.code))


def _table_error(refused: Refused) -> HttpResponseError:
    kind = ResourceNotFoundError if refused.status == 404 else HttpResponseError
    if refused.code in ("TableAlreadyExists", "EntityAlreadyExists"):
        kind = ResourceExistsError
    return _make_error(kind, f"ErrorCode:{refused.code}", refused.status, TableErrorCode(refused.code))


@dataclass(slots=True)
class LeaseProperties:
    """What is told of a blob's lease.

    Attributes:
        duration: `fixed` or `infinite`; None while nobody holds a lease.
    """

    duration: str | None


@dataclass(slots=True)
class BlobProperties:
    """What `get_blob_properties`, a download and a list tell of a blob; a list has the ETag without quotation marks."""

    name: str
    size: int
    etag: str
    modified_us: int
    metadata: dict[str, str]
    lease: LeaseProperties

    @property
    def last_modified(self) -> datetime:
        return to_datetime(self.modified_us - self.modified_us % SECOND)


@dataclass(slots=True)
class BlobPrefix:
    """A folder in a hierarchical list; its name ends with a slash."""

    name: str


def _properties(blob: StoredBlob, now_us: int) -> BlobProperties:
    lease = None
    if blob.lease is not None and blob.lease.holds(now_us):
        lease = "infinite" if blob.lease.is_infinite else "fixed"
    return BlobProperties(
        blob.name, len(blob.data), blob.etag, blob.modified_us, dict(blob.metadata), LeaseProperties(lease)
    )


class SimulatedBlobs:
    """As `BlobServiceClient`."""

    def __init__(self, storage: Storage, gate: Gate) -> None:
        self.storage = storage.blobs
        self.gate = gate
        self.leases = 0

    def call[Answer](self, operation: str, path: str, apply: Apply[Answer]) -> Answer:
        """Send a request.

        Raises:
            HttpResponseError: Storage refuses it.
        """
        try:
            return self.gate.call("blob", operation, path, apply)
        except Refused as refused:
            raise _with_answer(_blob_error(refused), operation, self.gate.clock.now_us) from None

    def get_blob_client(self, container: str, blob: str) -> "SimulatedBlob":
        return SimulatedBlob(self, container, blob)

    def get_container_client(self, container: str) -> "SimulatedContainer":
        return SimulatedContainer(self, container)

    def create_container(self, name: str) -> None:
        self.call("create container", name, lambda _: self.storage.create_container(name))


@dataclass(slots=True)
class SimulatedBlob:
    """As `BlobClient`."""

    service: SimulatedBlobs
    container_name: str
    blob_name: str

    @property
    def path(self) -> str:
        return f"{self.container_name}/{self.blob_name}"

    def get_blob_properties(self) -> BlobProperties:
        return self._properties(self._get("head blob"))

    def set_blob_metadata(
        self, metadata: Mapping[str, str], *, etag: str | None = None, match_condition: MatchConditions | None = None
    ) -> None:
        change, conditions = self.service.storage.set_metadata, _conditions(etag, match_condition)
        self.service.call(
            "set metadata",
            self.path,
            lambda _: change(self.container_name, self.blob_name, dict(metadata), **conditions),
        )

    def upload_blob(
        self,
        data: bytes | IO[bytes],
        *,
        overwrite: bool = False,
        etag: str | None = None,
        match_condition: MatchConditions | None = None,
        lease: str | None = None,
        metadata: Mapping[str, str] | None = None,
        if_unmodified_since: datetime | None = None,
    ) -> dict[str, Any]:
        content = data if isinstance(data, bytes) else data.read()
        conditions = _conditions(etag, match_condition)
        if if_unmodified_since is not None:
            conditions["if_unmodified_since_us"] = from_datetime(if_unmodified_since)
        if not overwrite and not conditions:
            conditions = {"if_none_match": "*"}
        put, of = self.service.storage.put, dict(metadata or {})
        blob = self.service.call(
            "put blob",
            self.path,
            lambda _: put(self.container_name, self.blob_name, content, of, **conditions, lease_id=lease),
        )
        return {"etag": blob.etag}

    def delete_blob(self, *, etag: str | None = None, match_condition: MatchConditions | None = None) -> None:
        delete, conditions = self.service.storage.delete, _conditions(etag, match_condition)
        self.service.call("delete blob", self.path, lambda _: delete(self.container_name, self.blob_name, **conditions))

    def acquire_lease(self, lease_duration: int, lease_id: str | None = None) -> "SimulatedLease":
        lease = SimulatedLease(self, lease_id)
        lease.acquire(lease_duration)
        return lease

    def _get(self, operation: str) -> StoredBlob:
        get = self.service.storage.get
        return self.service.call(operation, self.path, lambda _: get(self.container_name, self.blob_name))

    def _properties(self, blob: StoredBlob) -> BlobProperties:
        return _properties(blob, self.service.gate.clock.now_us)


def _conditions(etag: str | None, match_condition: MatchConditions | None) -> dict[str, Any]:
    if match_condition is MatchConditions.IfNotModified and etag is not None:
        return {"if_match": etag}
    if match_condition is MatchConditions.IfPresent:
        return {"if_match": "*"}
    if match_condition is not None:
        raise NotImplementedError(match_condition)
    return {}


class SimulatedLease:
    """As `BlobLeaseClient`.

    Attributes:
        id: The same in all tries of a request, so that a repetition of one whose answer was lost is no other's.
    """

    def __init__(self, client: SimulatedBlob, lease_id: str | None = None) -> None:
        self._blob = client
        self.id = lease_id or self._new_id()

    def acquire(self, lease_duration: int) -> None:
        self._call("acquire lease", lambda blobs: blobs.acquire(*self._place, lease_duration, self.id))

    def renew(self) -> None:
        self._call("renew lease", lambda blobs: blobs.renew(*self._place, self.id))

    def release(self) -> None:
        self._call("release lease", lambda blobs: blobs.release(*self._place, self.id))

    @property
    def _place(self) -> tuple[str, str]:
        return self._blob.container_name, self._blob.blob_name

    def _call(self, operation: str, apply: Callable[[Any], object]) -> None:
        service = self._blob.service
        service.call(operation, self._blob.path, lambda _: apply(service.storage))

    def _new_id(self) -> str:
        service = self._blob.service
        service.leases += 1
        return f"{service.gate.name}-{service.leases}"


@dataclass(slots=True)
class SimulatedContainer:
    """As `ContainerClient`."""

    service: SimulatedBlobs
    container_name: str

    def list_blob_names(self, *, name_starts_with: str) -> Iterator[str]:
        return (blob.name for blob in self.list_blobs(name_starts_with=name_starts_with))

    def list_blobs(
        self, *, name_starts_with: str, include: Sequence[str] = (), results_per_page: int | None = None
    ) -> Iterator[BlobProperties]:
        after, more = None, True
        while more:
            page, after = self._page(name_starts_with, after)
            more = after is not None
            for blob in page:
                listed = _properties(blob, self.service.gate.clock.now_us)
                listed.etag = listed.etag.strip('"')
                yield listed

    def walk_blobs(self, *, name_starts_with: str, delimiter: str) -> Iterator[BlobProperties | BlobPrefix]:
        last = ""
        for blob in self.list_blobs(name_starts_with=name_starts_with):
            folder, slash, _ = blob.name.removeprefix(name_starts_with).partition(delimiter)
            if not slash:
                yield blob
            elif (name := name_starts_with + folder + slash) != last:
                last = name
                yield BlobPrefix(name)

    def upload_blob(
        self,
        name: str,
        data: bytes | IO[bytes],
        *,
        overwrite: bool,
        match_condition: MatchConditions | None = None,
        if_unmodified_since: datetime | None = None,
    ) -> SimulatedBlob:
        client = self.service.get_blob_client(self.container_name, name)
        client.upload_blob(
            data, overwrite=overwrite, match_condition=match_condition, if_unmodified_since=if_unmodified_since
        )
        return client

    def _page(self, prefix: str, after: str | None) -> tuple[list[StoredBlob], str | None]:
        def read(most: int | None) -> tuple[list[StoredBlob], str | None]:
            return self.service.storage.page(
                self.container_name, prefix, after, BLOBS_OF_PAGE if most is None else most
            )

        return self.service.call("list blobs", f"{self.container_name}/{prefix}", read)


@dataclass(slots=True)
class TableItem:
    """A table in a list."""

    name: str


class SimulatedTables:
    """As `TableServiceClient`."""

    def __init__(self, storage: Storage, gate: Gate) -> None:
        self.storage = storage.tables
        self.gate = gate

    def call[Answer](self, operation: str, path: str, apply: Apply[Answer]) -> Answer:
        """Send a request.

        Raises:
            HttpResponseError: Storage refuses it.
        """
        try:
            return self.gate.call("table", operation, path, apply)
        except Refused as refused:
            raise _with_answer(_table_error(refused), operation, self.gate.clock.now_us) from None

    def query_tables(self, query_filter: str) -> Iterator[TableItem]:
        """List the tables of a range of names, which is the one filter that the product writes."""
        first, end = re.fullmatch(r"TableName ge '(\w*)' and TableName lt '(\w+)'", query_filter).groups()
        names = self.call("list tables", "", lambda _: self.storage.names())
        yield from (TableItem(name) for name in names if first <= name < end)

    def delete_table(self, table_name: str) -> None:
        try:
            self.call("delete table", table_name, lambda _: self.storage.delete(table_name))
        except ResourceNotFoundError:
            return

    def get_table_client(self, table_name: str) -> "SimulatedTable":
        return SimulatedTable(self, table_name)


@dataclass(slots=True)
class SimulatedTable:
    """As `TableClient`."""

    service: SimulatedTables
    table_name: str

    def delete_entity(self, partition_key: str, row_key: str) -> None:
        path, delete = f"{self.table_name}/{partition_key}/{row_key}", self.service.storage.delete_entity
        try:
            self.service.call("delete entity", path, lambda _: delete(self.table_name, partition_key, row_key))
        except ResourceNotFoundError:
            return


class SimulatedQueues:
    """As `QueueServiceClient`."""

    def __init__(self, storage: Storage, gate: Gate) -> None:
        self.storage = storage.queues
        self.gate = gate

    def call[Answer](self, operation: str, queue: str, apply: Apply[Answer]) -> Answer:
        """Send a request.

        Raises:
            HttpResponseError: Storage refuses it.
        """
        try:
            return self.gate.call("queue", operation, queue, apply)
        except Refused as refused:
            raise _with_answer(_blob_error(refused), operation, self.gate.clock.now_us) from None

    def create_queue(self, name: str) -> None:
        self.call("create queue", name, lambda _: self.storage.create(name))

    def get_queue_client(self, queue: str) -> "SimulatedQueue":
        return SimulatedQueue(self, queue)


@dataclass(slots=True)
class QueueMessage:
    """A message that was received."""

    id: str
    content: str
    pop_receipt: str
    dequeue_count: int
    inserted_on: datetime
    expires_on: datetime
    next_visible_on: datetime


@dataclass(slots=True)
class SimulatedQueue:
    """As `QueueClient`."""

    service: SimulatedQueues
    queue_name: str

    def send_message(self, content: str, *, visibility_timeout: int = 0, time_to_live: int = 7 * 24 * 3600) -> Message:
        seconds, send = None if time_to_live == -1 else time_to_live, self.service.storage.send
        return self.service.call(
            "send message", self.queue_name, lambda _: send(self.queue_name, content, visibility_timeout, seconds)
        )

    def receive_messages(
        self, *, max_messages: int, messages_per_page: int | None = None, visibility_timeout: int = 30
    ) -> Iterator[QueueMessage]:
        receive, times = self.service.storage.receive, [to_datetime(self.service.gate.clock.now_us)] * 3
        for message in self.service.call(
            "receive messages", self.queue_name, lambda _: receive(self.queue_name, max_messages, visibility_timeout)
        ):
            yield QueueMessage(message.id, message.text, message.receipt, message.received, *times)

    def delete_message(self, message_id: str, pop_receipt: str) -> None:
        delete = self.service.storage.delete
        self.service.call("delete message", self.queue_name, lambda _: delete(self.queue_name, message_id, pop_receipt))

    def create_queue(self) -> None:
        self.service.create_queue(self.queue_name)


@dataclass(slots=True)
class SimulatedAccount:
    """As `shared.storage.azure.account.StorageAccount`: the blocking clients of one process."""

    storage: Storage
    gate: Gate
    blobs: SimulatedBlobs = field(init=False)
    tables: SimulatedTables = field(init=False)
    queues: SimulatedQueues = field(init=False)

    endpoints = Endpoints("simulated", "https://blob", "https://queue", "https://table")

    def __post_init__(self) -> None:
        self.blobs = SimulatedBlobs(self.storage, self.gate)
        self.tables = SimulatedTables(self.storage, self.gate)
        self.queues = SimulatedQueues(self.storage, self.gate)

    @property
    def clock(self) -> StorageClock:
        """Storage's clock, as the answers to this process tell it."""
        return self.gate.storage_clock


class SimulatedRest(Rest):
    """As `Rest`, without HTTP: what is refused becomes the same errors by the product's own rules."""

    def __init__(self, storage: Storage, gate: Gate, *, timeout: float) -> None:
        self.clock = gate.storage_clock
        self._storage = storage
        self._gate = gate
        self._timeout = timeout

    async def insert(self, table: str, rows: Sequence[Row]) -> list[int]:
        entities, sent_us = [_entity(row_json.encode(row)) for row in rows], self._gate.steady_us
        operation = "insert entity" if len(entities) == 1 else "insert batch"
        try:
            stored = await self._send(operation, table, lambda _: self._storage.tables.insert(table, entities))
        except Refused as refused:
            if refused.status not in (400, 404, 409, 413):
                raise _unexpected(refused) from None
            raise table_batch.refusal(refused.status, _odata_error(refused), len(entities)) from None
        self.clock.note(stored[0], stored[0], sent_us, self._gate.steady_us)
        return stored

    async def read(self, table: str, partition: str, key: str) -> Row | None:
        path, get = f"{table}/{partition}/{key}", self._storage.tables.get
        try:
            stored = await self._send("get entity", path, lambda _: get(table, partition, key))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise _unexpected(refused) from None
        return row_json.decode(stored.entity, stored.stored_us)

    async def query(self, table: str, rows: RowRange, most: int, after: Any | None = None) -> RowPage:
        page = self._storage.tables.page
        try:
            stored, following = await self._send(
                "query entities", table, lambda fewer: page(table, rows, after, most if fewer is None else fewer)
            )
        except Refused as refused:
            if refused.status == 404:
                raise TableMissing from None
            raise _unexpected(refused) from None
        found = [row_json.decode(row.entity, row.stored_us) for row in stored]
        return RowPage(found if rows.payloads else [row._replace(payload=b"") for row in found], following)

    async def create_table(self, table: str) -> None:
        try:
            await self._send("create table", table, lambda _: self._storage.tables.create(table))
        except Refused as refused:
            if refused.code != "TableAlreadyExists":
                raise _unexpected(refused) from None

    async def read_blob(self, path: str, etag: str | None = None, *, timeout: float | None = None) -> Blob | None:
        get = self._storage.blobs.get
        try:
            blob = await self._send("get blob", path, lambda _: get(*paths.split_path(path), etag), timeout)
        except Refused as refused:
            if refused.status == 304:
                return None
            raise (BlobMissing(path) if refused.status == 404 else _unexpected(refused)) from None
        return Blob(blob.data, blob.etag)

    async def read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> bytes:
        get_range, place = self._storage.blobs.get_range, paths.split_path(path)
        try:
            _, data = await self._send("get blob", path, lambda _: get_range(*place, start, start + length, etag))
        except Refused as refused:
            if refused.status == 412:
                raise BlobChanged from None
            if refused.status == 416:
                return b""
            raise (BlobMissing(path) if refused.status == 404 else _unexpected(refused)) from None
        return data

    async def create_blob(self, path: str, data: bytes, content_type: str) -> bool:
        blobs, (container, name) = self._storage.blobs, paths.split_path(path)

        async def put() -> bool:
            await self._send("put blob", path, lambda _: blobs.put(container, name, data, {}, if_none_match="*"))
            return True

        try:
            return await put()
        except Refused as refused:
            if refused.status != 404:
                return _answer_refused(refused)
        try:
            await self._send("create container", container, lambda _: blobs.create_container(container))
        except Refused as refused:
            if refused.status != 409:
                raise _unexpected(refused) from None
        try:
            return await put()
        except Refused as refused:
            return _answer_refused(refused)

    async def clear_metadata(self, path: str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        return

    async def _send[Answer](
        self, operation: str, path: str, apply: Apply[Answer], timeout: float | None = None
    ) -> Answer:
        return await self._gate.send(operation, path, apply, timeout or self._timeout)


def _answer_refused(refused: Refused) -> bool:
    if refused.code == "BlobAlreadyExists":
        return False
    raise _unexpected(refused)


def _unexpected(refused: Refused) -> StorageUnavailable:
    kind = StorageUnavailable if refused.status == 409 else StorageRefused
    return kind(f"storage answered {refused.status}")


def _odata_error(refused: Refused) -> bytes:
    message = refused.code if refused.index is None else f"{refused.index}:{refused.code}"
    return orjson.dumps({"odata.error": {"code": refused.code, "message": {"lang": "en-US", "value": message}}})


def _entity(text: bytes) -> Entity:
    """Read a row's JSON as the service answers it without metadata."""
    return {name: value for name, value in orjson.loads(text).items() if not name.endswith("@odata.type")}
