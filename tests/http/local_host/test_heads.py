"""Heads of requests that the platform refuses or takes: the rules of its server, Kestrel, at the local host."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from localhost.host.host_process import HostProcess
from tests.http.api import Api
from tests.http.local_host.watching import port_of, raw, receive_answer

EVERY = b"/toys/every"
LAST = b"connection: close"


def get(*lines: bytes, path: bytes = EVERY, version: bytes = b"HTTP/1.1", method: bytes = b"GET") -> bytes:
    """A request after which the connection may go on."""
    return b"\r\n".join((b"%b %b %b" % (method, path, version), *lines, b"", b""))


def seen(answer: bytes) -> Any:
    """What a function saw of a request."""
    return json.loads(answer.partition(b"\r\n\r\n")[2])


REFUSED = {
    "no host": (get(), 400),
    "two hosts": (get(b"Host: x", b"Host: x"), 400),
    "a host with a path": (get(b"Host: x/y"), 400),
    "a host with a space": (get(b"Host: x y"), 400),
    "a port with letters": (get(b"Host: x:8a"), 400),
    "a colon without a port": (get(b"Host: x:"), 400),
    "a port without a host": (get(b"Host: :80"), 400),
    "half an address": (get(b"Host: [::1"), 400),
    "text behind an address": (get(b"Host: [::1]x"), 400),
    "latin-1 in a header": (get(b"Host: x", b"x-a: \xe9"), 400),
    "latin-1 in a repeated header": (get(b"Host: x", b"x-a: \xe9", b"x-a: e"), 400),
    "a nul in a path": (get(b"Host: x", path=b"/toys/items/a%00b"), 400),
    "a coding that is not chunked": (get(b"Host: x", b"Transfer-Encoding: gzip"), 400),
    "a tab behind chunked": (get(b"Host: x", b"Transfer-Encoding: chunked\t"), 400),
    "a tunnel": (get(b"Host: x:80", path=b"x:80", method=b"CONNECT"), 400),
    "no request": (b"hello\r\n\r\n", 400),
    "a name with a space": (get(b"Host: x", b"x a: 1"), 400),
    "a short version": (get(b"Host: x", version=b"HTTP/2"), 400),
    "HTTP/2.0 and the last": (get(b"Host: x", LAST, version=b"HTTP/2.0"), 505),
    "two hosts in the last": (get(b"Host: x", b"Host: x", LAST), 400),
    "HTTP/2.0": (get(b"Host: x", version=b"HTTP/2.0"), 505),
    "HTTP/3.0": (get(b"Host: x", version=b"HTTP/3.0"), 505),
    "HTTP/0.9": (get(b"Host: x", version=b"HTTP/0.9"), 505),
    "http/1.1": (get(b"Host: x", version=b"http/1.1"), 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a long line": (get(b"Host: x", path=EVERY + b"?" + b"a" * 8192), 414),
    "a long head": (get(b"Host: x", b"x-a: " + b"a" * 32768), 431),
    "many headers": (get(b"Host: x", *(b"x-%d: a" % number for number in range(100))), 431),
}
TAKEN = {
    "an empty host": get(b"Host:"),
    "a name with an underscore": get(b"Host: a_b.c-d:8080"),
    "an address of IPv6": get(b"Host: [::1]:80"),
    "a host in tabs": get(b"Host:\tx\t"),
    "no host in HTTP/1.0": get(version=b"HTTP/1.0"),
    "a nul in a query": get(b"Host: x", path=EVERY + b"?a=%00"),
    "the text of a nul": get(b"Host: x", path=b"/toys/items/%2500"),
    "as the last": get(b"Host: x", LAST),
    "many headers": get(b"Host: x", *(b"x-%d: a" % number for number in range(99))),
    "a method in small letters": get(b"Host: x", method=b"get"),
    "a method with a capital": get(b"Host: x", method=b"Get"),
    "a method in small letters behind an empty line": b"\r\n" + get(b"Host: x", method=b"get"),
    "a line and a head that are both nearly too long": get(
        b"Host: x", b"x-a: " + b"a" * 30_000, path=EVERY + b"?" + b"a" * 8_000
    ),
    "a method in mixed letters": get(b"Host: x", method=b"pATCH"),
}


@pytest.fixture
def connection(host: HostProcess) -> Iterator[socket.socket]:
    """An open connection."""
    with socket.create_connection(("127.0.0.1", port_of(host)), timeout=10) as opened:
        yield opened


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
def test_what_the_platform_refuses_is_refused_without_a_text(host: HostProcess, sent: bytes, status: int) -> None:
    """A caller is refused on the own machine and not only after the move."""
    head, _, body = raw(host, sent).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (body, b"\r\ncontent-length: 0" in head, b"\r\nconnection: close" in head) == (b"", True, True)


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
def test_what_the_platform_takes_is_served(connection: socket.socket, sent: bytes) -> None:
    """No rule is harsher here than there."""
    connection.sendall(sent)

    assert receive_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_spaces_and_tabs_around_a_header_are_not_of_it(host: HostProcess) -> None:
    """A key that was pasted with a space behind it is the key, here as on the platform."""
    shown = seen(raw(host, get(b"Host: x", b"x-a: \t 1 2 \t", b"x-b:\t1\t", b"x-c: \t", LAST)))["headers"]

    assert (shown["x-a"], shown["x-b"], shown["x-c"]) == ("1 2", "1", "")


def test_a_repeated_header_is_joined_by_commas(host: HostProcess) -> None:
    shown = seen(raw(host, get(b"Host: x", b"x-a: 1 ", b"Cookie: a=1", b"X-A: 2", b"Cookie: b=2", LAST)))["headers"]

    assert (shown["x-a"], shown["cookie"]) == ("1,2", "a=1,b=2")


def test_a_header_is_read_as_utf_8(host: HostProcess) -> None:
    assert seen(raw(host, get(b"Host: x", "x-a: é".encode(), LAST)))["headers"]["x-a"] == "é"


@pytest.mark.parametrize("length", [b"", b"Content-Length: 3\r\n"])
def test_a_body_in_chunks_is_empty_for_a_function(connection: socket.socket, length: bytes) -> None:
    """The platform passes on what has a length alone; the connection goes on behind the chunks."""
    head = b"POST /toys/echo HTTP/1.1\r\nHost: x\r\n" + length + b"Transfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head + b"5\r\nabcde\r\n0\r\n\r\n" + get(b"Host: x"))

    shown = seen(receive_answer(connection))

    assert (shown["body"], shown["headers"]["transfer-encoding"]) == ("", "chunked")
    assert seen(receive_answer(connection))["method"] == "GET"


@pytest.mark.parametrize("offer", ["websocket", "h2c", "TLS/1.0"])
@pytest.mark.parametrize("pieces", [1, 4])
def test_an_offer_of_another_protocol_is_passed_over(connection: socket.socket, offer: str, pieces: int) -> None:
    """Java's HTTP client makes one in its first request."""
    sent = b"POST /toys/echo?a=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    sent += b"Upgrade: %b\r\nHTTP2-Settings: AAEA\r\nContent-Length: 5\r\n\r\nabcde" % offer.encode()
    for place in range(pieces):
        connection.sendall(sent[place * len(sent) // pieces : (place + 1) * len(sent) // pieces])
    connection.sendall(get(b"Host: x"))

    shown = seen(receive_answer(connection))

    assert (shown["body"], shown["headers"]["upgrade"], shown["query"]) == ("abcde", offer, {"a": "1"})
    assert "upgrade" not in seen(receive_answer(connection))["headers"]


def test_a_connection_of_http_1_0_is_kept_if_it_asks_for_it(connection: socket.socket) -> None:
    for _ in range(2):
        connection.sendall(b"GET /toys/every HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"\r\nconnection: keep-alive\r\n" in receive_answer(connection)
    connection.sendall(b"GET /toys/every HTTP/1.0\r\n\r\n")

    assert b"\r\nconnection: close\r\n" in receive_answer(connection)
    assert connection.recv(1) == b""


def test_a_client_that_sends_no_more_is_answered(connection: socket.socket) -> None:
    """As `nc` does at the end of its input."""
    connection.sendall(b"GET /toys/slow/0.3 HTTP/1.1\r\nHost: x\r\n\r\n")
    connection.shutdown(socket.SHUT_WR)

    assert receive_answer(connection).endswith(b"done")
    assert connection.recv(1) == b""


@pytest.mark.parametrize(
    ("sent", "received"), [(b"", b""), (b"GET /toys/every HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.1 400 Bad Request")]
)
def test_a_client_that_ends_before_its_request_does_is_let_go(
    connection: socket.socket, sent: bytes, received: bytes
) -> None:
    connection.sendall(sent)
    connection.shutdown(socket.SHUT_WR)

    assert connection.recv(65536).startswith(received)


@pytest.mark.parametrize("path", ["/toys/echo", "/toys/every", "//x", "/admin/functions"])
def test_a_browser_is_told_that_no_other_page_may_call(toys: Api, path: str) -> None:
    """Without one origin set for the app, the platform answers the question and permits nothing."""
    question = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
    answer = toys.call("OPTIONS", path, None, question)

    assert (answer.status, answer.body) == (204, b"")
    assert [name for name in answer.headers if name.startswith(("access-control", "content-"))] == []


@pytest.mark.parametrize("half", ["Origin", "Access-Control-Request-Method"])
def test_what_is_no_question_of_a_browser_is_a_call(toys: Api, half: str) -> None:
    assert toys.call("OPTIONS", "/toys/echo", None, {half: "POST"}).status == 404


SLOW = get(b"Host: x", path=b"/toys/slow/0.2")
CHUNKS = b"POST /toys/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("behind", "ends"),
    [
        (b"hello\r\n\r\n", False),
        (get(b"Host: x", version=b"HTTP/2.0"), False),
        (CHUNKS + b"zz\r\n", False),
        (b"GET / HT", True),
        (CHUNKS + b"5\r\nabc", True),
    ],
)
def test_what_cannot_be_read_is_refused_behind_the_answers_before_it(
    connection: socket.socket, behind: bytes, ends: bool
) -> None:
    """Else a client takes the refusal for the answer to its first request, which may have been carried out."""
    connection.sendall(SLOW + SLOW + behind)
    if ends:
        connection.shutdown(socket.SHUT_WR)

    answers = b""
    while piece := connection.recv(65536):
        answers += piece

    assert [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]] in ([200, 200, 400], [200, 200, 505])
    assert answers.count(b"done") == 2


def test_what_stands_behind_chunks_is_no_header(connection: socket.socket) -> None:
    """Else a key, or bytes that no header may have, would come in past all checks."""
    connection.sendall(CHUNKS + b"1\r\na\r\n0\r\nx-a: \xe9\r\nx-b: 1\r\n\r\n" + get(b"Host: x"))

    shown = seen(receive_answer(connection))

    assert [name for name in shown["headers"] if name.startswith("x-") and len(name) == 3] == []
    assert seen(receive_answer(connection))["method"] == "GET"


@pytest.mark.parametrize("target", [b"http://x:99999/", b"http://[bad/"])
def test_an_address_that_is_none_is_refused_on_a_kept_connection_too(connection: socket.socket, target: bytes) -> None:
    connection.sendall(get(b"Host: x"))
    receive_answer(connection)
    connection.sendall(get(b"Host: x", path=target))

    assert receive_answer(connection).startswith(b"HTTP/1.1 400 ")


def test_any_number_of_offers_is_passed_over(connection: socket.socket) -> None:
    """However many come in one piece."""
    connection.sendall(get(b"Host: x", b"Connection: upgrade", b"Upgrade: x", path=b"/nobody") * 1_500)

    answers = b""
    while answers.count(b"HTTP/1.1 404") < 1_500:
        piece = connection.recv(65536)
        assert piece, answers[-200:]
        answers += piece


def test_a_head_is_not_measured_with_the_body_before_it(connection: socket.socket) -> None:
    """Nor is one that comes in pieces."""
    body = b"x" * 60_000
    post = b"POST /toys/length HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + body
    sent = get(b"Host: x")
    for piece in (post + sent[:8], sent[8:20], sent[20:]):
        connection.sendall(piece)
        time.sleep(0.05)

    assert receive_answer(connection).endswith(b"60000")
    assert receive_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_a_method_in_small_letters_may_come_in_pieces(connection: socket.socket) -> None:
    for piece in (b"p", b"atc", b"h /toys/every HT", b"TP/1.1\r\nHost: x\r\n\r\n"):
        connection.sendall(piece)
        time.sleep(0.05)

    assert seen(receive_answer(connection))["method"] == "PATCH"
