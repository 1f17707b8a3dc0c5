"""Requests and answers of the local host: a small app, served through the real worker library."""

import contextlib
import socket
import time
from collections.abc import Callable

import pytest

from localhost.host.host_process import HostProcess
from localhost.host.request_bodies import BODY_LIMIT_BYTES
from tests.http.api import Answer, Api
from tests.http.local_host.watching import port_of, raw


def function_of(answer: Answer) -> str:
    return answer.headers.get("x-function", f"nobody ({answer.status})")


class TestRouting:
    """Which function answers."""

    @pytest.mark.parametrize(
        ("path", "function"),
        [
            ("/toys/items/special", "item"),
            ("/toys/items/other", "item"),
            ("/toys/items/early", "early"),
            ("/toys/items/7/half", "number"),
            ("/toys/items/seven/half", "word"),
            ("/TOYS/Items/Early", "early"),
            ("/toys/items/early/", "early"),
            ("/toys/maybe", "maybe"),
            ("/toys/maybe/x", "maybe"),
            ("/toys/files/a/b/c", "rest"),
            ("/toys/files", "rest"),
            ("/items/special", "nobody (404)"),
            ("/toys/items", "nobody (404)"),
            ("/toys/items//half", "nobody (404)"),
            ("/toys/items/7//half", "nobody (404)"),
            ("/toys/items/special//", "nobody (404)"),
            ("/toys//items/special", "nobody (404)"),
            ("//toys/items/special", "nobody (404)"),
            ("//", "nobody (404)"),
            ("/toys/files/b//c", "rest"),
            ("/toys/files//c", "nobody (404)"),
            ("/toys/items/7/half/more", "nobody (404)"),
            ("/", "nobody (404)"),
        ],
    )
    def test_the_first_function_by_name_whose_route_fits_takes_a_call(
        self, toys: Api, path: str, function: str
    ) -> None:
        """As in the real host: `special` comes after `item`, and `Zone` after `word`, whatever the letter case."""
        answer = toys.get(path)

        assert function == function_of(answer)

    @pytest.mark.parametrize(
        ("segment", "parameter", "url"),
        [
            ("a%2Fb%20%C3%A9", "a%2Fb é", "a%2Fb%20%C3%A9"),
            ("a%252fb", "a%2fb", "a%2fb"),
            ("100%25", "100%", "100%25"),
            ("%2541", "%41", "%41"),
            ("%FF%C3%A9%C3", "%FFé%C3", "%FF%C3%A9%C3"),
            ("x%3Fy%23z", "x?y#z", "x%3Fy%23z"),
            ("a/../b", "b", "b"),
            ("a/%2E%2E/.%2e%2f", "..%2f", "..%2f"),
            ("a/%2E/../b", "b", "b"),
        ],
    )
    def test_a_path_is_decoded_once_but_for_slashes(self, toys: Api, segment: str, parameter: str, url: str) -> None:
        """As the real host does it; how it was sent is in a header, whatever the client puts there."""
        shown = toys.get(f"/toys/items/{segment}?a=%41", {"x-waws-unencoded-url": "/elsewhere"}).json

        assert shown["route"] == {"id": parameter}
        assert shown["url"].endswith(f"/toys/items/{url}?a=%41")
        assert shown["headers"]["x-waws-unencoded-url"] == f"/toys/items/{segment}?a=%41"

    def test_an_optional_parameter_that_is_not_there_is_left_out(self, toys: Api) -> None:
        assert toys.get("/toys/maybe").json["route"] == {}
        assert toys.get("/toys/maybe/x").json["route"] == {"name": "x"}

    @pytest.mark.parametrize("rest", ["a/b/c", "a/b//c", "a/"])
    def test_the_rest_of_a_path_is_one_parameter(self, toys: Api, rest: str) -> None:
        assert toys.get(f"/toys/files/{rest}").json["route"] == {"path": rest}

    def test_two_slashes_at_the_beginning_are_explained_once(self, start: Callable[..., HostProcess]) -> None:
        """They come from an endpoint that ends in a slash; a client that has it would fill the log."""
        calls, said = Api.at((host := start()).url, None), []
        for path in ("/toys//x", "//toys/every", "//toys/every"):
            answer = calls.get(path)
            said.append((answer.status, answer.body, host.log().count("take that slash away")))

        assert said == [(404, b"", 0), (404, b"", 1), (404, b"", 1)]

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
    def test_another_method_is_as_unknown_as_another_path(self, toys: Api, method: str) -> None:
        assert toys.call(method, "/toys/echo", None).status == 404

    def test_a_function_without_methods_takes_all(self, toys: Api) -> None:
        assert [toys.call(method, "/toys/every", None).status for method in ("GET", "PATCH", "HEAD", "OPTIONS")] == [
            200
        ] * 4


