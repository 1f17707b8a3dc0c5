"""Loops and keys at the page: made, used and ended there; another loop is chosen; each role sees what it may."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import KEY, QUICK
from tests.browser.prefix import PREFIX, below_a_path
from tests.browser.test_accessibility import PHONE, cut_off, settle, violations
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.loops import KEYS, LOOPS, make_key, make_loop
from tests.http.slots import eventually
from tests.loop.traffic import V1
from tests.storages import NewStorage

STATUS = "/rankloop/v1/status"
ACTIONS = [{"id": "soup", "features": [{"hot": 1}]}, {"id": "cake", "features": [{"hot": 0}]}]


@pytest.fixture(scope="module")
def owner(new_storage: NewStorage) -> Iterator[Api]:
    """A deployment with the loop `news` beside `default`, opened with its owner's key; each has an event of its own."""
    with HostProcess(new_storage(), env=QUICK) as host:
        api = Api.at(host.url, KEY, tries=4)
        for loop, event_id in ((api, "at-default"), (make_loop(api, "news"), "at-news")):
            assert loop.post(f"{V1}/rank", {"eventId": event_id, "actions": ACTIONS}).status == 201
        yield api


def keys_of(page: Page) -> Locator:
    return page.get_by_role("region", name="List of keys")


def row(page: Page, name: str) -> Locator:
    return keys_of(page).get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def make(page: Page, name: str, role: str) -> None:
    """Fill in the form of a new key, and send it."""
    page.get_by_label("Name of the key").fill(name)
    page.get_by_role("radio", name=role).check()
    page.get_by_role("button", name="Make the key").click()


def take_key(page: Page) -> str:
    """Copy the key that is shown, and say so."""
    page.get_by_role("button", name="Copy the key").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="I have it").click()
    return str(page.evaluate("navigator.clipboard.readText()"))


def choose(page: Page, loop: str) -> None:
    """Go to another loop by the menu."""
    page.get_by_role("button", name="choose another one").click()
    page.get_by_role("navigation", name="Loops").get_by_role("link", name=loop, exact=True).click()


