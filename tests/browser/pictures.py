"""`python -m tests.browser.pictures FOLDER`: the pictures of the page in README and docs, of a demo that it has played.

Takes about four minutes.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from playwright.sync_api import Page, sync_playwright

from localhost.environment import ROOT
from tests.browser.chromium import launch_options
from tests.http.api import Api

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


def take(page: Page, file: Path) -> None:
    """Take a picture of what the first screen of a view shows once all is there."""
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # for what moves into its place
    page.screenshot(path=file)
    sys.stderr.write(f"{file}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go, such as docs/page")
    main(parser.parse_args().folder)
