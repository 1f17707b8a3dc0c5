"""What nobody thought of: addresses that are none, ids of all letters, a phone, another language."""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from shared.intake.keys import canonical
from tests.browser.conftest import MOVED_CLOCK, OpenPage
from tests.browser.loops import KEY
from tests.clock import ahead_us
from tests.http.api import Api
from tests.loop.traffic import V1

PHONE = ViewportSize(width=390, height=844)
NO_LANGUAGE = "value: 'en-US@posix', configurable: true"
LONG = "z" * 200
TAG = "<img src=x onerror=alert(1)>"
RIGHT_TO_LEFT = ("מוצר 12", "طلب-9 (5)")
IDS = ("a/b ü", "%2F", "../..", "a?b#c&d=e", "x" * 256, TAG, *RIGHT_TO_LEFT)
GERMAN_WORDS = re.compile(r"\bvor \d|Sekunden?|Minuten?|Stunden?|\bTage?\b|jetzt")
ENGLISH_NUMBERS = re.compile(r"\d\.\d\d?(?!\d)(?!\.)|\b[1-9]\d*,\d{3}\b")


@pytest.fixture(scope="module")
def strange(empty: Api) -> Api:
    """A loop whose clients choose any id and any value."""
    actions = [
        {"id": name, "features": [{"n": place}]} for place, name in enumerate((TAG, "a/b ü", LONG, *RIGHT_TO_LEFT))
    ]
    for event_id in IDS:
        context = [{"user": {"name": event_id, "age": 33.3}}, {"none": None, "list": [1, 2], "html": TAG, "url": LONG}]
        assert (
            empty.post(f"{V1}/rank", {"eventId": event_id, "contextFeatures": context, "actions": actions}).status
            == 201
        )
    return empty


@pytest.fixture
def german(browser: Browser, good: Api) -> Iterator[Page]:
    """The page of a good loop in a German browser."""
    context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin")
    if ahead_us():
        context.add_init_script(f"const ahead = {ahead_us() // 1000};{MOVED_CLOCK}")
    page = context.new_page()
    page.goto(f"{good.url}/rankloop#key={KEY}")
    yield page
    context.close()


@pytest.mark.parametrize("address", ["/%E0%A4%A", "/events/%E0%A4%A", "/nonsense", "/constructor", "//", "?x=%E0%A4%A"])
def test_an_address_that_is_none_shows_a_view(good: Api, open_page: OpenPage, address: str) -> None:
    """As a mail program may have cut it off within a letter."""
    page = open_page(good)
    page.evaluate("address => { location.hash = address; }", address)
    page.reload()

    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_any_id_has_an_address_of_its_own_and_is_shown_as_text(strange: Api, open_page: OpenPage) -> None:
    page = open_page(strange, "/events")
    for event_id in map(canonical, IDS):
        page.get_by_role("link", name=event_id, exact=True).first.click()

        expect(page.get_by_role("heading", name="The Rank came")).to_be_visible()
        assert unquote(page.url.partition("#/events/")[2].partition("?")[0]) == event_id
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), event_id
        page.go_back()
    assert page.locator("img").count() == 0


def test_long_ids_stay_within_the_page_of_a_phone(strange: Api, open_page: OpenPage) -> None:
    page = open_page(strange, "/chances")
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("table").get_by_text(LONG)).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_all_views_are_in_sight_on_a_phone(strange: Api, open_page: OpenPage) -> None:
    """A row that one has to push aside does not look as if it went on."""
    page = open_page(strange, "/events")
    page.set_viewport_size(PHONE)

    for link in page.get_by_role("navigation", name="Views").get_by_role("link").all():
        expect(link).to_be_in_viewport(ratio=1)


def test_words_are_english_and_numbers_the_browsers_in_the_apis_sentences_too(german: Page) -> None:
    """Of 1.206 and 1,206 beside each other, one is a thousand times the other."""
    expect(german.get_by_role("heading", level=1)).to_contain_text(re.compile(r"Earns 0,\d\d more per event"))
    expect(german.get_by_role("list", name="From Rank to model")).to_contain_text(" ago")
    text = german.get_by_role("main").inner_text()

    assert GERMAN_WORDS.findall(text) == []
    assert ENGLISH_NUMBERS.findall(german.get_by_role("region", name="Verdict").inner_text()) == []


@pytest.mark.parametrize(("language", "typed"), [("en-GB", "-0.25"), ("de-DE", "-0,25")])
def test_a_broken_number_can_be_typed(browser: Browser, empty: Api, language: str, typed: str) -> None:
    """Digit by digit, with the sign that the browser's language has for it; the loop is asked for the number."""
    with browser.new_context(locale=language) as context:
        page = context.new_page()
        page.goto(f"{empty.url}/rankloop#key={KEY}&view=/setup")
        field = page.get_by_role("textbox", name="Default reward")
        field.press("Control+a")
        field.press_sequentially(typed)

        expect(field).to_have_value(typed)
        expect(page.get_by_text("defaultReward changes from")).to_contain_text(typed)


def test_a_browser_on_a_machine_without_a_language_draws_all_charts(browser: Browser, good: Api) -> None:
    """A headless Chromium says `en-US@posix` where the environment names no language, which `Intl` refuses."""
    with browser.new_context() as context:
        context.add_init_script(f"Object.defineProperty(navigator, 'language', {{ {NO_LANGUAGE} }})")
        page = context.new_page()
        page.goto(f"{good.url}/rankloop#key={KEY}")

        expect(page.locator("canvas").first).to_be_visible()


NOT_ISOLATED = """
() => {
  const texts = document.createTreeWalker(document.getElementById("page"), NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    const isolated = parentElement.closest("bdi") || /^[^\\p{Script=Hebrew}\\p{Script=Arabic}]*\\u2068/u.test(data);
    if (/[\\p{Script=Hebrew}\\p{Script=Arabic}]/u.test(data) && !isolated) found.push(data);
  }
  return found;
}
"""
"""Texts that are written from right to left and not isolated; an `<option>` has no elements, but a letter for it."""


@pytest.mark.parametrize("view", ["/chances", "/events", "/events/{}", "/events?eventId={}"])
def test_what_is_written_from_right_to_left_is_isolated(strange: Api, open_page: OpenPage, view: str) -> None:
    """Else numbers and signs beside an id change places with it: 25% of its chance would read as a part of it."""
    for event_id in RIGHT_TO_LEFT:
        page = open_page(strange, view.format(quote(event_id, safe="")))
        expect(page.get_by_text(event_id).first).to_be_attached()
        page.wait_for_load_state("networkidle")

        assert page.evaluate(NOT_ISOLATED) == []


def test_a_sentence_isolates_only_what_is_written_from_right_to_left(strange: Api, open_page: OpenPage) -> None:
    """So that the sentence itself, as one of the API that names an id, is read from left to right."""
    page = open_page(strange, "/events/" + quote("לא ידוע", safe=""))
    said = page.get_by_text("Nothing is known of")

    expect(said.locator("bdi")).to_have_text("לא ידוע")


LINES = "name => { const text = new Range(); text.selectNodeContents(name); return text.getClientRects().length; }"


def test_a_long_value_leaves_the_name_of_its_feature_on_one_line(strange: Api, open_page: OpenPage) -> None:
    page = open_page(strange, "/chances")
    name = page.get_by_role("button", name="url zzz").get_by_text("url", exact=True)
    expect(name).to_be_visible()

    assert name.evaluate(LINES) == 1
