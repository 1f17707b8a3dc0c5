"""`page`: what the first view of the page weighs, when it is there, and what an open tab costs the loop.

A loop with five hours behind it, the local host, and the browser of the tests. The cost of a tab is the processor time
of the host over minutes of it, whose clock runs fast, against that of five calls of `status` a minute.
"""

import http.client
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Request, sync_playwright

from benchmarks import machine
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from localhost.azurite.emulator import Azurite
from localhost.host.host_process import HostProcess
from tests.browser import loops
from tests.browser.chromium import launch_options

ROUNDS = 5
MINUTES = 20
_CALLS_A_MINUTE = 5
_STATUS = "/rankloop/v1/status"


def measure(progress: Progress, rounds: int = ROUNDS, minutes: int = MINUTES) -> list[Figure]:
    """Measure kilobytes and milliseconds of the first view, and milliseconds of processor time of a minute."""
    with _browser() as browser, _loop(progress) as host:
        sizes, waits, ours, other = [], [], [], []
        for number in range(rounds):
            progress.show(f"round {number + 1} of {rounds}")
            size, wait = _open(browser, host.url)
            sizes.append(size)
            waits.append(wait)
            ours.append(_watch(browser, host, minutes))
            other.append(_ask(host, minutes))
    return [
        Figure("page", "the first view over the wire", "KB", sizes, goal=Goal("at most", 250)),
        Figure("page", "from its address to the verdict on the screen", "ms", waits, goal=Goal("at most", 1000)),
        Figure(
            "page",
            "processor time of a minute of an open tab",
            "ms",
            ours,
            other,
            f"{_CALLS_A_MINUTE} calls of status",
            Goal("at most", 1),
        ),
    ]


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@contextmanager
def _loop(progress: Progress) -> Iterator[HostProcess]:
    progress.show("training a loop")
    with Azurite() as azurite, tempfile.TemporaryDirectory() as folder:
        storage = azurite.new_account().connection_string
        loops.make_good(storage, Path(folder, "trainer.log"))
        with HostProcess(storage, env={**loops.QUICK, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}) as host:
            yield host


def _open(browser: Browser, url: str) -> tuple[float, float]:
    """Kilobytes of all that a browser fetches that was never here, and milliseconds until it shows the verdict."""
    requests: list[Request] = []
    context = browser.new_context(locale="en-GB")
    context.on("requestfinished", lambda request: requests.append(request))
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"{url}/rankloop#key={loops.KEY}", wait_until="commit")
    page.get_by_role("heading", level=1).wait_for()
    waited = (time.perf_counter() - began) * 1000
    page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in requests]
    context.close()
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) / 1000, waited


def _watch(browser: Browser, host: HostProcess, minutes: int) -> float:
    """Milliseconds of the host's processor time that a minute of a tab takes."""
    context = browser.new_context(locale="en-GB")
    context.clock.install()
    page = context.new_page()
    page.goto(f"{host.url}/rankloop#key={loops.KEY}")
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    before = machine.cpu_seconds(host.pid)
    _pass(context, minutes * 60)
    spent = machine.cpu_seconds(host.pid) - before
    context.close()
    return spent * 1000 / minutes


def _pass(context: BrowserContext, seconds: int) -> None:
    """Let the tab's clock run so long, and wait for each answer."""
    (page,) = context.pages
    sent, answered = [0], [0]
    page.on("request", lambda _: sent.append(1))
    page.on("requestfinished", lambda _: answered.append(1))
    for _ in range(seconds // 5):
        page.clock.run_for(5000)
        while sum(answered) < sum(sent):
            page.wait_for_timeout(5)


def _ask(host: HostProcess, minutes: int) -> float:
    """The same of the calls of `status`."""
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc)
    before = machine.cpu_seconds(host.pid)
    for _ in range(minutes * _CALLS_A_MINUTE):
        connection.request("GET", _STATUS, headers={"Ocp-Apim-Subscription-Key": loops.KEY})
        connection.getresponse().read()
    spent = machine.cpu_seconds(host.pid) - before
    connection.close()
    return spent * 1000 / minutes
