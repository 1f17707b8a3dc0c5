"""The view Setup: what it shows is what the API tells, and what it changes is what the API then tells."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Photograph
from tests.http.api import Api


def test_look(good: Api, open_page: OpenPage, photograph: Photograph) -> None:
    page = open_page(good, "/setup")
    expect(page.get_by_label("Default reward", exact=True)).to_be_visible()
    photograph(page, "setup")
    page.get_by_label("Default reward", exact=True).fill("0.5")
    page.get_by_role("radio", name="Apprentice").check()
    page.get_by_label("Exploration percentage", exact=True).fill("30")
    expect(page.get_by_text("Then: the learning mode")).to_be_visible()
    photograph(page, "setup-changed")
    page.get_by_label("Default reward", exact=True).fill("5")
    page.wait_for_timeout(800)
    photograph(page, "setup-refused")
    page.get_by_role("button", name="Undo all").click()
    for tab in ("Learning settings", "History", "Clear data", "Keys and endpoint"):
        page.get_by_role("link", name=tab).click()
        page.wait_for_timeout(300)
        photograph(page, f"setup-{tab}")
    page.goto(f"{good.url}/rankloop#/models")
    expect(page.get_by_text("in use", exact=True)).to_be_visible()
    photograph(page, "models")
