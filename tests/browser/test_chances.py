"""Who gets what: each action's chance in a context, before and after the latest model, and why."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from shared.times import DAY
from tests.browser import loops
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import DISHES, KEY, QUICK
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.slots import use_slots
from tests.loop import past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer
from tests.storages import NewStorage

V1_1 = "/personalizer/v1.1-preview.3"
SOUP = {"id": "soup", "features": [{"hot": True}]}
IN_A_LINE = {"contextFeatures": [{"guest": {"kind": "student"}}], "actions": [SOUP]}
TYPED = """{
  "contextFeatures": [{"guest": {"kind": "nurse"}}],
  "actions": [
    {"id": "soup", "features": [{"hot": true}]}
  ]
}"""


def rows(page: Page, label: str = "Chances") -> Locator:
    """The rows of a table of chances, with its head."""
    return page.get_by_role("table", name=label, exact=True).get_by_role("row")


def question(event: dict[str, Any], **more: str) -> dict[str, Any]:
    """What the page asks about a traced event."""
    return {"contextFeatures": event["contextFeatures"], "actions": event["actions"], **more}


def chances(api: Api, body: dict[str, Any]) -> dict[str, str]:
    """Each action's chance as the page writes it."""
    answer = api.post("/rankloop/v1/chances", body).json
    return {action["id"]: percent(action["probability"]) for action in answer["actions"]}


def percent(chance: float) -> str:
    """A chance as the page writes it; small ones have a digit more."""
    digits = 1 if chance < 0.1 else 0
    return f"{100 * chance:.{digits}f}%".replace(".0%", "%")


def best_chance(dish: str) -> str:
    """The chance of the best dish: 0.8, a quarter of what all alike have, and the share of the first one."""
    return percent(0.8 + 0.15 / 4 + (0.05 if dish == loops.DISHES[0] else 0))


def test_each_action_has_its_chance_before_and_after_the_latest_model(
    good: Api, open_page: OpenPage, photograph: Photograph
) -> None:
    """Of the newest Rank, unless another one is chosen, with what speaks for the likeliest action."""
    newest, other = good.get("/rankloop/v1/events?kind=rank").json["entries"][:2]
    event = good.get(f"/rankloop/v1/events/{newest['eventId']}").json["events"][0]
    models = good.get("/rankloop/v1/models").json["models"]
    now, before = chances(good, question(event)), chances(good, question(event, modelId=models[1]["id"]))

    page = open_page(good, "/chances")

    for dish in DISHES:
        row = page.get_by_role("row", name=dish, exact=True)
        expect(row.get_by_role("cell").nth(0)).to_have_text(now[dish])
        expect(row.get_by_role("cell").nth(1)).to_contain_text(before[dish])
    expect(
        page.get_by_role("listitem").filter(has_text="guest.kind").filter(has_text="the action itself")
    ).to_be_visible()
    assert f"event={newest['eventId']}" in page.url
    photograph(page, "chances")
    page.get_by_role("button", name="An older Rank").click()
    expect(page.get_by_label("A Rank that came")).to_contain_text(other["eventId"])
    expect(page.get_by_role("link", name="What became of it")).to_have_attribute(
        "href", f"#/events/{other['eventId']}?at={quote(other['at'], safe='')}"
    )


def test_a_feature_can_have_another_value_that_was_seen(good: Api, open_page: OpenPage) -> None:
    """And whoever is sent the address sees the same."""
    page = open_page(good, "/chances")
    for guest, dish in loops.GUESTS.items():
        if not page.get_by_role("group", name="Values seen").is_visible():
            page.get_by_role("button", name="guest.kind").click()

        page.get_by_role("radio", name=guest).click()

        expect(page.get_by_label("Who gets what", exact=True)).to_contain_text(f"{dish} {best_chance(dish)}")
    again = open_page(good, page.url.partition("#")[2])
    expect(again.get_by_label("Who gets what", exact=True)).to_contain_text(f"{dish} {best_chance(dish)}")
    page.get_by_role("button", name="As it came").click()
    expect(page.get_by_role("button", name="As it came")).to_have_count(0)


def test_a_question_is_asked_once_though_the_status_is_late(
    good: Api, open_page: OpenPage, context: BrowserContext
) -> None:
    """Of the model in use and of the one before it, though the page learns from the status which one is in use."""
    held: list[Route] = []
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url) if request.url.endswith("/chances") else None)
    context.route("**/rankloop/v1/status", lambda route: held.append(route))
    with context.expect_event("response", lambda response: "configurations/service" in response.url):
        page = open_page(good, f"/chances?question={quote(json.dumps(IN_A_LINE))}")
    for route in held:
        route.continue_()
    expect(rows(page)).to_have_count(2)
    page.get_by_label("The body of a Rank, as JSON").fill(TYPED.replace("soup", "broth"))

    page.get_by_role("button", name="Show chances").click()

    expect(page.get_by_role("row", name="broth", exact=True)).to_be_visible()
    assert len(asked) == 2 * 2


MISTAKES = [
    ('"soup",', '"soup"', "line 4 column 19", '"'),
    ('"soup"', "7", "actions[0].id", "7"),
    ('"features"', '"feature"', "actions[0].features", "{"),
]
"""What is replaced by what, what is said of it, and how the place begins that is marked."""


