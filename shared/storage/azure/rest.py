"""The REST interface of the storage services: the requests that the hot path sends, and no others."""

from collections.abc import Sequence
from typing import Any, Final, override
from urllib.parse import quote, urlencode, urlsplit

import orjson

from shared.storage import paths
from shared.storage.azure import row_json, table_batch
from shared.storage.azure.account import StorageAccount
from shared.storage.azure.http_connection import Answer
from shared.storage.azure.http_pool import HttpPool
from shared.storage.azure.storage_clock import StorageClock
from shared.storage.interface import Blob, Connection, Row, RowPage, RowRange
from shared.storage.storage_answers import BlobChanged, BlobMissing, OutcomeUnknown, StorageRefused, TableMissing
from shared.storage_errors import StorageUnavailable

_JSON: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json;odata=nometadata",
    "DataServiceVersion": "3.0",
}
_INSERT: Final = {**_JSON, "Prefer": "return-no-content"}
_AFTER: Final = {
    "NextPartitionKey": b"x-ms-continuation-nextpartitionkey",
    "NextRowKey": b"x-ms-continuation-nextrowkey",
}
_MAY_END: Final = (408, 409, 429)
"""Refusals that need not last, such as that of a table that is just being deleted."""
_BATCH: Final = {**_JSON, "Content-Type": table_batch.CONTENT_TYPE}


