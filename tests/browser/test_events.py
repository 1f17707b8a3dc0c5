"""Events: as they come, what became of one, and what is held of a value."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from shared.configuration.service_configuration import LearningMode
from shared.times import DAY, MINUTE, SECOND
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import KEY, QUICK
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import mixed, past
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1, rank_body
from tests.loop.trainers import Trainer
from tests.storages import NewStorage


@pytest.fixture(scope="module")
def lived(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop in which everything happened that may become of an event; its trainer does not run any more."""
    storage = new_storage()
    with StoredLoop(storage) as stored:
        past.configure(stored, past.seldom())
        _everything().write(stored)
    with Trainer(storage, tmp_path_factory.mktemp("lived") / "trainer.log") as trainer:
        trainer.succeed()
    with HostProcess(storage, env={**QUICK, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}) as host:
        api = Api.at(host.url, KEY, tries=4)
        api.post(f"{V1}/rank", rank_body("waiting", "bob"))
        api.post(f"{V1}/events/waiting/reward", {"value": 0.5})
        yield api


def _everything() -> past.Past:
    """An event for each thing that may become of one, with its id; and many others."""
    made = past.Past(deadline_us=DAY)
    at_us = past.minutes_ago(55)
    named = {
        name: past.event(name, at_us, user="ann") for name in ("default", "late", "page", "apprentice", "explored")
    }
    events = [
        mixed.rank_by_model(named["explored"], 1),
        mixed.rank_by_model(named["apprentice"], 2, LearningMode.APPRENTICE),
        mixed.page(named["page"]),
        named["default"],
        named["late"],
        past.event("deferred", at_us, deferred=True),
        past.event("activated", at_us, deferred=True),
        *[past.event(f"other-{number}", at_us + number * SECOND, user="cid") for number in range(30)],
    ]
    made.events = events
    made.observations = [
        past.reward("explored", at_us + 20 * SECOND),
        past.reward("explored", at_us + 30 * SECOND, 0.25),
        past.reward("activated", at_us + 5 * SECOND, None),
        past.reward("activated", at_us + 6 * SECOND),
        past.reward("deferred", at_us + 6 * SECOND),
        past.reward("late", at_us + 11 * MINUTE),
        past.reward("nobody", at_us + 6 * SECOND, -1.0),
    ]
    return made


def test_what_is_typed_stays_while_the_list_arrives(lived: Api, open_page: OpenPage) -> None:
    """The loop may be slower than its owner."""
    late: list[Route] = []
    page = open_page(lived, "/monitor")
    page.route("**/rankloop/v1/events", lambda route: late.append(route), times=1)
    page.get_by_role("link", name="Events").click()
    field = page.get_by_label("The id begins with")
    field.fill("explored")
    expect(page.get_by_role("table")).to_have_count(0)
    late[0].continue_()
    expect(page.get_by_role("table")).to_be_visible()

    expect(field).to_have_value("explored")
    field.press("Enter")
    expect(page.get_by_role("link", name="What became of explored?")).to_be_visible()
    page.get_by_role("link", name="All", exact=True).click()
    expect(field).to_have_value("")


def test_filters_stand_in_the_address(
    lived: Api, open_page: OpenPage, complaints: list[str], photograph: Photograph
) -> None:
    """So that whoever is sent it sees the same; and what a filter cannot be is told at it."""
    page = open_page(lived, "/events?kind=rank&eventId=ex")
    table = page.get_by_role("region", name="Events").get_by_role("row")
    expect(table).to_have_count(2)
    expect(table.last).to_contain_text("Rank")
    expect(table.last.get_by_role("link", name="explored")).to_be_visible()
    expect(table.last).to_contain_text("1.00, 0.25")
    expect(page.get_by_text("There are no others.")).to_contain_text("Looked through what came from")

    page.get_by_label("Kind").select_option("reward")

    expect(table).to_have_count(3)
    assert page.url.endswith("kind=reward&eventId=ex")
    expect(page.get_by_label("Explored")).to_be_disabled()
    page.get_by_role("link", name="All", exact=True).click()
    expect(table).to_have_count(47)
    page.get_by_label("Learning mode").select_option("Apprentice")
    expect(table).to_have_count(2)
    photograph(page, "events")
    wrong = open_page(lived, "/events?explored=perhaps")
    expect(wrong.get_by_label("Explored")).to_contain_text("perhaps")
    expect(wrong.get_by_role("alert")).to_contain_text("explored")
    assert len(complaints) == 1  # Chromium tells of the refusal
    complaints.clear()


STEPS = {
    "explored": ("2 rewards came", "Rank", "drawn", "reward of 1.00", "reward of 0.25", "Joined", "Learned", "now"),
    "default": ("The default reward, since none came in time.", "Rank", "drawn", "Joined", "Learned", "now"),
    "deferred": ("It does not count.", "Rank", "drawn", "reward of 1.00", "Joined", "it was not activated", "now"),
    "activated": ("It counts.", "Rank", "drawn", "activation", "reward of 1.00", "Joined", "Learned", "now"),
    "apprentice": ("An apprentice always shows", "Rank", "drawn", "Joined", "it was passed over", "now"),
    "page": ("Slot side", "Rank", "drawn", "Joined", "it was passed over", "now"),
    "waiting": ("Rewards count until", "Rank", "drawn", "reward of 0.50", "Waits", "Not learned yet", "now"),
    "late": ("It came too late: 1 minute after", "Rank", "drawn", "reward of 1.00", "Joined", "Learned", "now"),
    "nobody": ("No event of this id was known.", "reward of -1.00"),
}
"""Of each event something that is said of it, and what the titles of its steps say."""


