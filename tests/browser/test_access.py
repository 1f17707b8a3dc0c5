"""Who gets in, by what, and what the page says when the loop refuses, is slow, or is not there."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from localhost.azurite.accounts import EmulatedAccount
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.entra_id import EntraId
from tests.browser.loops import KEY, QUICK
from tests.browser.prefix import PREFIX, below_a_path
from tests.browser.storage_away import removable
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.storages import NewStorage

UNTRAINED = {**QUICK, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}
MINUTE_MS = 60_000
MINUTES = 3
STATUS_CALLS = 3
"""How often a view reads the status in a minute; two other things are read once."""


@pytest.fixture(scope="module")
def started_authority() -> Iterator[EntraId]:
    with EntraId() as started:
        yield started


@pytest.fixture
def authority(started_authority: EntraId) -> EntraId:
    """Signs everyone in."""
    started_authority.refusal, started_authority.lasts = None, 3600
    started_authority.asked.clear()
    return started_authority


@pytest.fixture(scope="module")
def trusting(new_storage: NewStorage, started_authority: EntraId) -> Iterator[Api]:
    """A loop that takes bearer tokens, and no key."""
    settings = {**QUICK, "API_KEY_1": "", **started_authority.settings}
    with HostProcess(new_storage(), env=settings) as host:
        yield Api.at(host.url, None)


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def in_the_page(page: Page) -> None:
    """The view is there, and not the way in."""
    expect(page.get_by_role("navigation", name="Views")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_key_leaves_the_address_at_once_and_goes_out_in_a_header_only(
    good: Api, context: BrowserContext, open_page: OpenPage
) -> None:
    """It is in no address, in no cookie, and in no storage that outlives the tab."""
    requests: list[Request] = []
    context.on("request", lambda request: requests.append(request))
    page = open_page(good)
    in_the_page(page)

    calls = [request for request in requests if "/v1/" in request.url]
    assert urlsplit(page.url).fragment == "/"
    assert [request.url for request in requests if KEY in request.url] == []
    assert {request.headers.get("ocp-apim-subscription-key") for request in calls} == {KEY}
    assert {urlsplit(request.url).netloc for request in requests} == {urlsplit(good.url).netloc}
    assert (context.cookies(), page.evaluate("localStorage.length")) == ([], 0)
    page.go_back()
    assert KEY not in page.url


def test_who_has_no_key_is_asked_for_it_and_a_wrong_one_is_refused_in_plain_words(
    good: Api, open_page: OpenPage, complaints: list[str], photograph: Photograph
) -> None:
    """With where to find the right one; the right one then opens the page."""
    page = open_page(good, key=None)
    page.get_by_label("API key").fill("not the key")
    page.get_by_role("button", name="Open the page").first.click()

    expect(page.get_by_role("alert")).to_contain_text("You are not signed in.")
    expect(page.get_by_text("up --welcome")).to_be_visible()
    photograph(page, "access-wrong-key")
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    in_the_page(page)
    assert all("401" in complaint for complaint in complaints)
    complaints.clear()


def test_a_key_that_cannot_be_sent_is_refused_before_the_loop_is_asked(good: Api, open_page: OpenPage) -> None:
    """As one that a word processor has made nicer; the loop would seem not to answer."""
    page = open_page(good, key="“page-key”")

    expect(page.get_by_role("alert")).to_contain_text("characters in it that no call can carry")
    page.get_by_label("API key").fill(f"{KEY}…")
    page.get_by_role("button", name="Open the page").first.click()
    expect(page.get_by_role("alert")).to_contain_text("characters in it that no call can carry")


def test_a_link_with_another_key_ends_no_session_before_it_has_asked(
    good: Api, open_page: OpenPage, complaints: list[str], photograph: Photograph
) -> None:
    """Its sender could otherwise have others' entries made in a loop of the sender's. The key stays in no address."""
    page = open_page(good, view="/setup")
    in_the_page(page)
    page.evaluate("location.hash = '#key=another&view=/models'")
    dialog = page.get_by_role("dialog", name="Sign in with the key of this link?")
    expect(dialog).to_contain_text("you are signed in as API_KEY_1")
    photograph(page, "access-other-key")
    assert urlsplit(page.url).fragment == "/setup"
    dialog.get_by_role("button", name="Stay signed in").click()
    expect(dialog).to_have_count(0)
    page.reload()
    in_the_page(page)
    expect(page.get_by_role("heading", name="Service configuration")).to_be_visible()

    page.goto("about:blank")
    page.goto(f"{good.url}/rankloop#key=another&view=/models")
    expect(dialog).to_be_visible()
    assert urlsplit(page.url).fragment == "/models"
    assert KEY in page.evaluate("JSON.stringify(sessionStorage)")
    dialog.get_by_role("button", name="Sign in with the link's key").click()
    expect(page.get_by_text("You are not signed in.")).to_be_visible()
    page.goto(f"{good.url}/rankloop#key={KEY}&view=/models")
    in_the_page(page)
    page.evaluate("key => { location.hash = `#key=${key}&view=/events`; }", KEY)
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    assert dialog.count() == 0, "the same key is no other one"
    assert all("401" in complaint for complaint in complaints)
    complaints.clear()


def test_an_address_that_lost_its_end_still_opens_the_page(good: Api, open_page: OpenPage) -> None:
    """As where a mail program has cut it between the characters of an encoded one."""
    page = open_page(good, view="/events/visit-1%E2%80")

    in_the_page(page)
    expect(page.get_by_role("link", name="Events")).to_have_attribute("aria-current", "page")


def test_a_late_refusal_of_another_user_signs_nobody_out(good: Api, open_page: OpenPage, complaints: list[str]) -> None:
    """The loop may answer slowly, and the next one be in by then."""
    late: list[Route] = []
    page = open_page(good, key=None)
    page.route("**/v1/status", lambda route: late.append(route), times=1)
    page.get_by_label("API key").fill("not the key")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    in_the_page(page)
    with page.expect_response(lambda response: response.status == 401):
        late[0].continue_()

    in_the_page(page)
    assert page.get_by_role("button", name="Sign out").is_visible()
    complaints.clear()


def test_a_token_opens_a_loop_that_takes_tokens(
    trusting: Api, authority: EntraId, open_page: OpenPage, complaints: list[str]
) -> None:
    """One that has expired is told so."""
    page = open_page(trusting, key=None)
    page.get_by_text("Sign in with a token of Entra ID").click()
    page.get_by_label("Bearer token").fill(authority.token(exp=1))
    page.get_by_role("button", name="Open the page").last.click()
    expect(page.get_by_role("alert")).to_contain_text("The bearer token has expired.")

    page.get_by_text("Sign in with a token of Entra ID").click()
    page.get_by_label("Bearer token").fill(f"Bearer {authority.token()}")
    page.get_by_role("button", name="Open the page").last.click()
    in_the_page(page)
    assert all("401" in complaint for complaint in complaints)
    complaints.clear()


def test_people_sign_in_by_entra_id(
    trusting: Api, authority: EntraId, context: BrowserContext, open_page: OpenPage
) -> None:
    """And come to the view that they asked for; the code leaves the address, the token goes out in a header only."""
    requests: list[Request] = []
    context.on("request", lambda request: requests.append(request))
    page = open_page(trusting, key=None, view="/monitor?range=day")
    page.get_by_role("button", name="Sign in with Entra ID").click()
    in_the_page(page)

    (asked,) = authority.asked
    (token,) = {request.headers.get("authorization", "") for request in requests if "/v1/" in request.url}
    assert page.url == f"{trusting.url}/rankloop/#/monitor?range=day"
    assert (asked["grant_type"], asked["redirect_uri"]) == ("authorization_code", f"{trusting.url}/rankloop/")
    assert [request.url for request in requests if token.removeprefix("Bearer ") in request.url] == []
    assert (context.cookies(), page.evaluate("localStorage.length")) == ([], 0)
    page.reload()
    in_the_page(page)
    assert len(authority.asked) == 1


def test_whom_entra_id_does_not_sign_in_is_told_why(
    trusting: Api, authority: EntraId, open_page: OpenPage, complaints: list[str], photograph: Photograph
) -> None:
    """In its own words, or that it does not answer; and may try again."""
    authority.refusal = ("access_denied", "AADSTS65004: User declined to consent to access the app.")
    page = open_page(trusting, key=None)
    page.get_by_role("button", name="Sign in with Entra ID").click()
    expect(page.get_by_role("alert")).to_contain_text("Entra ID did not sign you in: AADSTS65004")
    assert urlsplit(page.url).query == ""
    photograph(page, "access-entra-id")

    authority.refusal = None
    page.route(f"{authority.url}/**", lambda route: route.abort())
    page.get_by_role("button", name="Sign in with Entra ID").click()
    expect(page.get_by_role("alert")).to_contain_text("Entra ID does not answer.")
    complaints.clear()
    page.unroute(f"{authority.url}/**")
    page.get_by_role("button", name="Sign in with Entra ID").click()
    in_the_page(page)


def test_an_answer_to_another_tab_signs_nobody_in(trusting: Api, authority: EntraId, open_page: OpenPage) -> None:
    """As one to which somebody else was led, for whose account the page would be."""
    page = open_page(trusting, key=None, path="/rankloop/?code=theirs&state=theirs")

    expect(page.get_by_role("alert")).to_contain_text("belongs to no sign-in of this tab")
    assert urlsplit(page.url).query == ""
    page.get_by_role("button", name="Sign in with Entra ID").click()
    in_the_page(page)
    page.goto(f"{trusting.url}/rankloop/?code=theirs&state=theirs")
    in_the_page(page)
    assert len(authority.asked) == 1, "who is signed in stays so"


def test_a_token_that_ends_soon_is_renewed_until_entra_id_refuses(
    trusting: Api, authority: EntraId, context: BrowserContext, open_page: OpenPage, complaints: list[str]
) -> None:
    """A page may be open all day; while Entra ID is away, the token that there is goes on being good."""
    authority.lasts = 200
    page = open_page(trusting, key=None)
    page.get_by_role("button", name="Sign in with Entra ID").click()
    in_the_page(page)
    page.wait_for_load_state("networkidle")
    renewals = [asked for asked in authority.asked if asked["grant_type"] == "refresh_token"]
    assert len(renewals) >= 1
    assert len({asked["refresh_token"] for asked in renewals}) == len(renewals), "calls at the same time share one"

    page.route(f"{authority.url}/**", lambda route: route.abort())
    page.get_by_role("link", name="Events").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    page.unroute(f"{authority.url}/**")

    authority.refusal = ("invalid_grant", "AADSTS50173: The grant has been revoked.")
    page.evaluate("location.hash = '/models'")  # whatever the page asks next
    expect(page.get_by_role("alert")).to_contain_text("Entra ID did not sign you in: AADSTS50173")
    complaints.clear()


def test_the_page_works_below_a_path(good: Api, open_page: OpenPage) -> None:
    """As behind a reverse proxy; with a slash at the end of its address, too."""
    with below_a_path(good) as below:
        page = open_page(below, path=f"{PREFIX}/rankloop")
        in_the_page(page)
        assert urlsplit(page.url).path == f"{PREFIX}/rankloop"
        page.goto(f"{below.url}{PREFIX}/rankloop/")
        in_the_page(page)


def test_storage_that_is_away_is_told_and_what_was_shown_stays(
    account: EmulatedAccount, context: BrowserContext, open_page: OpenPage, complaints: list[str]
) -> None:
    """And goes away by itself once storage is back."""
    with removable(account) as (storage, away), HostProcess(storage, env=UNTRAINED) as host:
        context.clock.install()
        page = open_page(Api.at(host.url, KEY))
        in_the_page(page)
        before = heading(page)
        with away():
            page.clock.fast_forward(30_000)
            expect(page.get_by_role("alert")).to_contain_text("Storage", timeout=30_000)
            expect(page.get_by_role("alert")).to_contain_text("what is shown is as it was then.")
            assert heading(page) == before
        page.clock.fast_forward(30_000)
        expect(page.get_by_role("alert")).to_have_count(0, timeout=30_000)
    complaints.clear()


def test_a_loop_that_is_gone_or_slow_is_told(
    new_storage: NewStorage, context: BrowserContext, open_page: OpenPage, complaints: list[str]
) -> None:
    """Without losing what was shown."""
    unanswered: list[Route] = []
    with HostProcess(new_storage(), env=QUICK) as host:
        context.clock.install()
        page = open_page(Api.at(host.url, KEY))
        in_the_page(page)
        page.route("**/v1/status", lambda route: unanswered.append(route))
        page.clock.fast_forward(30_000)
        page.clock.fast_forward(6_000)
        expect(page.get_by_text("The loop takes long to answer.")).to_be_visible()
        page.unroute("**/v1/status")
    page.clock.fast_forward(60_000)
    expect(page.get_by_role("alert")).to_contain_text("The loop does not answer.", timeout=30_000)
    complaints.clear()


def test_minutes_of_a_view_cost_few_calls_and_a_hidden_tab_none(
    good: Api, context: BrowserContext, open_page: OpenPage
) -> None:
    """What they cost beside five calls of `status` is measured by the benchmark `page`."""
    context.clock.install()
    page = open_page(good)
    in_the_page(page)
    page.wait_for_load_state("networkidle")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    calls: list[str] = []
    answered: list[Request] = []
    page.on("request", lambda request: calls.append(urlsplit(request.url).path))
    page.on("requestfinished", lambda request: answered.append(request))
    for _ in range(60 * MINUTES):
        page.clock.run_for(1000)
        while len(answered) < len(calls):
            page.wait_for_timeout(10)
    shown = list(calls)
    calls.clear()
    hide(page, hidden=True)
    page.clock.run_for(5 * MINUTE_MS)
    page.wait_for_timeout(100)
    hidden = list(calls)
    hide(page, hidden=False)
    page.clock.run_for(100)
    page.wait_for_timeout(100)

    assert STATUS_CALLS * MINUTES - 1 <= shown.count("/rankloop/v1/status") <= STATUS_CALLS * MINUTES
    assert len(shown) <= (STATUS_CALLS + 2) * MINUTES + 1, shown
    assert hidden == []
    assert "/rankloop/v1/status" in calls, "it reads again as soon as it is seen again"


def hide(page: Page, *, hidden: bool) -> None:
    """Let the page believe that its tab is hidden, or shown again."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_the_first_view_is_small(good: Api, context: BrowserContext, open_page: OpenPage) -> None:
    """All that goes over the wire until it is complete: at most 250 KB."""
    sizes: list[int] = []

    def note(request: Request) -> None:
        sent = request.sizes()
        sizes.append(sent["responseBodySize"] + sent["responseHeadersSize"])

    context.on("requestfinished", note)
    page = open_page(good)
    in_the_page(page)
    page.wait_for_load_state("networkidle")

    assert len(sizes) > 10
    assert sum(sizes) <= 250_000


def test_a_view_that_cannot_be_loaded_can_be_asked_for_again(
    good: Api, open_page: OpenPage, complaints: list[str]
) -> None:
    """As after an upgrade, or with a connection that comes and goes."""
    page = open_page(good, key=None)
    page.route("**/views/overview.js*", lambda route: route.abort(), times=1)
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This view could not be loaded.")).to_be_visible()
    page.get_by_role("button", name="Load the page again").click()
    in_the_page(page)
    complaints.clear()