class Rest(Connection):
    """Reads and writes rows and blobs of one account; every answer tells storage's time."""

    clock: StorageClock

    def __init__(self, account: StorageAccount, *, timeout: float) -> None:
        """Take the account, and the seconds to wait for an answer."""
        self.clock = account.clock
        self._credential = account.credential
        self._address = account.endpoints.table
        self._tables = HttpPool(account.endpoints.table, account.certificates, timeout)
        self._tables_path = urlsplit(account.endpoints.table).path
        self._blobs = HttpPool(account.endpoints.blob, account.certificates, timeout)
        self._blobs_path = urlsplit(account.endpoints.blob).path

    @override
    async def insert(self, table: str, rows: Sequence[Row]) -> list[int]:
        entities = [row_json.encode(row) for row in rows]
        if len(entities) == 1:
            answer = await self._table("POST", f"/{table}", _INSERT, entities[0])
            times = [table_batch.parse_etag(answer.header(b"etag") or "")] if answer.status == 204 else []
        else:
            body = table_batch.encode(f"{self._address}/{table}", entities)
            answer = await self._table("POST", "/$batch", _BATCH, body)
            times = table_batch.decode(answer.body, len(entities)) if answer.status == 202 else []
        if not times:
            raise _insert_error(self._note_time(answer), len(entities))
        self.clock.note(times[0], times[0], answer.sent_us, answer.received_us)
        return times

    @override
    async def read(self, table: str, partition: str, key: str) -> Row | None:
        path = f"/{table}(PartitionKey='{_quote_key(partition)}',RowKey='{_quote_key(key)}')"
        answer = self._note_time(await self._table("GET", path, _JSON, None))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _error(answer)
        return row_json.decode(orjson.loads(answer.body), table_batch.parse_etag(answer.header(b"etag") or ""))

    @override
    async def query(self, table: str, rows: RowRange, most: int, after: Any | None = None) -> RowPage:
        options = {"$filter": row_filter(rows), "$top": str(most), **(after or {})}
        if not rows.payloads:
            options["$select"] = row_json.WITHOUT_PAYLOAD
        answer = self._note_time(
            await self._table("GET", f"/{table}()", _JSON, None, urlencode(options, quote_via=quote))
        )
        if answer.status == 404:
            raise TableMissing
        if answer.status != 200:
            raise _error(answer)
        behind = {name: value for name, key in _AFTER.items() if (value := answer.header(key)) is not None}
        return RowPage([row_json.decode(entity) for entity in orjson.loads(answer.body)["value"]], behind or None)

    @override
    async def create_table(self, table: str) -> None:
        answer = self._note_time(await self._table("POST", "/Tables", _INSERT, orjson.dumps({"TableName": table})))
        if answer.status not in (201, 204) and b"TableAlreadyExists" not in answer.body:
            raise _error(answer)

    @override
    async def read_blob(self, path: str, etag: str | None = None, *, timeout: float | None = None) -> Blob | None:
        headers = {"If-None-Match": etag} if etag else {}
        answer = await self._blob("GET", path, "", headers, None, timeout)
        if answer.status == 304:
            return None
        if answer.status == 404:
            raise BlobMissing(path)
        if answer.status != 200:
            raise _error(answer)
        return Blob(answer.body, answer.header(b"etag") or "")

    async def read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> bytes:
        """Read a piece of a blob, shorter at its end, and empty behind that; with an ETag only while the blob has it.

        Raises:
            BlobMissing: There is no such blob.
            BlobChanged: The blob has another ETag.
        """
        headers = {"x-ms-range": f"bytes={start}-{start + length - 1}"} | ({"If-Match": etag} if etag else {})
        answer = await self._blob("GET", path, "", headers, None)
        if answer.status == 404:
            raise BlobMissing(path)
        if answer.status == 412:
            raise BlobChanged
        if answer.status == 416:
            return b""
        if answer.status not in (200, 206):
            raise _error(answer)
        return answer.body

    @override
    async def create_blob(self, path: str, data: bytes, content_type: str) -> bool:
        headers = {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*", "Content-Type": content_type}
        answer = await self._blob("PUT", path, "", headers, data)
        if answer.status == 404:
            await self._create_container(paths.split_path(path)[0])
            answer = await self._blob("PUT", path, "", headers, data)
        if answer.status == 201:
            return True
        if answer.header(b"x-ms-error-code") == "BlobAlreadyExists":
            return False
        raise _error(answer)

    @override
    async def clear_metadata(self, path: str) -> None:
        answer = await self._blob("PUT", path, "comp=metadata", {"If-Match": "*"}, b"")
        if answer.status == 404:
            raise BlobMissing(path)
        if answer.status != 200:
            raise _error(answer)

    @override
    async def close(self) -> None:
        await self._tables.close()
        await self._blobs.close()

    async def _create_container(self, name: str) -> None:
        answer = await self._blob("PUT", name, "restype=container", {}, b"")
        if answer.status not in (201, 409):
            raise _error(answer)

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
        answer = await self._blobs.send(method, f"{target}?{query}" if query else target, signed, body, timeout)
        return self._note_time(answer)

    def _note_time(self, answer: Answer) -> Answer:
        self.clock.note_date(answer.header(b"date"), answer.sent_us, answer.received_us)
        return answer


def row_filter(rows: RowRange) -> str:
    """Write the condition for the rows of a range."""
    where = f"PartitionKey ge '{rows.first_partition}' and PartitionKey le '{rows.last_partition}'"
    where += "" if rows.from_us is None else f" and at ge {rows.from_us}L"
    where += "" if rows.to_us is None else f" and at lt {rows.to_us}L"
    if rows.keys:
        keys = [f"(RowKey gt '{first}' and RowKey lt '{last}')" for first, last in rows.keys]
        where += f" and ({' or '.join(keys)})"
    if rows.id_begin:
        end = f"{rows.id_begin[:-1]}{chr(ord(rows.id_begin[-1]) + 1)}"
        where += f" and id ge '{rows.id_begin}' and id lt '{end}'"
    return where


def _quote_key(key: str) -> str:
    return quote(key.replace("'", "''"), safe="")


def _insert_error(answer: Answer, count: int) -> Exception:
    """The error for an answer other than success to an insert of `count` rows."""
    if answer.status in (400, 404, 409, 413):
        return table_batch.refusal(answer.status, answer.body, count)
    return _error(answer)


def _error(answer: Answer) -> StorageUnavailable:
    """The error for an answer that no request should get; after a 5xx, storage may still have obeyed."""
    if answer.status >= 500:
        kind: type[StorageUnavailable] = OutcomeUnknown
    else:
        kind = StorageUnavailable if answer.status in _MAY_END else StorageRefused
    return kind(f"storage answered {answer.status}")
