"""Exchanges with a customer's container; `customer_container` starts this module as a process of its own.

Whatever the server at a customer's address does, it harms this process alone, and this process can be killed at any
moment. An order is a line of JSON on standard input, its answer a line of JSON on standard output.

The requests are made with the standard library: the SDK reads a whole listing into memory and unpacks it however large
it becomes, and a process with the SDK takes three times the memory and ten times as long to start.
"""

import gzip
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit
from xml.parsers import expat

from shared import child_process
from shared.storage.public_addresses import Address, NotPublic, is_loopback, is_public, resolve

MOST_LISTING_BYTES: Final = 16 * 1024 * 1024
"""Of all pages of one listing."""
_VERSION: Final = "2021-12-02"
_CONNECT_SECONDS: Final = 5.0
_SILENCE_SECONDS: Final = 8.0
_MOST_PAGES: Final = 1000
_PAGE_NAMES: Final = 5000
_CHUNK_BYTES: Final = 64 * 1024
_MEMORY_BYTES: Final = 512 * 1024 * 1024
_QUICK: Final = 1
_PRECONDITION_FAILED: Final = 412
_ERROR_CODE: Final = re.compile(r"[A-Za-z]{1,60}", re.ASCII)


class ExchangeFailed(Exception):
    """Why an exchange failed: a predicate of the address, without anything that the server sent."""


class Rate(NamedTuple):
    """The rate that an exchange must have: bytes a second, on average over the last seconds."""

    bytes: int
    seconds: float


