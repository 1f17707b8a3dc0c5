"""How a browser comes to the page."""

import warnings
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from localhost.page import page_in_browser, page_link
from tests.browser.conftest import OpenPage
from tests.browser.loops import KEY
from tests.http.api import Api


def test_what_up_gives_a_browser_leads_to_the_page_signed_in(
    good: Api, context: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file with the link is left behind, and so is the key in the address."""
    monkeypatch.setenv("BROWSER", "true")
    file, page = tmp_path / "page.html", context.new_page()
    with page_in_browser(page_link(good.url, KEY), file):
        page.goto(file.as_uri())
        page.wait_for_url(f"{good.url}/rankloop#/")
        stored = page.evaluate("Object.values(sessionStorage).map(JSON.parse)")

    assert stored == [{"key": KEY}]


GO_ON = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("#page > *")) return;
  observer.disconnect();
  location.hash = "#/events";
}).observe(document, { childList: true, subtree: true });
"""
"""Changes the address in the moment in which the page is drawn first."""


def test_an_address_that_changes_while_the_page_is_drawn_first_is_followed(
    good: Api, context: BrowserContext, open_page: OpenPage
) -> None:
    """By someone who is quick, or a link that a browser was given twice."""
    context.add_init_script(GO_ON)

    page = open_page(good, "/monitor")

    expect(page).to_have_url(f"{good.url}/rankloop#/events")
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")


def test_a_browser_that_starts_slowly_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is still starting when the page is not to be opened any more."""
    monkeypatch.setenv("BROWSER", "true")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with page_in_browser("http://127.0.0.1:1/rankloop", tmp_path / "page.html"):
            pass

    assert [str(warning.message) for warning in warned] == []
