"""Who gets what: each action's chance, before and after the latest model, and why."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Photograph
from tests.http.api import Api


def test_each_action_has_its_chance_before_and_after_the_latest_model(good: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """For a Rank that came, whose id is in the address."""
    page = open_page(good, "/chances")

    rows = page.get_by_role("table", name="Chances").get_by_role("row")
    expect(rows.filter(has_text="soup")).to_be_visible()
    page.wait_for_timeout(1500)
    photograph(page, "chances")
    page.set_viewport_size({"width": 390, "height": 1800})
    page.wait_for_timeout(300)
    photograph(page, "chances-phone")