class Exchanges:
    """Exchanges with one container, over one connection as long as it lasts.

    Attributes:
        requests: How many were begun so far.
        moved: How many bytes of bodies were received and sent so far.
        file: Name of the file that was read last; the empty text before any was.
    """

    def __init__(self, address: str, *, is_local: bool, least_rate: Rate) -> None:
        """Connect to nothing yet.

        Args:
            address: The container's, with its signature.
            is_local: Whether the loop runs on one machine; its container may then be on that machine.
            least_rate: Of a request that takes longer than its seconds.
        """
        self.requests = self.moved = 0
        self.file = ""
        self.least_rate = least_rate
        self._parts = urlsplit(address)
        self._accepts = is_loopback if self._parts.scheme == "http" and is_local else is_public
        self._connection: HTTPConnection | None = None

    def list(self, prefix: str, most: int) -> list[tuple[str, int, str]]:
        """List the first files whose names begin with a prefix, by name, size and ETag; empty files are left out."""
        listing, marker = _Listing(), ""
        for _ in range(_MOST_PAGES):
            query = {"restype": "container", "comp": "list", "maxresults": _PAGE_NAMES}
            wanted = {name: value for name, value in (("prefix", prefix), ("marker", marker)) if value}
            response = self._ask("GET", "", query | wanted)
            _demand(response, 200)
            marker = listing.read_page(self._chunks(response), most)
            if not marker or len(listing.files) >= most:
                self._drop(unless_read=response)
                return listing.files[:most]
        raise ExchangeFailed("lists its files in too many pages")

    def read(self, files: Iterable[tuple[str, int, str]], position: int, to: str, most: int, seconds: float) -> int:
        """Read files, one behind the other, from a position on, until their end or one of the limits.

        Args:
            files: As `list` gives them.
            position: Counted from the beginning of the first file.
            to: Path of a file that takes the bytes, gzip.
            most: So many bytes may be in that file.
            seconds: After so long, it ends with the next file, or at once if the rate is good.

        Returns:
            The position after the last byte that was read.
        """
        began, moved, begin = time.monotonic(), self.moved, 0
        with Path(to).open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_QUICK) as packed:
            for name, size, etag in files:
                if begin + size > position:
                    self.file = name
                    for chunk in self._file(name, size, etag, position - begin):
                        packed.write(chunk)
                        position += len(chunk)
                        spent = time.monotonic() - began
                        is_steady = self.moved - moved >= spent * self.least_rate.bytes
                        if file.tell() > most or (spent > seconds and (is_steady or position == begin + size)):
                            self._drop()
                            return position
                begin += size
        return position

    def write(self, name: str, source: str, conditions: Mapping[str, str]) -> dict[str, str]:
        """Write a blob; gives the status of the answer, its error code and its date.

        Args:
            source: Path of the file that is written.
            conditions: Headers that say when.
        """
        with Path(source).open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            headers = {"x-ms-blob-type": "BlockBlob", "Content-Length": str(length), **conditions}
            response = self._ask("PUT", name, {}, headers, _Counted(self, file))
        next(self._chunks(response), b"")
        self._drop(unless_read=response)
        return {"status": str(response.status), "code": _error_code(response), "date": response.headers.get("Date", "")}

    def _file(self, name: str, size: int, etag: str, start: int) -> Iterator[bytes]:
        headers = {"If-Match": f'"{etag.strip('"')}"'} if etag else {}  # some listings have ETags without quotes
        if start:
            headers["Range"] = f"bytes={start}-"
        response = self._ask("GET", name, {}, headers)
        if response.status == _PRECONDITION_FAILED:
            raise ExchangeFailed("has changed or deleted it since it was listed")
        _demand(response, 206 if start else 200)
        for chunk in self._chunks(response):
            yield chunk[: size - start]
            start += len(chunk)
            if start >= size:
                self._drop(unless_read=response)
                return
        raise ExchangeFailed("sent less of it than its listing says")

    def _chunks(self, response: HTTPResponse) -> Iterator[bytes]:
        try:
            while chunk := response.read1(_CHUNK_BYTES):
                self.moved += len(chunk)
                yield chunk
        except (OSError, HTTPException) as error:
            raise self._failure(error) from error

    def _ask(
        self,
        method: str,
        name: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        body: "_Counted | None" = None,
    ) -> HTTPResponse:
        """Send a request; gives the response with its body unread."""
        path = self._parts.path.rstrip("/") + (f"/{quote(name)}" if name else "")
        target = f"{path}?{urlencode(query, quote_via=quote)}{'&' if query else ''}{self._parts.query}"
        sent = {"x-ms-version": _VERSION, "Accept-Encoding": "identity", **(headers or {})}
        tries = (1,) if self._connection is None else (0, 1)  # the server may have closed the connection meanwhile
        for is_last in tries:
            try:
                return self._send(method, target, sent, body)
            except (OSError, HTTPException, NotPublic) as error:
                if is_last:
                    raise self._failure(error) from error
        raise ValueError("no try was the last one")

    def _send(self, method: str, target: str, headers: Mapping[str, str], body: "_Counted | None") -> HTTPResponse:
        try:
            self.requests += 1
            if body is not None:
                body.rewind()
            connection = self._connection = self._connection or self._connect()
            with suppress(BrokenPipeError, ConnectionResetError):  # an answer may come before the body is sent
                connection.request(method, target, body, dict(headers))
            return connection.getresponse()
        except BaseException:
            self._drop()
            raise

    def _connect(self) -> HTTPConnection:
        host, kind = self._parts.hostname or "", _Http if self._parts.scheme == "http" else _Https
        connection = kind(host, self._parts.port, timeout=_CONNECT_SECONDS, blocksize=_CHUNK_BYTES)
        connection.accepts = self._accepts
        return connection

    def _drop(self, unless_read: HTTPResponse | None = None) -> None:
        """End the connection, unless a response has been read to its end."""
        if (unless_read is None or not unless_read.isclosed()) and self._connection is not None:
            self._connection.close()
            self._connection = None

    def _failure(self, error: Exception) -> ExchangeFailed:
        self._drop()
        if isinstance(error, NotPublic):
            return ExchangeFailed("has an address that is not public")
        if isinstance(error, HTTPException):
            return ExchangeFailed(f"does not answer as storage does ({type(error).__name__})")
        return ExchangeFailed(f"cannot be reached ({type(error).__name__})")


class _Http(HTTPConnection):
    """A connection to an address that was checked: the host is looked up once, and the answer is connected to.

    Neither a later answer of a name server nor a proxy leads the connection elsewhere.
    """

    accepts: Callable[[Address], bool]

    def connect(self) -> None:
        """See `HTTPConnection`."""
        problem: OSError = ConnectionError("no address")
        for address in resolve(self.host, self.port, self.accepts):
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
            except OSError as error:
                problem = error
            else:
                self.sock.settimeout(_SILENCE_SECONDS)
                return
        raise problem


class _Https(_Http):
    default_port = 443

    def connect(self) -> None:
        """See `HTTPConnection`."""
        super().connect()
        self.sock = _trust().wrap_socket(self.sock, server_hostname=self.host)


def _trust() -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Counted:
    """A file that is sent, each byte of which counts."""

    def __init__(self, exchanges: Exchanges, file: IO[bytes]) -> None:
        self._exchanges, self._file = exchanges, file

    def rewind(self) -> None:
        """Begin with the first byte again."""
        self._file.seek(0)

    def read(self, size: int = -1) -> bytes:
        """See `IO.read`."""
        chunk = self._file.read(size)
        self._exchanges.moved += len(chunk)
        return chunk


class _Listing:
    """A listing of blobs, read by an incremental parser; nothing of it is kept but the files.

    Source: List Blobs of Azure's REST API, whose answers have no document type and no entities of their own.
    """

    def __init__(self) -> None:
        self.files: list[tuple[str, int, str]] = []
        self._bytes = 0
        self._texts: dict[str, str] = {}
        self._text: list[str] | None = None
        self._is_encoded = False

    def read_page(self, chunks: Iterable[bytes], most: int) -> str:
        """Read a page until it has ended, or there are `most` files; gives the marker of the next page, if any."""
        self._texts = {}
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._add
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            for chunk in chunks:
                self._bytes += len(chunk)
                if self._bytes > MOST_LISTING_BYTES:
                    raise ExchangeFailed(f"lists its files in more than {MOST_LISTING_BYTES >> 20} MiB")
                parser.Parse(chunk)
                if len(self.files) >= most:
                    return ""
            parser.Parse(b"", True)
            return self._texts.get("NextMarker", "")
        except (expat.ExpatError, ValueError, KeyError) as error:
            raise ExchangeFailed("does not answer with a listing of blobs") from error

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Blob":
            self._texts = {}
        self._text = [] if name in ("Name", "Content-Length", "Etag", "NextMarker") else None
        self._is_encoded = attributes.get("Encoded") == "true"

    def _add(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if self._text is not None:
            text = "".join(self._text)
            self._texts[name], self._text = unquote(text) if self._is_encoded else text, None
        elif name == "Blob" and (size := int(self._texts.get("Content-Length") or 0)) > 0:
            self.files.append((self._texts["Name"], size, self._texts.get("Etag", "")))

    def _refuse(self, *_: object) -> None:
        raise ValueError("a listing has no document type")


def _demand(response: HTTPResponse, status: int) -> None:
    """Raise what a response says that is no good one. Bodies are taken as they are, whatever their encoding."""
    if response.status != status:
        code = _error_code(response)
        raise ExchangeFailed(f"answered {response.status}{f' ({code})' if code else ''}")


def _error_code(response: HTTPResponse) -> str:
    code = response.headers.get("x-ms-error-code", "")
    return code if _ERROR_CODE.fullmatch(code) else ""


class _Watchdog:
    """Ends this process when an exchange becomes too slow, wherever it waits."""

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges
        self._answering = threading.Lock()
        self._samples: list[tuple[float, int]] = []
        self._request = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def carry_out(self, order: Mapping[str, Any]) -> None:
        """Carry out an order, and answer.

        A failure names the file that could not be read, if it is about one.
        """
        with self._answering:
            self._samples = [(time.monotonic(), self._exchanges.moved)]
        self._exchanges.file = ""
        try:
            answer = {"done": getattr(self._exchanges, order["do"])(**order["with"])}
        except ExchangeFailed as failure:
            answer = {"failed": str(failure), "file": self._exchanges.file}
        with self._answering:
            self._samples = []
            _answer(answer)

    def _watch(self) -> None:
        while True:
            time.sleep(1)
            with self._answering:
                if self._samples and self._is_too_slow():
                    rate = self._exchanges.least_rate
                    reason = f"moves less than {rate.bytes >> 10} KiB a second"
                    _answer({"failed": reason, "file": self._exchanges.file})
                    os._exit(0)

    def _is_too_slow(self) -> bool:
        now, moved, rate = time.monotonic(), self._exchanges.moved, self._exchanges.least_rate
        if self._request != self._exchanges.requests:
            self._request, self._samples = self._exchanges.requests, []
        self._samples.append((now, moved))
        while len(self._samples) > 1 and now - self._samples[1][0] >= rate.seconds:
            del self._samples[0]
        since, before = self._samples[0]
        return now - since >= rate.seconds and moved - before < rate.bytes * (now - since)


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main(parent: int) -> None:
    """Carry out orders until the input ends; the first line says which container they are for.

    Args:
        parent: Id of the process that started this one.
    """
    child_process.end_with(parent)
    child_process.be_expendable(_MEMORY_BYTES)
    child_process.lower_priority()
    container = json.loads(sys.stdin.readline())
    rate = Rate(*container.pop("least_rate"))
    watchdog = _Watchdog(Exchanges(**container, least_rate=rate))
    for line in sys.stdin:
        watchdog.carry_out(json.loads(line))


if __name__ == "__main__":
    main(int(sys.argv[1]))
