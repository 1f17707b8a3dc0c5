"""How the local host ends."""

import os
import signal
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path

import pytest

from localhost.host.host_process import HostProcess
from tests.http.api import Answer, Api
from tests.http.local_host.watching import eventually, lines, port_of


class TestEnd:
    """How the host ends."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_requests_that_run_are_finished(self, start: Callable[..., HostProcess], number: int) -> None:
        host = start()
        answers: list[Answer] = []
        client = threading.Thread(target=lambda: answers.append(Api.at(host.url, None).get("/toys/slow/1")))
        client.start()
        time.sleep(0.3)
        os.kill(host.pid, number)
        client.join()

        assert [answer.body for answer in answers] == [b"done"]
        assert eventually(lambda: host.exit_code() == 0)

    def test_no_new_request_is_taken_while_it_ends(self, start: Callable[..., HostProcess]) -> None:
        host = start()
        client = HTTPConnection("127.0.0.1", port_of(host))
        client.request("GET", "/toys/slow/1.5")
        time.sleep(0.2)
        os.kill(host.pid, signal.SIGTERM)
        time.sleep(0.4)

        with pytest.raises((ConnectionError, RemoteDisconnected)):
            Api.at(host.url, None).get("/toys/every")
        assert client.getresponse().read() == b"done"
        client.close()

    def test_a_timer_that_goes_on_is_cancelled(self, start: Callable[..., HostProcess], notes: Path) -> None:
        host = start(SELDOM_SECONDS="60")
        before = len(lines(notes / "seldom"))
        host.begin("seldom")
        assert eventually(lambda: len(lines(notes / "seldom")) > before)

        began = time.monotonic()
        assert host.stop() == 0
        assert time.monotonic() - began < 8
        assert lines(notes / "seldom")[before:] == ["begin"]

    def test_a_killed_host_starts_again_on_its_port(self, start: Callable[..., HostProcess]) -> None:
        host = start()
        before = host.url
        os.kill(host.pid, signal.SIGKILL)
        assert eventually(lambda: host.exit_code() == -signal.SIGKILL)
        host.start()

        assert before == host.url
        assert Api.at(host.url, None).get("/toys/every").status == 200
