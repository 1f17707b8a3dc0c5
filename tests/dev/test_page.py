"""The page's link in a browser, and the demo that the page has played."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localhost.azurite.processes import ProcessId
from localhost.environment import ROOT
from localhost.host.admin import Admin
from localhost.host.demo_process import DemoProcess
from localhost.host.function_keys import Keys
from localhost.host.request_bodies import RequestBodies
from localhost.page import page_link
from tests.dev.browsers import Browser
from tests.dev.test_up import Starter
from tests.http.api import Api
from tests.loop.test_evaluate_command import below

DEMO = "/admin/rankloop/demo"
OPEN = """
import sys
from pathlib import Path
from localhost.page import page_in_browser
with page_in_browser(sys.argv[1], Path(sys.argv[2])) as sentence:
    print(sentence, flush=True)
    sys.stdin.read()
"""


def test_a_key_is_encoded_in_the_link() -> None:
    """Whatever it is, the fragment stays one parameter."""
    assert page_link("http://h:1", "a&b #/%é") == "http://h:1/rankloop#key=a%26b%20%23%2F%25%C3%A9"


# The browser


def open_page(file: Path, programs: Path, **variables: str) -> "subprocess.Popen[str]":
    """Open a page in a process that goes on until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN, "http://h/rankloop#key=k&amp=1", str(file)],
        cwd=ROOT,
        env={"PATH": str(programs), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_browser_is_given_a_file_for_its_user_alone(tmp_path: Path) -> None:
    """It takes the place of one that was left behind, and is gone at the end."""
    browser, file = Browser(tmp_path), tmp_path / "data" / "page.html"
    file.parent.mkdir()
    file.write_text("left behind", encoding="utf-8")
    with open_page(file, tmp_path / "none", BROWSER=str(browser.program)) as process:
        opened = browser.wait()
        output, _ = process.communicate("")

    assert (opened.argument, opened.mode) == (file.as_uri(), "600")
    assert 'content="0; url=http://h/rankloop#key=k&amp;amp=1"' in opened.page
    assert (output.startswith("The page opens in the browser."), file.exists()) == (True, False)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a browser")
@pytest.mark.parametrize("name", ["w3m", "none"])
def test_without_a_browser_it_says_so_in_a_line_and_goes_on(tmp_path: Path, name: str) -> None:
    """One that shows pages in the terminal would take it from what is served there."""
    browser, file = Browser(tmp_path, name), tmp_path / "page.html"
    with open_page(file, tmp_path, TERM="xterm") as process:
        output, _ = process.communicate("")

    assert (output.splitlines(), process.returncode) == ([output.strip()], 0)
    assert output.startswith("There is no browser here that can show the page")
    assert (browser.was_called, file.exists()) == (False, False)


# The page's demo


@pytest.mark.parametrize(
    ("method", "client", "key", "status"),
    [
        ("GET", "127.0.0.1", "second", 200),
        ("GET", "10.0.0.1", "second", 200),
        ("GET", "10.0.0.2", "second", 404),
        ("POST", "10.0.0.2", "first", 404),
        ("DELETE", "127.0.0.1", "first", 404),
        ("POST", "127.0.0.1", "", 401),
        ("POST", "10.0.0.2", "wrong", 401),
        ("OPTIONS", "127.0.0.1", "", 401),
    ],
)
def test_only_the_page_on_this_machine_reaches_its_demo(method: str, client: str, key: str, status: int) -> None:
    """With a key of the API; a browser that asks for a page of another origin gets no leave to send one."""
    admin = Admin([], {}, Keys("", "master", ("first", "second", "")), RequestBodies(), DemoProcess())
    headers = [(b"ocp-apim-subscription-key", key.encode()), (b"host", b"10.0.0.1:7071")]

    sent = ask(admin, {"method": method, "path": DEMO, "headers": headers, "client": (client, 1)})

    assert sent["status"] == status
    assert [name for name, _ in sent["headers"] if name.startswith(b"access-control")] == []


def test_a_host_that_does_not_offer_the_demo_has_no_such_path() -> None:
    """Such as that of a demo."""
    admin = Admin([], {}, Keys(api=("key",)), RequestBodies())
    headers = [(b"ocp-apim-subscription-key", b"key"), (b"host", b"10.0.0.1:7071")]

    sent = ask(admin, {"method": "GET", "path": DEMO, "headers": headers})

    assert sent["status"] == 404


def ask(admin: Admin, scope: dict[str, Any]) -> dict[str, Any]:
    """Make a call of the host, which listens at 10.0.0.1; gives the beginning of the answer."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("there is no body to be read")

    asyncio.run(admin({"scheme": "http", "server": ("10.0.0.1", 7071), "query_string": b"", **scope}, receive, send))
    return sent[0]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path / "data")
    yield starter
    for serving in starter.started:
        if serving.process.poll() is None:
            serving.end()


def test_the_page_has_a_demo_played_once_and_it_ends_with_the_host(up: Starter) -> None:
    """Its loop has an address and a key of its own."""
    serving = up()
    answers = [serving.api.post(DEMO, {}) for _ in range(2)]
    while (course := serving.api.get(DEMO).json)["state"] == "starting":
        time.sleep(0.05)
    address, _, key = course["url"].partition("/rankloop#key=")
    loop = Api.at(address, key)
    statuses = [loop.get("/ready").status, loop.get("/rankloop/v1/status").status, loop.get(DEMO).status]
    running = [ProcessId.of(pid) for pid in below(serving.process.pid)]

    assert [answer.status for answer in answers] == [202, 200]
    assert course.keys() == {"url", "state", "because", "played", "purchases"}
    assert (course["state"], course["purchases"], loop.key != serving.api.key) == ("playing", 2412, True)
    assert statuses == [200, 200, 404]
    assert (len(running), serving.end()) == (4, 0)
    assert all(process.wait(30) for process in running)
    assert "Traceback" not in serving.output


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_pages_demo_ends_when_the_host_is_killed(up: Starter) -> None:
    serving = up()
    serving.api.post(DEMO, {})
    while len(below(serving.process.pid)) < 4:
        time.sleep(0.05)
    running = [ProcessId.of(pid) for pid in below(serving.process.pid)]
    host = next(
        pid for pid in serving.children() if "serve" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    )
    os.kill(host, signal.SIGKILL)

    late = [process for process in running if not process.wait(30)]
    assert [Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8") for process in late] == []
    assert "Traceback" not in serving.output