def test_a_trace_is_a_time_line(lived: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """From the Rank to what the model would show now, whatever became of the event."""
    page = open_page(lived, "/events")
    for event_id, (said, *titles) in STEPS.items():
        page.goto(f"{lived.url}/rankloop#/events/{event_id}")

        expect(page.get_by_role("main")).to_contain_text(said)
        expect(page.get_by_role("main").get_by_role("heading", level=3)).to_contain_text(titles)
        photograph(page, f"event-{event_id}")


def test_an_unknown_id_says_what_was_looked_through_and_what_to_do(lived: Api, open_page: OpenPage) -> None:
    """The moment that is asked for stands in the address."""
    page = open_page(lived, "/events/unheard?at=2026-01-05T10:00:00.000Z")
    expect(page.get_by_text("Nothing is known of unheard.")).to_contain_text("there is no log there")

    page.get_by_label("About when did it come?").fill("2026-01-06T11:30:00")
    page.get_by_role("button", name="Look there").click()

    expect(page).to_have_url(f"{lived.url}/rankloop#/events/unheard?at=2026-01-06T11%3A30%3A00.000Z")
    page.get_by_role("button", name="Look from the newest log back").click()
    expect(page.get_by_text("There is no older log.")).to_be_visible()


def test_a_name_that_finds_nothing_leads_to_the_names_that_hold_the_value(lived: Api, open_page: OpenPage) -> None:
    """Nobody is to believe that nothing is held because the name was another one."""
    page = open_page(lived, "/events")
    page.get_by_role("link", name="What is held of a value").click()
    page.get_by_label("Name of the feature").fill("account.user")
    page.get_by_label("Value", exact=True).fill("cid")
    page.get_by_role("button", name="Count what is held").click()
    expect(page.get_by_text("No line of the log has this value under this name.")).to_be_visible()
    expect(page.get_by_text("Nothing is held of it")).to_have_count(0)

    page.get_by_role("button", name="user", exact=True).click()

    expect(page.get_by_text("30 lines of the log have it.")).to_be_visible()
    expect(page.get_by_label("Name of the feature")).to_have_value("user")
    page.get_by_label("Name of the feature").fill("context.user")
    page.get_by_role("button", name="Count what is held").click()
    expect(page.get_by_text("30 lines of the log have it.")).to_be_visible()


def test_a_value_is_counted_and_taken_out_for_good(lived: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """After a question that says what is removed; the value is never in the address."""
    page = open_page(lived, "/events")
    page.get_by_role("link", name="What is held of a value").click()
    page.get_by_label("Name of the feature").fill("user")
    page.get_by_label("Value", exact=True).fill("cid")
    page.get_by_role("button", name="Count what is held").click()
    expect(page.get_by_text("30 lines of the log have it.")).to_be_visible()
    expect(page.get_by_text("1 event that waits may have it.")).to_be_visible()

    page.get_by_role("button", name="Take it out for good …").click()
    dialog = page.get_by_role("dialog", name="Take this value of user out of all that is kept?")
    expect(dialog).to_contain_text("in 30 lines of the log")
    photograph(page, "redact")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert lived.get("/rankloop/v1/logs").body.count(b'"cid"') == 30
    page.get_by_role("button", name="Take it out for good …").click()
    dialog.get_by_role("button", name="Take it out for good").click()

    expect(page.get_by_text("It was taken out of 30 lines of the log.")).to_be_visible()
    expect(page.get_by_text("Take it out again after")).to_be_visible()
    assert lived.get("/rankloop/v1/logs").body.count(b'"cid"') == 0
    page.get_by_role("button", name="Count again").click()
    expect(page.get_by_text("Nothing is held of it in the log.")).to_be_visible()
    assert "cid" not in page.url
    page.goto(f"{lived.url}/rankloop#/setup/history")
    told = page.get_by_role("region", name="Changes of settings").get_by_role("row").nth(1)
    expect(told).to_contain_text("Redaction")
    expect(told).to_contain_text("A value of a feature, from 30 lines of the log.")
    expect(told).not_to_contain_text("cid")


def test_an_event_is_taken_out_from_its_trace(lived: Api, open_page: OpenPage) -> None:
    """Its lines and its rows; what is there no more is unknown."""
    page = open_page(lived, "/events/activated")
    page.get_by_role("link", name="Erase it …").click()
    page.get_by_role("button", name="Count what is held").click()
    expect(page.get_by_text("1 line of the log and 3 rows of the intake have it.")).to_be_visible()

    page.get_by_role("button", name="Take it out for good …").click()
    page.get_by_role("dialog").get_by_role("button", name="Take it out for good").click()

    expect(page.get_by_text("It is taken out.")).to_be_visible()
    assert lived.get("/rankloop/v1/events/activated").json["events"] == []
