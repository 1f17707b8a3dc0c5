"""The first screen."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Photograph
from tests.http.api import Api


def test_the_verdict_stands_in_large_type(good: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """With what is earned, and how much more that is than the default earns."""
    page = open_page(good)

    expect(page.get_by_role("heading", level=1)).to_contain_text("Earns")
    expect(page.get_by_text("The loop", exact=False).first).to_be_visible()
    photograph(page, "overview")
