"""A loop that nobody has used yet: how to send the first Rank, and what the page does when it came."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import KEY, QUICK
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop.traffic import V1
from tests.storages import NewStorage
from tests.unit.pages import page as documented

BETWEEN_TWO_LOOKS = 13_000
"""In milliseconds: the page asks every 12 seconds whether a Rank came."""


@pytest.fixture(scope="module")
def new(new_storage: NewStorage) -> Iterator[Api]:
    """A new loop on a host that offers the demo, as that of `up` does."""
    with HostProcess(new_storage(), env=QUICK, offers_demo=True) as host:
        yield Api.at(host.url, KEY, tries=4)


def code_for(page: Page, client: str) -> str:
    """The code that the page shows for a client."""
    page.get_by_role("radio", name=client, exact=True).check()
    code: Locator = page.get_by_role("region", name=f"Code for {client}", exact=True)
    return code.inner_text()


def test_each_published_client_has_its_code_with_this_address(new: Api, open_page: OpenPage) -> None:
    """Those of the README, and the key in none of them."""
    page = open_page(new)
    expect(page.get_by_role("heading", name="Waiting for your first Rank …")).to_be_visible()
    titles = [label.inner_text().strip() for label in page.get_by_role("group", name="Client").locator("label").all()]
    codes = {title: code_for(page, title) for title in titles}

    assert all(new.url in code and KEY not in code for code in codes.values())
    page.get_by_role("radio", name="Java", exact=True).check()
    expect(page.get_by_text("serve the loop by up --https")).to_be_visible()
    languages = {title.split(",")[0] for title in titles} - {"curl"}
    readme = documented("README.md").text
    assert languages == {line.removeprefix("### ") for line in readme.splitlines() if line[4:] in languages}
    lines = readme.splitlines()
    first, last = (next(n for n, line in enumerate(lines) if line == f"### {name}") for name in ("Python", "curl"))
    assert languages == {line[4:] for line in lines[first:last] if line.startswith("### ")}


def test_short_times_are_set_once_the_user_has_read_what_they_do(new: Api, open_page: OpenPage) -> None:
    """The dialog tells the API's preview; cancelled, it changes nothing."""
    page = open_page(new)
    page.get_by_role("button", name="Set short times …").click()
    dialog = page.get_by_role("dialog", name="Set short times?")
    expect(dialog).to_contain_text("rewardWaitTime changes from 10 minutes to 5 seconds.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    before = new.get(f"{V1}/configurations/service").json
    page.get_by_role("button", name="Set short times …").click()
    dialog.get_by_role("button", name="Set them").click()
    expect(page.get_by_text("The times are short now.")).to_be_visible()
    after = new.get(f"{V1}/configurations/service").json

    assert before["rewardWaitTime"] == "PT10M"
    assert (after["rewardWaitTime"], after["modelExportFrequency"]) == ("PT5S", "PT5S")
    page.reload()
    expect(page.get_by_role("heading", name="Waiting for your first Rank …")).to_be_visible()
    expect(page.get_by_role("button", name="Set short times …")).to_have_count(0)


def test_the_demo_is_offered_where_the_host_plays_it_and_else_told_as_a_command(
    new: Api, empty: Api, open_page: OpenPage, complaints: list[str]
) -> None:
    """The host that does not is asked, and answers 404."""
    with_button = open_page(new)
    expect(with_button.get_by_role("button", name="Play the demo")).to_be_visible()
    without = open_page(empty, key=None)
    with without.expect_console_message(lambda message: "404" in message.text):
        without.get_by_label("API key").fill(KEY)
        without.keyboard.press("Enter")
    expect(without.get_by_text("python3 dev.py demo --keep --open")).to_be_visible()

    expect(without.get_by_role("button", name="Play the demo")).to_have_count(0)
    assert len(complaints) == 1
    assert "404" in complaints.pop()


def test_the_page_turns_green_when_the_first_rank_comes_and_counts_down_to_the_first_model(
    empty: Api, context: BrowserContext, open_page: OpenPage, photograph: Photograph, complaints: list[str]
) -> None:
    """The Rank is sent by the code that the page shows; then the loop's own view follows."""
    context.clock.install()
    page = open_page(empty)
    code = code_for(page, "Python")
    photograph(page, "empty")
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "KEY": KEY}, check=True)

    context.clock.fast_forward(BETWEEN_TWO_LOOKS)
    expect(page.get_by_role("heading", name="Your first Rank is here")).to_be_visible()
    countdown = page.get_by_role("timer")
    expect(countdown).to_contain_text("in ")
    text = countdown.inner_text()
    expect(countdown).not_to_have_text(text)
    lights = page.get_by_role("list", name="From Rank to model").get_by_role("listitem")
    expect(lights.first).to_contain_text("In order")
    page.get_by_role("button", name="Show the loop").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("No event is joined yet")
    expect(page.get_by_role("region", name="Reward per event")).to_contain_text(
        "The chart begins with the first joined event"
    )
    photograph(page, "first-rank")
    complaints.clear()  # the host offers no demo
