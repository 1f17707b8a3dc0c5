"""What the loop earned, by range, action, context and mode; what got lost; and what features are worth."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Photograph
from tests.http.api import Api


def test_looks(good: Api, open_page: OpenPage, photograph: Photograph) -> None:
    page = open_page(good, "/monitor?range=PT6H")
    expect(page.get_by_role("heading", name="Reward per event")).to_be_visible()
    page.wait_for_timeout(600)
    photograph(page, "rewards")
    for name in ("By action", "By context", "Late and lost", "Matching performance", "Features"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_timeout(800)
        photograph(page, name.replace(" ", "-"))
