"""Every view for everyone: no violation that axe finds, light and dark, and no sideways scrolling on a phone."""

import pytest
from playwright.sync_api import Page, expect

from localhost.environment import ROOT
from tests.browser.conftest import WIDE, OpenPage
from tests.http.api import Api

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
VIEWS = ("/", "/chances", "/events", "/monitor", "/setup", "/models", "/evaluations", "/access")
"""The views of the page, as `views.js` lists them."""


def violations(page: Page) -> list[str]:
    """What axe finds, with the elements; it is injected by the browser's own hand, since the page would not load it."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {violation['help']}: {[node['html'][:120] for node in violation['nodes'][:3]]}"
        for violation in found["violations"]
    ]


def settle(page: Page) -> None:
    """Wait until the view has read what it shows."""
    expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_load_state("networkidle")


def cut_off(page: Page) -> list[str]:
    """The tables of which something is shown only to who scrolls sideways."""
    return [
        str(region.get_attribute("aria-label"))
        for region in page.get_by_role("region").filter(has=page.get_by_role("table")).all()
        if region.evaluate("region => region.scrollWidth > region.clientWidth")
    ]


def test_every_view_is_in_the_list() -> None:
    """So that a new view is looked at, too."""
    table = (ROOT / "portal_fn" / "page" / "views.js").read_text(encoding="utf-8")
    names = [line.split('"')[1] for line in table.splitlines() if "name:" in line]

    assert [f"/{name}" for name in names] == list(VIEWS)


@pytest.mark.parametrize("view", [*VIEWS, "sign in"])
def test_axe_finds_nothing(good: Api, open_page: OpenPage, view: str) -> None:
    page = open_page(good, view, key=None) if view == "sign in" else open_page(good, view)
    for colors in ("light", "dark"):
        page.emulate_media(color_scheme=colors)
        settle(page)
        assert violations(page) == [], colors


@pytest.mark.parametrize("view", [*VIEWS, "/setup/history", "sign in"])
def test_a_phone_shows_every_view_without_scrolling_sideways(good: Api, open_page: OpenPage, view: str) -> None:
    """The tables, too: each cell says its column there."""
    page = open_page(good, view, key=None) if view == "sign in" else open_page(good, view)
    page.set_viewport_size(PHONE)
    settle(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert cut_off(page) == []
    page.set_viewport_size(WIDE)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_reached_and_used_by_keyboard(good: Api, open_page: OpenPage, view: str) -> None:
    """The first Tab offers to skip the menu, and what is skipped to has the focus."""
    page = open_page(good, view)
    settle(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null || document.activeElement === document.body")
