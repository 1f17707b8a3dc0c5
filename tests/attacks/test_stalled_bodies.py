"""Requests that stand still, or whose heads have no end, are given up, and take a bounded memory until then.

A body was waited for for ever, and each one could hold 100 MB.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvicorn

from localhost.host.asgi_app import Front
from localhost.host.function_keys import Keys
from localhost.host.http_protocol import Http11
from localhost.host.http_trigger import Receive, Scope, Send, answer
from localhost.host.refused_heads import HEAD_LIMIT_BYTES, LINE_LIMIT_BYTES
from localhost.host.request_bodies import RequestBodies
from localhost.ports import THIS_MACHINE, bind
from tests.http.local_host.watching import eventually

LINE_END = b" HTTP/1.1\r\nhost: here\r\n\r\n"
POST = b"POST /admin/length HTTP/1.1\r\nhost: here\r\n"
SHORT = 0.5
MEMORY_BYTES = 1024 * 1024
PIECE = b"x" * (200 * 1024)


class Hasty(Http11):
    """The protocol with less patience."""

    head_seconds = SHORT


class Server:
    """The server of the host, in a thread of this process."""

    def __init__(self, bodies: RequestBodies, protocol: type[Http11]) -> None:
        self.bodies = bodies
        self._listening = bind(0, THIS_MACHINE)
        self._listening.listen(100)
        self.port = self._listening.getsockname()[1]
        front = Front([], "", Keys.of({}), self._answer_length, bodies, None)  # type: ignore[arg-type]
        config = uvicorn.Config(front, http=protocol, interface="asgi3", lifespan="off", ws="none", log_config=None)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()

    def send(self, data: bytes) -> socket.socket:
        """Open a connection and send bytes."""
        connection = socket.create_connection((THIS_MACHINE, self.port), timeout=20)
        connection.sendall(data)
        return connection

    def post(self, length: int) -> socket.socket:
        """Open a connection and announce a body."""
        return self.send(POST + b"content-length: %d\r\n\r\n" % length)

    def _run(self) -> None:
        asyncio.run(self._server.serve([self._listening]))

    async def _answer_length(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self.bodies.read(scope, receive)
        await answer(send, 200, [], b"%d" % len(body))


@pytest.fixture
def hasty() -> Iterator[Server]:
    """A server that waits for half a second."""
    with Server(RequestBodies(seconds=SHORT), Hasty) as server:
        yield server


@pytest.fixture
def small() -> Iterator[Server]:
    """A server with a megabyte for bodies that are not whole yet."""
    with Server(RequestBodies(memory_bytes=MEMORY_BYTES), Http11) as server:
        yield server


def rest_of(connection: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    received = b""
    with connection:
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize("sent", [b"", b"x", b"x" * 70_000])
def test_a_body_that_stands_still_is_given_up(hasty: Server, sent: bytes) -> None:
    """However much of it has come; the connection ends, since what would follow is no request."""
    connection = hasty.post(100_000)
    connection.sendall(sent)

    answered = rest_of(connection)

    assert answered.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answered
    assert hasty.bodies.held_bytes == 0


def test_a_body_in_chunks_that_stands_still_is_given_up(hasty: Server) -> None:
    """Nothing was announced."""
    connection = hasty.send(POST + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")

    assert rest_of(connection).startswith(b"HTTP/1.1 408 ")


def test_the_platform_s_patience_is_shorter_where_little_has_come() -> None:
    """It gives up what came more slowly than 240 bytes a second so far; more bytes have bought more time."""
    with Server(RequestBodies(grace_seconds=SHORT), Http11) as server, server.post(100_000) as quick:
        quick.sendall(b"x" * 70_000)
        slow = server.post(100_000)
        slow.sendall(b"x")

        assert rest_of(slow).startswith(b"HTTP/1.1 408 ")
        quick.sendall(b"x" * 30_000)
        assert quick.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_long_body_has_more_time_as_long_as_it_comes(hasty: Server) -> None:
    """A model of 64 MiB comes over a slow line in minutes."""
    connection = hasty.post(len(PIECE) * 6)
    pause = threading.Event()
    for _ in range(6):
        connection.sendall(PIECE)
        pause.wait(SHORT / 3)

    assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    connection.close()


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(b"", b""), (POST, b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")],
)
def test_a_head_that_stands_still_is_given_up(hasty: Server, sent: bytes, answered: bytes) -> None:
    """Whoever has sent nothing is told nothing."""
    assert rest_of(hasty.send(sent)) == answered


def test_a_head_without_an_end_is_not_collected(small: Server) -> None:
    """The parser underneath would, until memory ends."""
    connection = small.send(POST)
    with pytest.raises(ConnectionError):  # noqa: PT012 - one of them, as soon as the server has ended the connection
        for _ in range(10_000):
            connection.sendall(b"x-more: " + b"x" * 4000 + b"\r\n")
    connection.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /admin/" + b"x" * (LINE_LIMIT_BYTES - 21) + LINE_END, b"414"),
        (b"GET /admin/" + b"x" * (LINE_LIMIT_BYTES - 22) + LINE_END, b"200"),
        (POST + b"x-more: " + b"x" * (HEAD_LIMIT_BYTES - 21) + b"\r\n\r\n", b"431"),
        (POST + b"x-more: " + b"x" * (HEAD_LIMIT_BYTES - 22) + b"\r\n\r\n", b"200"),
        (POST + b"x-more: x\r\n" * 100 + b"\r\n", b"431"),
        (POST + b"x-more: x\r\n" * 99 + b"\r\n", b"200"),
    ],
)
def test_a_head_is_as_long_as_the_platform_takes_it(small: Server, head: bytes, status: bytes) -> None:
    """A first line of 8 KiB, and behind it 32 KiB in a hundred lines."""
    with small.send(head) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 " + status)


def test_an_address_without_an_end_is_named_as_what_is_too_long(small: Server) -> None:
    """Though its line never comes to an end."""
    with small.send(b"GET /") as connection:
        pause = threading.Event()
        for _ in range(3):
            connection.sendall(b"x" * 4000)
            pause.wait(0.01)

        assert connection.recv(100).startswith(b"HTTP/1.1 414 ")


def test_the_oldest_unfinished_bodies_make_room(small: Server) -> None:
    """A hundred bodies that stand still hold no more than one may, and a whole one is taken meanwhile."""
    with ExitStack() as stack:
        stalled = [stack.enter_context(small.post(len(PIECE) * 2)) for _ in range(50)]
        for connection in stalled:
            connection.sendall(PIECE)
            assert small.bodies.held_bytes <= MEMORY_BYTES
        assert eventually(lambda: small.bodies.held_bytes > MEMORY_BYTES / 2)

        whole = stack.enter_context(small.post(len(PIECE)))
        whole.sendall(PIECE)

        assert whole.recv(100).startswith(b"HTTP/1.1 200 ")
        assert small.bodies.held_bytes <= MEMORY_BYTES
        first = stalled[0].recv(1000)
        assert first.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in first


def test_a_body_that_is_larger_than_the_memory_is_refused(small: Server) -> None:
    """By itself, as the oldest and the newest one."""
    connection = small.post(MEMORY_BYTES * 2)
    with connection:
        connection.sendall(b"x" * (MEMORY_BYTES + 70_000))

        assert connection.recv(100).startswith(b"HTTP/1.1 503 ")