class TestRequestsAndAnswers:
    """What a function sees, and what a client gets."""

    def test_a_request_arrives_whole(self, toys: Api) -> None:
        shown = toys.post("/toys/echo?a=1&b=&a=2&c=x%20y", b"\x00body\xff", {"X-Own": "o"}).json

        assert shown["method"] == "POST"
        assert shown["body"] == "\x00body\xff"
        assert shown["query"] == {"a": "1,2", "b": "", "c": "x y"}
        assert shown["headers"]["x-own"] == "o"
        assert f"http://127.0.0.1:{toys.port}/toys/echo?a=1&b=&a=2&c=x%20y" == shown["url"]

    def test_a_large_body_arrives_whole(self, toys: Api) -> None:
        assert toys.post("/toys/length", b"x" * 30_000_000).body == b"30000000"

    def test_a_body_over_the_limit_is_refused_before_it_is_sent(self, host: HostProcess) -> None:
        announced = b"content-length: %d\r\n" % (BODY_LIMIT_BYTES + 1)
        answer = raw(host, b"POST /toys/length HTTP/1.1\r\nhost: x\r\n" + announced + b"\r\nfirst bytes")

        assert answer.startswith(b"HTTP/1.1 413 ")

    def test_an_endless_body_is_cut_off_at_the_limit(self, host: HostProcess) -> None:
        """Whatever is sent in pieces, the host keeps no more than the limit."""
        head = b"POST /toys/length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        piece = b"%x\r\n" % 1_000_000 + b"x" * 1_000_000 + b"\r\n"
        with socket.create_connection(("127.0.0.1", port_of(host)), timeout=10) as connection:
            connection.sendall(head)
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < 200:
                    connection.sendall(piece)
                    sent += 1

            assert sent < 200

    def test_a_function_in_a_thread_answers(self, toys: Api) -> None:
        assert toys.get("/toys/threaded").body == b"from a thread"

    def test_an_exception_is_a_500_without_a_body_and_a_line_in_the_log(self, toys: Api, host: HostProcess) -> None:
        answer = toys.get("/toys/broken")

        assert (answer.status, answer.body) == (500, b"")
        assert "broken failed: ValueError('nope')" in host.log()
        assert 'raise ValueError("nope")' in host.log()

    def test_an_answer_that_http_cannot_carry_is_a_500(self, toys: Api) -> None:
        assert toys.get("/toys/unsendable").status == 500

    def test_a_204_has_neither_body_nor_length(self, toys: Api) -> None:
        answer = toys.get("/toys/nothing")

        assert (answer.status, answer.body) == (204, b"")
        assert "content-length" not in answer.headers

    def test_every_cookie_is_sent(self, host: HostProcess) -> None:
        answer = raw(host, b"GET /toys/cookies HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

        assert b"set-cookie: a=1; Path=/\r\n" in answer
        assert b"set-cookie: b=2; HttpOnly\r\n" in answer

    def test_a_function_that_takes_too_long_is_stopped(self, toys: Api, host: HostProcess) -> None:
        began = time.monotonic()
        answer = toys.get("/toys/slow/30")

        assert answer.status == 500
        assert 3.5 < time.monotonic() - began < 20
        assert "slow failed: stopped after 4 s, the functionTimeout of host.json" in host.log()


class TestKeys:
    """Functions that need a key of the platform."""

    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            ("/toys/guarded", {}, 401),
            ("/toys/guarded", {"x-functions-key": "wrong"}, 401),
            ("/toys/guarded", {"x-functions-key": "function-key"}, 200),
            ("/toys/guarded?code=function-key", {}, 200),
            ("/toys/guarded?code=", {}, 401),
            ("/toys/owned", {"x-functions-key": "function-key"}, 401),
            ("/toys/owned", {"x-functions-key": ""}, 401),
        ],
    )
    def test_a_key_opens_what_it_is_for(self, toys: Api, path: str, headers: dict[str, str], status: int) -> None:
        assert status == toys.get(path, headers).status

    def test_the_master_key_opens_everything(self, toys: Api) -> None:
        key = {"x-functions-key": "master-key"}

        assert [toys.get("/toys/owned").status, toys.get("/toys/owned", key).status] == [401, 200]
        assert [toys.get("/admin/functions").status, toys.get("/admin/functions", key).status] == [401, 200]


class TestLogs:
    """What the host writes down."""

    def test_an_event_is_one_line(self, toys: Api, host: HostProcess) -> None:
        toys.get("/toys/logs")

        assert r"INFO     toy: first\nsecond" in host.log()

    def test_what_is_below_the_level_is_left_out(self, toys: Api, host: HostProcess) -> None:
        toys.get("/toys/logs")

        assert "too much" not in host.log()