def test_what_is_wrong_with_a_typed_context_is_shown_at_its_place(
    good: Api, open_page: OpenPage, complaints: list[str]
) -> None:
    """What was said before stays, and once the text is mended its chances are shown."""
    page = open_page(good, f"/chances?question={quote(json.dumps(IN_A_LINE))}")
    field = page.get_by_label("The body of a Rank, as JSON")
    problem = page.get_by_role("alert").filter(has=page.get_by_role("mark"))
    expect(rows(page)).to_have_count(2)
    assert json.loads(field.input_value()) == IN_A_LINE
    for old, new, message, marked in MISTAKES:
        field.fill(TYPED.replace(old, new))

        page.get_by_role("button", name="Show chances").click()

        expect(problem).to_contain_text(message)
        assert (problem.get_by_role("mark").text_content() or "").startswith(marked)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(rows(page)).to_have_count(2)
    field.fill(TYPED)
    page.get_by_role("button", name="Show chances").click()
    expect(problem).to_have_count(0)
    expect(page.get_by_role("button", name="guest.kind")).to_contain_text("nurse")
    assert len(complaints) == len(MISTAKES)  # Chromium tells of each refusal
    complaints.clear()


@pytest.fixture
def young(new_storage: NewStorage) -> Iterator[tuple[Api, str]]:
    """A loop whose events wait for the first run of the trainer, and its storage.

    Its model shows the best action as often however few events it has learned, which hangs on the time of the hour.
    """
    storage = new_storage()
    with StoredLoop(storage) as stored:
        past.configure(stored, past.seldom("--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"))
        made = loops.good_past(120, hours=1)
        made.deadline_us = DAY
        made.write(stored)
    with HostProcess(storage, env={**QUICK, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}) as host:
        yield Api.at(host.url, KEY, tries=4), storage


def learn(storage: str, folder: Path) -> None:
    """Run the trainer."""
    with Trainer(storage, folder / "trainer.log") as trainer:
        trainer.succeed()


def run_until_shown(page: Page, wanted: Locator, seconds: float = 30) -> None:
    """Let the page's clock go on until something is shown: the host takes a new model within seconds, not at once."""
    until = time.monotonic() + seconds
    while wanted.count() == 0 and time.monotonic() < until:
        page.clock.run_for(5_000)
        time.sleep(0.3)


def test_a_new_model_moves_the_bars(
    young: tuple[Api, str], context: BrowserContext, open_page: OpenPage, tmp_path: Path, photograph: Photograph
) -> None:
    """While the page is open, with nothing to be done."""
    api, storage = young
    context.clock.install()
    page = open_page(api, "/chances")
    expect(page.get_by_text("All actions have the same chance", exact=True)).to_be_visible()
    assert [text.split("%")[0][-2:] for text in rows(page).all_text_contents()[1:]] == ["25"] * 4
    learn(storage, tmp_path)
    first = loops.wait_until(api, lambda status: status["model"] is not None)["model"]["id"]

    best = re.compile("|".join(best_chance(dish) for dish in loops.DISHES))
    run_until_shown(page, rows(page).filter(has_text=best))
    expect(rows(page).filter(has_text=best)).to_have_count(1)
    expect(page.get_by_text("A new model came")).to_be_visible()
    expect(page.get_by_text("There is no model before it to compare with.")).to_be_visible()
    api.put(f"{V1_1}/configurations/service", {"modelExportFrequency": "PT1S"})
    with StoredLoop(storage) as stored_loop:
        past.await_export_time(stored_loop)
    learn(storage, tmp_path)
    loops.wait_until(api, lambda status: status["model"]["id"] != first)
    run_until_shown(page, page.get_by_role("columnheader", name="Before"))
    expect(page.get_by_role("columnheader", name="Before")).to_be_visible()
    bar = page.locator(".bar.now").first
    assert bar.evaluate("bar => getComputedStyle(bar).transitionDuration") == "0.7s"
    page.emulate_media(reduced_motion="reduce")
    assert bar.evaluate("bar => getComputedStyle(bar).transitionDuration") == "0s"
    photograph(page, "chances-new-model")


def test_without_a_model_the_page_says_what_is_shown(empty: Api, open_page: OpenPage) -> None:
    """In Apprentice mode the first action, or the baseline of each slot, whatever the chances are."""
    empty.put(f"{V1_1}/configurations/service", {"learningMode": "Apprentice"})
    page = open_page(empty, "/chances")
    expect(page.get_by_text("All actions have the same chance", exact=True)).to_be_visible()
    expect(page.get_by_text("An apprentice shows tea, whatever the chances are.")).to_be_visible()
    expect(rows(page).filter(has_text="shown")).to_contain_text("tea")
    use_slots(empty)

    page = open_page(empty, "/chances")

    expect(page.get_by_text("An apprentice shows the baseline action of each slot")).to_be_visible()
    expect(rows(page, "Chances in slot top").filter(has_text="shown")).to_contain_text("politics")
    expect(rows(page, "Chances in slot side").filter(has_text="shown")).to_contain_text("sports")
