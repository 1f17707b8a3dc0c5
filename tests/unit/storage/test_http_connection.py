"""HTTP answers, as they come: in any pieces, by length or in chunks, broken off, or no answers at all."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.azure.http_connection import Answer, BrokenAnswer, Connection

BY_LENGTH = b'HTTP/1.1 201 Created\r\nETag: W/"x: y"\r\nContent-Length: 5\r\n\r\nhello'
IN_CHUNKS = b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n4\r\nab\r\n\r\n1;name=value\r\nc\r\n0\r\n\r\n"
WITHOUT_BODY = b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"


class Wire(asyncio.Transport):
    """Takes what is sent, and can be ended."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def abort(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.ended


def connect() -> tuple[Connection, Wire]:
    """Make a connection, and its other side."""
    connection, wire = Connection(), Wire()
    connection.connection_made(wire)
    return connection, wire


def receive(*pieces: bytes) -> Answer:
    """Receive an answer that comes in pieces."""

    async def exchange() -> Answer:
        connection, wire = connect()
        waiting = asyncio.ensure_future(connection.exchange(b"request"))
        await asyncio.sleep(0)
        assert wire.sent == b"request"
        for piece in pieces:
            connection.data_received(piece)
        if not waiting.done():
            connection.connection_lost(None)
        return await waiting

    return asyncio.run(exchange())


@pytest.mark.parametrize(
    ("answer", "status", "body"), [(BY_LENGTH, 201, b"hello"), (IN_CHUNKS, 202, b"ab\r\nc"), (WITHOUT_BODY, 204, b"")]
)
@given(st.data())
def test_an_answer_is_the_same_in_any_pieces(answer: bytes, status: int, body: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(answer) - 1))))
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]

    received = receive(*pieces)

    assert (received.status, received.body) == (status, body)


def test_a_header_is_found_in_any_letter_case_and_its_value_is_whole() -> None:
    answer = receive(BY_LENGTH)

    assert [answer.header(name) for name in (b"etag", b"content-length", b"date")] == ['W/"x: y"', "5", None]


@pytest.mark.parametrize("answer", [BY_LENGTH, IN_CHUNKS, WITHOUT_BODY])
def test_an_answer_that_is_broken_off_is_none(answer: bytes) -> None:
    for end in range(len(answer)):
        with pytest.raises(BrokenAnswer):
            receive(answer[:end])


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example.com\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 soon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 100_000,
    ],
)
def test_what_is_no_answer_ends_the_connection(answer: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        receive(answer)


async def test_a_connection_serves_one_request_after_another() -> None:
    connection, _ = connect()
    for _ in range(3):
        waiting = asyncio.ensure_future(connection.exchange(b"request"))
        await asyncio.sleep(0)
        assert not connection.usable
        connection.data_received(IN_CHUNKS)
        assert (await waiting).status == 202
        assert connection.usable


async def test_a_connection_is_not_used_again_when_the_other_side_is_to_end_it() -> None:
    connection, _ = connect()
    waiting = asyncio.ensure_future(connection.exchange(b"request"))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    assert (await waiting).status == 200
    assert not connection.usable


async def test_a_connection_is_not_used_again_when_more_than_the_answer_came() -> None:
    """What is left over would be taken for the next request's answer."""
    connection, _ = connect()
    waiting = asyncio.ensure_future(connection.exchange(b"request"))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nmore")

    assert (await waiting).body == b"m"
    assert not connection.usable


async def test_a_connection_is_not_used_again_after_its_answer_was_given_up() -> None:
    """The late answer would be taken for that of the next request."""
    connection, _ = connect()
    waiting = asyncio.ensure_future(connection.exchange(b"request"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})

    assert not connection.usable
    connection.data_received(BY_LENGTH)


async def test_words_that_nobody_asked_for_end_the_connection() -> None:
    connection, wire = connect()

    connection.data_received(BY_LENGTH)

    assert wire.ended
    assert not connection.usable