def test_a_key_is_made_copied_used_rotated_and_revoked(
    owner: Api, context: BrowserContext, open_page: OpenPage, photograph: Photograph
) -> None:
    """It is shown once, and the page holds it until its user has it."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(owner, "/access")
    make(page, "web-shop", "rank")
    shown = page.get_by_role("status").filter(has_text="It is never shown again")
    expect(shown).to_be_visible()
    photograph(page, "access-new-key")
    assert violations(page) == []
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("dialog")).to_contain_text("never shown again")
    page.get_by_role("button", name="Cancel").click()
    key = replace(owner, key=take_key(page))
    expect(shown).to_have_count(0)
    expect(row(page, "web-shop")).to_contain_text("never")
    assert key.post(f"{V1}/rank", {"actions": ACTIONS}).status == 201
    assert key.get(STATUS).status == 403

    page.get_by_role("button", name="Rotate web-shop").click()
    page.get_by_label("The old key works for").select_option("1 hour")
    photograph(page, "access-rotate")
    page.get_by_role("button", name="Rotate", exact=True).click()
    second = replace(owner, key=take_key(page))
    expect(row(page, "web-shop")).to_have_count(2)
    expect(row(page, "web-shop").first).to_contain_text("replaced")
    assert [api.post(f"{V1}/rank", {"actions": ACTIONS}).status for api in (key, second)] == [201, 201]

    page.get_by_role("button", name="Revoke web-shop").click()
    expect(page.get_by_role("dialog")).to_contain_text("refused with 401")
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    for api in (key, second):
        eventually(lambda api=api: api.post(f"{V1}/rank", {"actions": ACTIONS}).status == 401)


def test_what_the_loop_refuses_of_a_key_is_told_at_its_field(
    owner: Api, open_page: OpenPage, complaints: list[str]
) -> None:
    """And what was typed stays."""
    make_key(owner, "there", "read")
    page = open_page(owner, "/access")
    make(page, "web shop", "read")
    expect(page.get_by_role("alert")).to_contain_text("a key's name has 1 to 64 letters")
    expect(page.get_by_label("Name of the key")).to_have_attribute("aria-invalid", "true")
    make(page, "there", "read")
    expect(page.get_by_role("alert")).to_contain_text("No key was made.")
    expect(page.get_by_label("Name of the key")).to_have_value("there")
    owner.delete(f"{KEYS}/there")
    complaints.clear()


def test_an_owner_chooses_another_loop_and_sees_what_is_there(
    owner: Api, context: BrowserContext, open_page: OpenPage, photograph: Photograph
) -> None:
    """The same view, signed in, without the key in an address; who signs out is out of both."""
    addresses: list[str] = []
    context.on("request", lambda request: addresses.append(request.url))
    page = open_page(owner, "/events")
    expect(page.get_by_role("link", name="at-default")).to_be_visible()
    page.get_by_role("button", name="Loop default, choose another one").click()
    expect(page.get_by_role("link", name="default", exact=True)).to_have_attribute("aria-current", "true")
    photograph(page, "access-chooser")
    assert violations(page) == []
    page.keyboard.press("Escape")
    choose(page, "news")

    expect(page.get_by_role("link", name="at-news")).to_be_visible()
    expect(page.get_by_role("link", name="at-default")).to_have_count(0)
    expect(page).to_have_title("Events · news · Rankloop")
    assert page.url == f"{owner.url}/news/rankloop/#/events"
    assert [address for address in addresses if KEY in address] == []
    choose(page, "default")
    expect(page.get_by_role("link", name="at-default")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    assert page.evaluate("sessionStorage.length") == 0
    page.go_back()
    expect(page.get_by_label("API key")).to_be_visible()


def test_loops_are_chosen_below_the_path_of_a_proxy(owner: Api, open_page: OpenPage) -> None:
    """The path stays before the name of the loop."""
    with below_a_path(owner) as below:
        page = open_page(below, "/events", path=f"{PREFIX}/rankloop")
        choose(page, "news")
        expect(page.get_by_role("link", name="at-news")).to_be_visible()
        assert urlsplit(page.url).path == f"{PREFIX}/news/rankloop/"
        choose(page, "default")
        expect(page.get_by_role("link", name="at-default")).to_be_visible()
        assert urlsplit(page.url).path == f"{PREFIX}/rankloop/"


def test_a_loop_is_made_with_the_settings_of_another_and_deleted_by_its_name(
    owner: Api, open_page: OpenPage, photograph: Photograph
) -> None:
    """Whoever types another name deletes nothing."""
    replace(owner, loop="/news").put(f"{V1}/configurations/service", {"rewardWaitTime": "PT7M"})
    page = open_page(owner, "/access")
    page.get_by_label("Name of the loop").fill("News-2")
    page.get_by_label("Settings", exact=True).select_option("those of news")
    page.get_by_role("button", name="Make the loop").click()
    expect(page.get_by_text("The loop news-2 was made.")).to_be_visible()
    photograph(page, "access-loops")
    made = replace(owner, loop="/news-2")
    assert made.get(f"{V1}/configurations/service").json["rewardWaitTime"] == "PT7M"
    page.get_by_role("button", name="Open its page").click()
    expect(page).to_have_title("Loops and keys · news-2 · Rankloop")
    expect(page.get_by_role("heading", name="Endpoint of the loop news-2")).to_be_visible()

    page.get_by_role("button", name="Delete news-2").click()
    button = page.get_by_role("button", name="Delete the loop", exact=True)
    page.get_by_label("to confirm").fill("news")
    expect(button).to_be_disabled()
    page.get_by_label("to confirm").fill("news-2")
    photograph(page, "access-delete-loop")
    assert violations(page) == []
    button.click()
    expect(page.get_by_role("heading", name="Endpoint of the loop default")).to_be_visible()
    expect(page.get_by_role("region", name="List of loops")).not_to_contain_text("news-2")
    assert owner.get(f"{LOOPS}/news-2").status == 404


def test_who_administers_one_loop_is_shown_that_loop_and_can_rotate_the_own_key(
    owner: Api, context: BrowserContext, open_page: OpenPage
) -> None:
    """The list of loops is not asked for: each refusal would be counted. The tab goes on with the new key."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(urlsplit(request.url).path))
    key = make_key(replace(owner, loop="/news"), "news-team", "admin")
    page = open_page(key, "/access", key=key.key)
    expect(row(page, "news-team")).to_be_visible()
    expect(page.get_by_role("banner").get_by_text("Loop news", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="choose another one")).to_have_count(0)
    expect(page.get_by_role("region", name="List of loops")).to_have_count(0)

    page.get_by_role("button", name="Rotate news-team").click()
    page.get_by_label("The old key works for").select_option("no longer")
    page.get_by_role("button", name="Rotate", exact=True).click()
    new = replace(key, key=page.get_by_label("The key", exact=True).inner_text())
    eventually(lambda: key.get(STATUS).status == 401)
    page.get_by_role("button", name="Read again").click()
    expect(row(page, "news-team")).to_be_visible()
    assert (new.get(STATUS).json["loop"], new.get(STATUS).json["caller"]["role"]) == ("news", "admin")
    assert f"/news{LOOPS}" not in asked


