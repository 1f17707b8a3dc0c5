"""A real browser, and loops to look at."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from tests import clock
from tests.browser import loops
from tests.browser.chromium import launch_options
from tests.browser.loops import KEY, QUICK
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop.traffic import V1
from tests.storages import NewStorage

WIDE = ViewportSize(width=1280, height=800)
MOVED_CLOCK = """
const Machine = Date;
globalThis.Date = class extends Machine {
  constructor(...given) { given.length ? super(...given) : super(Machine.now() + ahead); }
  static now() { return Machine.now() + ahead; }
};
"""
"""Lets a browser have the time of the run."""
OpenPage = Callable[..., Page]
Photograph = Callable[[Page, str], None]
Keep = Callable[[str, Any], None]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser for the tests of this folder: as long as it is there, Playwright has an event loop in this thread."""
    expect.set_options(timeout=15_000)  # other processes may keep the machine busy
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(**launch_options())
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody has used before."""
    opened = browser.new_context(viewport=WIDE, locale="en-GB", timezone_id="UTC")
    opened.set_default_timeout(15_000)
    if clock.ahead_us():
        opened.add_init_script(f"const ahead = {clock.ahead_us() // 1000};{MOVED_CLOCK}")
    yield opened
    opened.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of. A test that provokes complaints empties it."""
    return []


@pytest.fixture
def open_page(context: BrowserContext, complaints: list[str]) -> Iterator[OpenPage]:
    """Opens a view of a loop's page, signed in; the test fails if the browser complains of anything."""

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.text} [{message.location['url']}]")

    def open_view(api: Api, view: str = "/", key: str | None = KEY, path: str = "/rankloop") -> Page:
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{api.url}{path}#key={key}&view={quote(view)}" if key else f"{api.url}{path}#{view}")
        return page

    yield open_view
    assert complaints == []


@pytest.fixture(scope="package")
def good(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop with hours behind it, which earns more than its default. Tests may not change it."""
    storage = new_storage()
    loops.make_good(storage, tmp_path_factory.mktemp("good") / "trainer.log")
    with HostProcess(storage, env={**QUICK, "TRAIN_SCHEDULE": "*/5 * * * * *"}) as host:
        api = Api.at(host.url, KEY, tries=4)
        api.put(f"{V1}/configurations/service", {"modelExportFrequency": "PT1S"})  # for the newest model to come
        status = loops.wait_until(api, lambda status: status["model"]["learnedEvents"] == status["events"]["learned"])
        loops.wait_for_model(api, status["model"]["id"])
        yield api


@pytest.fixture(scope="module")
def empty(new_storage: NewStorage) -> Iterator[Api]:
    """A loop that nobody has used, of the module's own."""
    with HostProcess(new_storage(), env=QUICK) as host:
        yield Api.at(host.url, KEY, tries=4)


@pytest.fixture
def photograph() -> Photograph:
    """Keeps a picture of a page in the folder that SCREENSHOTS names, if it does."""
    folder = os.environ.get("SCREENSHOTS", "")

    def keep(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    return keep


@pytest.fixture
def keep() -> Keep:
    """Keeps a record beside the pictures, as JSON, if SCREENSHOTS names a folder."""
    folder = os.environ.get("SCREENSHOTS", "")

    def write(name: str, record: Any) -> None:
        if folder:
            text = json.dumps(record, indent=2, ensure_ascii=False)
            (Path(folder) / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")

    return write
