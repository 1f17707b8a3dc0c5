"""The tables of a backlog, with an index as the service has it: the emulator reads a whole table for every query.

`python -m benchmarks.simulated_tables FROM EVENTS SHARDS MILLISECONDS` makes the rows of a part, prints the port where
it listens, and ends with its standard input. It answers queries of rows, each after some milliseconds, nothing else.
"""

import asyncio
import json
import re
import sys
from bisect import bisect_left, bisect_right
from contextlib import AbstractContextManager
from email.utils import formatdate
from itertools import islice
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks import backlog, child_servers
from shared.storage.azure import row_json
from shared.storage.paths import DEFAULT, in_loop
from shared.times import to_iso

_FILTER = re.compile(r"PartitionKey ge '([^']+)' and PartitionKey le '([^']+)'(?: and at ge (\d+)L and at lt (\d+)L)?")
_AT = re.compile(rb'"at":"(\d+)"')


def serve(
    from_us: int, events: int, shards: int, milliseconds: float, settings: dict[str, str]
) -> AbstractContextManager[int]:
    """Give the port of such a server."""
    return child_servers.start("benchmarks.simulated_tables", from_us, events, shards, milliseconds, settings=settings)


class _Table:
    """The rows of a table, in order of their partitions."""

    def __init__(self, rows: list[tuple[str, bytes]]) -> None:
        rows.sort()
        self._partitions = [partition for partition, _ in rows]
        self._rows = [row for _, row in rows]
        self._arrivals = [_arrival(row) for row in self._rows]

    def query(self, options: dict[str, list[str]]) -> tuple[bytes, int | None]:
        """A page of rows as JSON, and where the next page begins."""
        match = _FILTER.match(options["$filter"][0])
        if match is None:
            raise ValueError(options["$filter"])
        first, last, from_us, to_us = match.groups()
        start = int(options.get("NextPartitionKey", [0])[0]) or bisect_left(self._partitions, first)
        after = bisect_right(self._partitions, last)
        most, range_us = int(options["$top"][0]), range(int(from_us), int(to_us)) if from_us else None
        places = (place for place in range(start, after) if range_us is None or self._arrivals[place] in range_us)
        page = [*islice(places, most + 1)]
        rows = b",".join(self._rows[place] for place in page[:most])
        return b'{"value":[%b]}' % rows, page[most] if len(page) > most else None


class _Server(asyncio.Protocol):
    def __init__(self, tables: dict[str, _Table], seconds: float) -> None:
        self._tables = tables
        self._seconds = seconds
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, self._read = self._read.split(b"\r\n\r\n", 1)
            answer = self._answer(head.split(b" ", 2)[1].decode())
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, answer)  # type: ignore[attr-defined]

    def _answer(self, address: str) -> bytes:
        url = urlsplit(address)
        name = unquote(url.path).rsplit("/", 1)[1].removesuffix("()")
        if name == "Tables":
            return _answer(json.dumps({"value": [{"TableName": table} for table in self._tables]}).encode())
        if name not in self._tables:
            return _answer(b"{}", "404 Not Found")
        body, following = self._tables[name].query(parse_qs(url.query))
        more = "" if following is None else f"x-ms-continuation-NextPartitionKey: {following}\r\n"
        return _answer(body, more=more)


def _answer(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _arrival(row: bytes) -> int:
    match = _AT.search(row)
    return int(match[1]) if match else 0


def _tables(from_us: int, events: int, shards: int) -> dict[str, _Table]:
    rows: dict[str, list[tuple[str, bytes]]] = {}
    for table, row in backlog.part(from_us, events, shards):
        stored = b',"Timestamp":"%b"}' % to_iso(row.at_us).encode()
        rows.setdefault(table, []).append((row.partition, row_json.encode(row)[:-1] + stored))
    return {name: _Table(of_table) for name, of_table in sorted(rows.items())}


def main() -> None:
    """Be such a server."""
    from_us, events, shards, milliseconds = sys.argv[1:]
    tables = _tables(int(from_us), int(events), int(shards))
    child_servers.serve(lambda: _Server(tables, float(milliseconds) / 1000))


if __name__ == "__main__":
    with in_loop(DEFAULT):
        main()