def test_a_key_that_reads_changes_nothing_and_is_told_so(
    owner: Api, open_page: OpenPage, complaints: list[str], photograph: Photograph
) -> None:
    """In the words of the API."""
    key = make_key(owner, "looks-on", "read")
    page = open_page(key, "/access", key=key.key)
    expect(page.get_by_text("You are signed in by key looks-on, with the role read")).to_be_visible()
    expect(keys_of(page)).to_have_count(0)
    photograph(page, "access-read")
    assert complaints == []

    page.get_by_role("link", name="Setup").click()
    page.get_by_label("Default reward").fill("0.5")
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("this needs the role admin, which key looks-on does not have").first).to_be_visible()
    owner.delete(f"{KEYS}/looks-on")
    complaints.clear()


def test_a_key_that_ranks_is_told_which_role_the_page_needs(
    owner: Api, open_page: OpenPage, complaints: list[str], photograph: Photograph
) -> None:
    """It is no fault; another key then opens the page."""
    key = make_key(owner, "app", "rank")
    page = open_page(owner, key=key.key)
    notice = page.get_by_role("status").filter(has_text="This does not open the page.")
    expect(notice).to_contain_text("this needs the role read, which key app does not have")
    photograph(page, "access-rank-key")
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Views")).to_be_visible()
    owner.delete(f"{KEYS}/app")
    complaints.clear()


def test_a_phone_shows_loops_and_keys_without_scrolling_sideways(
    owner: Api, open_page: OpenPage, photograph: Photograph
) -> None:
    """With long names, too."""
    loop = make_loop(owner, "a-loop-whose-name-has-nearly-40-letters")
    make_key(loop, "k" * 64, "read", expiresAt="2090-01-01T00:00:00Z")
    page = open_page(loop, "/access")
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    expect(row(page, "k" * 64)).to_be_visible()
    settle(page)
    photograph(page, "access-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert cut_off(page) == []


def test_endpoints_are_shown_and_copied_without_a_slash_at_their_end(
    owner: Api, context: BrowserContext, open_page: OpenPage
) -> None:
    """With one, the C# client of the old service would call `//personalizer/…`, which is 404."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(owner, "/access")
    loops = page.get_by_role("region", name="List of loops")
    for place, endpoint in (
        (page.get_by_role("region", name="Endpoint of the loop default"), owner.url),
        (loops.get_by_role("row").filter(has=page.get_by_role("rowheader", name="news")), f"{owner.url}/news"),
    ):
        place.get_by_role("button", name="Copy", exact=True).click()
        expect(place.get_by_role("button", name="Copied")).to_be_visible()
        expect(place.locator("code").first).to_have_text(endpoint)
        assert page.evaluate("navigator.clipboard.readText()") == endpoint
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("code").first).to_have_text(owner.url)


def test_the_arrow_keys_choose_a_loop(owner: Api, open_page: OpenPage) -> None:
    """From the button on; the list begins at the loop that is shown, and its end leads to its beginning."""
    make_loop(owner, "arrows")
    page = open_page(owner, "/events")
    page.get_by_role("button", name="choose another one").focus()
    page.keyboard.press("ArrowDown")
    links = page.get_by_role("navigation", name="Loops").get_by_role("link")
    expect(page.get_by_role("link", name="default", exact=True)).to_be_focused()
    names = links.all_inner_texts()
    here = names.index("default")
    for key, place in (("ArrowDown", here + 1), ("ArrowUp", here), ("Home", 0)):
        page.keyboard.press(key)
        expect(links.nth(place)).to_be_focused()
    for key in ("ArrowUp", "End"):
        page.keyboard.press(key)
        expect(page.get_by_role("link", name="Make a loop, and its keys")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(links.first).to_be_focused()
    for _ in range(names.index("news")):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page).to_have_title("Events · news · Rankloop")
