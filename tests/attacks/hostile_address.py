"""A server at an address that a loop's owner has set, which does what no storage does; each account in its own way."""

import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

SIGNED = "sv=2022-11-02&sr=c&sp=rlcw&se=2099-01-01T00%3A00%3A00Z&sig=secret"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
_LISTING = b'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>'
_END = b"</Blobs><NextMarker/></EnumerationResults>"
_MIB = 1024 * 1024


def _blob(name: str, size: int) -> bytes:
    properties = f"<Properties><Etag>0x1</Etag><Content-Length>{size}</Content-Length></Properties>"
    return f"<Blob><Name>{name}</Name>{properties}</Blob>".encode()


def _drip(first: bytes, then: bytes = b".") -> Iterator[bytes]:
    yield first
    while True:
        time.sleep(0.3)
        yield then


def _repeat(first: bytes, then: bytes, times: int = 10**9) -> Iterator[bytes]:
    yield first
    for _ in range(times):
        yield then


def _deflate_bomb() -> Iterator[bytes]:
    """10 GB of spaces, as gzip."""
    packer = zlib.compressobj(9, wbits=31)
    begin = packer.compress(_LISTING + b" " * _MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * _MIB * 10) + packer.flush(zlib.Z_FULL_FLUSH)
    head = _HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(begin) + 1000 * len(block)}\r\n\r\n".encode()
    return _repeat(head + begin, block, 1000)


def _whole(body: bytes, more: str = "") -> Iterator[bytes]:
    yield _HEAD + f"{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _late(body: bytes) -> Iterator[bytes]:
    time.sleep(0.9)
    yield from _whole(body)


def _nested(levels: int = 30) -> bytes:
    """Entities of entities, which would be 2 to the power of `levels` characters."""
    names = "".join(f'<!ENTITY e{n + 1} "&e{n};&e{n};">' for n in range(levels))
    return f'<!DOCTYPE x [<!ENTITY e0 "x">{names}]><EnumerationResults>&e{levels};</EnumerationResults>'.encode()


LISTINGS: dict[str, Callable[[], Iterator[bytes]]] = {
    "drippinghead": lambda: _drip(b"HTTP/1.1 200 OK\r\nX: "),
    "drippingbody": lambda: _drip(_HEAD + b"Content-Length: 1000000\r\n\r\n" + _LISTING, b" "),
    "endlessheaders": lambda: _repeat(_HEAD, b"X-Header: value\r\n" * 100),
    "endlessheader": lambda: _repeat(_HEAD + b"X: ", b"x" * 65536),
    "endlessbody": lambda: _repeat(_HEAD + b"\r\n" + _LISTING, b" " * 65536),
    "endlessname": lambda: _repeat(_HEAD + b"\r\n" + _LISTING + b"<Blob><Name>", b"x" * 65536),
    "endlesspages": lambda: _whole(b"<EnumerationResults><Blobs/><NextMarker>more</NextMarker></EnumerationResults>"),
    "million": lambda: _repeat(_HEAD + b"\r\n" + _LISTING, b"".join(_blob(f"log/{n}", 9) for n in range(1000)), 1000),
    "bomb": _deflate_bomb,
    "entities": lambda: _whole(_nested()),
    "redirect": lambda: iter([b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"]),
    "garbage": lambda: iter([b"no HTTP at all\r\n\r\n"]),
    "nolisting": lambda: _whole(b"<html>hello"),
    "silent": lambda: _drip(b"", b""),
}
"""What answers a listing, by the account; all other accounts list one file, `log/1`."""
FILES: dict[str, Callable[[], Iterator[bytes]]] = {
    "slowfile": lambda: _drip(_HEAD + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "shortfile": lambda: iter([_HEAD + b"Content-Length: 10\r\nConnection: close\r\n\r\n0123456789"]),
    "latefile": lambda: _late(b"x" * 9),
    "endlessfile": lambda: _repeat(_HEAD + b"\r\n", b"x" * 65536),
}
"""What answers a request for the file."""
WRITES: dict[str, Callable[[], Iterator[bytes]]] = {
    "slowwrite": lambda: _drip(b"HTTP/1.1 201 Created\r\nX: "),
    "endlesswrite": lambda: _repeat(b"HTTP/1.1 201 Created\r\nX: ", b"x" * 65536),
}
"""What answers a write."""
LISTED_BYTES = 1_000_000


class HostileServer:
    """The server.

    Attributes:
        port: Where it listens.
        most_open: How many connections were open at once, by account; of all under an empty name.
    """

    def __init__(self) -> None:
        self.most_open: dict[str, int] = {}
        self._open: list[tuple[str, socket.socket]] = []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._server.getsockname()[1]

    def __enter__(self) -> "HostileServer":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.close()

    def address(self, account: str) -> str:
        """The address of a container of an account."""
        return f"http://127.0.0.1:{self.port}/{account}/logs?{SIGNED}"

    def open_now(self, account: str = "") -> int:
        """How many connections are open, for an account or for all."""
        with self._lock:
            self._open = [(name, connection) for name, connection in self._open if _is_open(connection)]
            return sum(account in ("", name) for name, _ in self._open)

    def _accept(self) -> None:
        while not self._ending.is_set():
            try:
                connection = self._server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        account = ""
        try:
            with connection, suppress(OSError):
                request = b""
                while b"\r\n\r\n" not in request:
                    if not (part := connection.recv(65536)):
                        return
                    request += part
                method, target = request.split(b" ", 2)[:2]
                account = target.decode().split("/")[1]
                self._count(account, connection)
                for chunk in self._answer(account, method.decode(), target.decode()):
                    if self._ending.is_set():
                        return
                    connection.sendall(chunk)
                    if not _is_open(connection):
                        return
                connection.settimeout(1)
                connection.recv(1)
        finally:
            with self._lock:
                self._open = [each for each in self._open if each[1] is not connection]

    def _answer(self, account: str, method: str, target: str) -> Iterator[bytes]:
        kind = account.partition("-")[2]
        if method == "PUT":
            return WRITES.get(kind, lambda: iter([b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"]))()
        if "comp=list" in target:
            return LISTINGS.get(kind, lambda: _whole(_LISTING + _blob("log/1", LISTED_BYTES) + _END))()
        return FILES.get(kind, lambda: _whole(b"x" * LISTED_BYTES))()

    def _count(self, account: str, connection: socket.socket) -> None:
        with self._lock:
            self._open.append((account, connection))
        for name in (account, ""):
            self.most_open[name] = max(self.most_open.get(name, 0), self.open_now(name))


def _is_open(connection: socket.socket) -> bool:
    """Whether the other side has not ended a connection."""
    try:
        return connection.fileno() >= 0 and connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
