"""The storage services' REST interface: what the hot path needs of it, and no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from shared.storage import paths, table_batch
from shared.storage.account import StorageAccount
from shared.storage.http_connection import Answer
from shared.storage.http_pool import Transport
from shared.storage.storage_answers import BlobMissing, OutcomeUnknown, TableMissing
from shared.storage_errors import StorageUnavailable

_JSON: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json;odata=nometadata",
    "DataServiceVersion": "3.0",
}
_INSERT: Final = {**_JSON, "Prefer": "return-no-content"}
_AFTER: Final = {
    "NextPartitionKey": "x-ms-continuation-nextpartitionkey",
    "NextRowKey": "x-ms-continuation-nextrowkey",
}
_BATCH: Final = {**_JSON, "Content-Type": table_batch.CONTENT_TYPE}


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob's bytes and the ETag of this version of them."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as it stands in storage.

    Attributes:
        entity: Its properties in the service's JSON: 64-bit numbers and binaries are texts.
        stored_at_us: When it was stored, by storage's clock.
    """

    entity: dict[str, Any]
    stored_at_us: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a query, and where the next ones begin; `after` is None behind the last page."""

    entities: list[dict[str, Any]]
    after: Mapping[str, str] | None


class Rest:
    """One account's tables and blobs. Every method raises `StorageUnavailable` when storage gives no usable answer.

    A request that may have had its effect raises the narrower `OutcomeUnknown`.
    """

    def __init__(self, account: StorageAccount, *, timeout: float) -> None:
        """Take the seconds after which an answer is no longer waited for."""
        self._credential = account.credential
        self._address = account.endpoints.table
        self._tables = Transport(account.endpoints.table, account.certificates, timeout)
        self._tables_path = urlsplit(account.endpoints.table).path
        self._blobs = Transport(account.endpoints.blob, account.certificates, timeout)
        self._blobs_path = urlsplit(account.endpoints.blob).path

    async def insert(self, table: str, entity: bytes) -> int:
        """Insert one row; gives when it was stored, in microseconds of storage's clock.

        Raises:
            RowExists, RowRefused, TableMissing: It was not.
        """
        answer = await self._table("POST", f"/{table}", _INSERT, entity)
        if answer.status == 204:
            return table_batch.stored_at(answer.headers.get("etag", ""))
        raise _refused(answer, 1)

    async def insert_batch(self, table: str, entities: Sequence[bytes]) -> list[int]:
        """Insert rows of one partition, all or none; gives when each was stored.

        Raises:
            RowExists, RowRefused, TableMissing: None was.
        """
        body = table_batch.encode(f"{self._address}/{table}", entities)
        answer = await self._table("POST", "/$batch", _BATCH, body)
        if answer.status == 202:
            return table_batch.decode(answer.body, len(entities))
        raise _refused(answer, len(entities))

    async def read(self, table: str, partition: str, row: str) -> StoredRow | None:
        """Read one row; None if there is none."""
        path = f"/{table}(PartitionKey='{_quoted(partition)}',RowKey='{_quoted(row)}')"
        answer = await self._table("GET", path, _JSON, None)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _trouble(answer)
        entity = orjson.loads(answer.body)
        return StoredRow(entity, table_batch.stored_at(answer.headers.get("etag", "")))

    async def query(self, table: str, told: Mapping[str, str]) -> Page:
        """Read a page of rows, in order of their keys.

        Args:
            told: `$filter`, `$select` and what else the query consists of, the page's `after` among it.

        Raises:
            TableMissing: There is no such table.
        """
        answer = await self._table("GET", f"/{table}()", _JSON, None, urlencode(told, quote_via=quote))
        if answer.status == 404:
            raise TableMissing
        if answer.status != 200:
            raise _trouble(answer)
        after = {name: answer.headers[key] for name, key in _AFTER.items() if key in answer.headers}
        return Page(orjson.loads(answer.body)["value"], after or None)

    async def create_table(self, table: str) -> None:
        """Create a table unless there is one."""
        answer = await self._table("POST", "/Tables", _INSERT, orjson.dumps({"TableName": table}))
        if answer.status not in (201, 204) and b"TableAlreadyExists" not in answer.body:
            raise _trouble(answer)

    async def read_blob(self, path: str, known: str | None = None, *, timeout: float | None = None) -> Blob | None:
        """Read a blob; None if it still has the ETag that is known.

        Raises:
            BlobMissing: There is none.
        """
        headers = {"If-None-Match": known} if known else {}
        answer = await self._blob("GET", path, "", headers, None, timeout)
        if answer.status == 304:
            return None
        if answer.status == 404:
            raise BlobMissing(path)
        if answer.status != 200:
            raise _trouble(answer)
        return Blob(answer.body, answer.headers.get("etag", ""))

    async def create_blob(self, path: str, data: bytes, content_type: str) -> bool:
        """Write a blob where there is none, making its container if need be; False if there is one."""
        headers = {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*", "Content-Type": content_type}
        answer = await self._blob("PUT", path, "", headers, data)
        if answer.status == 404:
            await self._create_container(paths.container(path)[0])
            answer = await self._blob("PUT", path, "", headers, data)
        if answer.status == 201:
            return True
        if answer.headers.get("x-ms-error-code") == "BlobAlreadyExists":
            return False
        raise _trouble(answer)

    async def close(self) -> None:
        """End all connections; the next request opens new ones."""
        await self._tables.close()
        await self._blobs.close()

    async def _create_container(self, name: str) -> None:
        answer = await self._blob("PUT", name, "restype=container", {}, b"")
        if answer.status not in (201, 409):
            raise _trouble(answer)

    async def _table(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None, query: str = ""
    ) -> Answer:
        target = self._tables_path + path
        signed = await self._credential.table_headers(target)
        return await self._tables.send(method, f"{target}?{query}" if query else target, headers | signed, body)

    async def _blob(
        self,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes | None,
        timeout: float | None = None,
    ) -> Answer:
        target = f"{self._blobs_path}/{quote(path)}"
        signed = await self._credential.blob_headers(method, target, query, headers, len(body or b""))
        return await self._blobs.send(method, f"{target}?{query}" if query else target, signed, body, timeout)


def _quoted(key: str) -> str:
    return quote(key.replace("'", "''"), safe="")


def _refused(answer: Answer, count: int) -> Exception:
    """What an answer other than success means for an insert of `count` rows."""
    if answer.status in (400, 404, 409, 413):
        return table_batch.refusal(answer.status, answer.body, count)
    return _trouble(answer)


def _trouble(answer: Answer) -> StorageUnavailable:
    """What an answer means that no request should get: after a 5xx, storage may still have done what was asked."""
    kind = OutcomeUnknown if answer.status >= 500 else StorageUnavailable
    return kind(f"storage answered {answer.status}")
