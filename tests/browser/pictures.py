"""`python -m tests.browser.pictures FOLDER`: the pictures of the page in README and docs, of a demo that it has played.

Takes about four minutes. With `--states`, the overview of six loops instead, from one without data to one whose server
is gone, each wide and narrow, light and dark.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, unquote

from playwright.sync_api import Browser, Page, sync_playwright

from localhost.environment import ROOT
from shared.ranking.decision import equal_chances
from shared.storage.paths import DEFAULT, in_loop
from shared.times import DAY
from tests.browser import loops
from tests.browser.chromium import launch_options
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.stored_loop import StoredLoop

EQUAL = equal_chances(len(loops.DISHES))
SIZE = {"width": 1280, "height": 800}
EVALUATION = "other-settings"
_POLICIES = {"squarecb": "--cb_explore_adf --squarecb -q ::", "softmax": "--cb_explore_adf --softmax --lambda 5 -q ::"}
VIEWS = {
    "overview": "/",
    "who-gets-what": "/chances?event=yogurt-2412",
    "event": "/events/yogurt-2000",
    "evaluation": f"/evaluations/{EVALUATION}",
}
"""The names of the pictures, and what they show."""


WIDTHS = {"wide": SIZE, "narrow": {"width": 390, "height": 844}}
COLORS = ("light", "dark")
STATES = ("no-data", "learning", "proven", "worse", "trainer-stopped")
"""Loops that are made; of the proven one, the server is ended in the end."""


def take_states(folder: Path) -> None:
    """Take the pictures of the overview in all of its states."""
    folder.mkdir(parents=True, exist_ok=True)
    with in_loop(DEFAULT), sync_playwright() as playwright, TemporaryDirectory() as made:
        browser = playwright.chromium.launch(**launch_options())
        for name in STATES:
            (storage := Path(made, name)).mkdir()
            if name != "no-data":
                make_state(name, str(storage), Path(made) / f"{name}.log")
            with HostProcess(str(storage), env={"API_KEY_1": loops.KEY, "TRAIN_SCHEDULE": in_half_an_hour()}) as host:
                pages = [*open_all(browser, host.url)]
                for page, ending in pages:
                    take(page, folder / f"{name}{ending}.png", whole=True)
            if name == "proven":
                take_silence(pages, folder)
        browser.close()


def make_state(name: str, storage: str, log_file: Path) -> None:
    """Make a loop of which the overview shows one of its states."""
    settings = past.seldom(exploration_percentage=0.2)
    if name == "learning":
        return loops.make(storage, log_file, loops.good_past(170, 1.5), settings)
    if name == "worse":
        pays = {"soup": 0.9, "salad": 0.1, "pasta": 0.1, "curry": 0.1}
        return loops.make(storage, log_file, loops.steady_past("worse", 1500, (300, 12), EQUAL, pays), settings)
    if name == "proven":
        return loops.make(storage, log_file, loops.good_past(), settings)
    loops.make(storage, log_file, loops.good_past(end=240), settings)
    with StoredLoop(storage) as stored:
        pays = dict.fromkeys(loops.DISHES, 0.5)
        replace(loops.steady_past("later", 300, (225, 1), EQUAL, pays), deadline_us=DAY).write(stored)
    return None


def in_half_an_hour() -> str:
    """A schedule of once an hour by which no trainer runs while pictures are taken."""
    return f"0 {(time.gmtime().tm_min + 30) % 60} * * * *"


def open_all(browser: Browser, address: str) -> Iterator[tuple[Page, str]]:
    """Open a loop's page in each width and color."""
    for width, size in WIDTHS.items():
        for color in COLORS:
            context = browser.new_context(viewport=size, locale="en-GB", timezone_id="UTC", color_scheme=color)
            page = context.new_page()
            page.goto(f"{address}/rankloop#key={loops.KEY}&view=/")
            yield page, f"-{width}-{color}"


def take_silence(pages: Sequence[tuple[Page, str]], folder: Path) -> None:
    """Take the pictures of pages whose server is gone."""
    for page, ending in pages:
        page.get_by_role("alert").wait_for(timeout=60_000)
        take(page, folder / f"server-gone{ending}.png", whole=True)


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with played_demo() as link, sync_playwright() as playwright:
        address, _, key = link.partition("/rankloop#key=")
        evaluate(Api.at(address, unquote(key)))
        browser = playwright.chromium.launch(**launch_options())
        page = browser.new_context(viewport=SIZE, locale="en-GB", timezone_id="UTC", color_scheme="light").new_page()
        for name, view in VIEWS.items():
            page.goto(f"{address}/rankloop#key={key}&view={quote(view)}")
            page.reload()
            take(page, folder / f"{name}.png")
        browser.close()


@contextmanager
def played_demo() -> Iterator[str]:
    """Play the demo, and give the link of its loop's page, which serves until the end of the block."""
    command = [sys.executable, "-m", "localhost.demo", "--keep", "--json", "--end-with-input"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            course = json.loads(line)
            sys.stderr.write(f"\r{course['played']:5} purchases  {course['because'][:80]:80}")
            if course["state"] in ("ended", "failed"):
                break
        sys.stderr.write("\n")
        yield str(course["url"])
        process.communicate("")


def evaluate(api: Api) -> None:
    """Have other settings evaluated by the demo's log, with a search for better ones."""
    policies = [{"name": name, "arguments": arguments} for name, arguments in _POLICIES.items()]
    body: dict[str, Any] = {"name": "Other settings", "enableOfflineExperimentation": True, "policies": policies}
    day = {
        "startTime": time.strftime("%Y-%m-%d"),
        "endTime": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400)),
    }
    answer = api.put(f"/personalizer/evaluations/{EVALUATION}?api-version=2022-09-01-preview", {**body, **day})
    assert answer.status == 200, answer.body
    while api.get(f"/rankloop/v1/evaluations/{EVALUATION}").json["status"] not in ("Succeeded", "Failed"):
        time.sleep(1)


def take(page: Page, file: Path, *, whole: bool = False) -> None:
    """Take a picture of what the first screen of a view shows once all is there, or of the whole view."""
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # for what moves into its place
    page.screenshot(path=file, full_page=whole)
    sys.stderr.write(f"{file}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go, such as docs/page")
    parser.add_argument("--states", action="store_true", help="the overview of six loops in different states")
    arguments = parser.parse_args()
    (take_states if arguments.states else main)(arguments.folder)
