"""Six questions of an owner, of a loop in order and of broken ones: the page answers each, in the words of the API."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from localhost.azurite.emulator import Azurite
from tests.browser.broken_loops import BROKEN, BrokenLoop
from tests.browser.conftest import Keep, OpenPage, Photograph
from tests.browser.loops import KEY
from tests.browser.owner import Owner
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer

STATUS = "/rankloop/v1/status"
OTHER_SETTINGS = "--cb_explore_adf --squarecb -q ::"
MINUTE_MS = 60_000


def start(broken: BrokenLoop, storage: str, folder: Path) -> None:
    """Let a broken loop have had its past."""
    with StoredLoop(storage) as stored:
        past.configure(stored, broken.configuration())
        broken.make().write(stored)
    if broken.trains:
        with Trainer(storage, folder / "trainer.log") as trainer:
            trainer.succeed()


def ask_whether_it_learns(owner: Owner, status: dict[str, Any]) -> None:
    """The first screen says it, and at which stage it does not."""
    with owner.ask("Is it learning?"):
        owner.read(
            owner.page.get_by_role("main"), "Learning. " if status["learning"] else "Not learning. ", status["because"]
        )
    words = {"good": "In order", "waiting": "Waiting", "trouble": "Trouble"}
    lights = owner.page.get_by_role("list", name="From Rank to model").get_by_role("listitem")
    expect(lights).to_contain_text([words[stage["state"]] for stage in status["stages"]])


def ask_how_much_better(owner: Owner, status: dict[str, Any]) -> None:
    """In large type, and how it was found."""
    with owner.ask("How much better than my default?"):
        verdict = owner.page.get_by_role("region", name="Verdict")
        owner.answers[-1].sentences.append(verdict.get_by_role("heading", level=1).inner_text())
        owner.read(verdict, status["verdict"]["because"])


def ask_why_not(owner: Owner, status: dict[str, Any]) -> None:
    """Every warning with what to do: at its light, or above the lights; where all is in order, the verdict's reason."""
    page = owner.page
    with owner.ask("Why not?"):
        more = page.locator("summary").filter(has_text=re.compile("more warnings?$"))
        if more.count():
            owner.click(more)
        troubles = [stage for stage in status["stages"] if stage["state"] == "trouble"]
        for trouble in [*troubles, *status["warnings"]]:
            owner.read(page.get_by_role("main"), trouble.get("message", trouble.get("because")), trouble["whatToDo"])
        if not troubles and not status["warnings"]:
            owner.read(page.get_by_role("region", name="Verdict"), status["verdict"]["because"])


def ask_for_the_next_model(owner: Owner, status: dict[str, Any]) -> None:
    """When, and why not earlier."""
    with owner.ask("When does the next model come?"):
        panel = owner.page.get_by_role("region", name="Next model")
        owner.read(panel, status["nextModel"]["because"])
        due = status["nextModel"]["dueAt"]
        expect(panel.get_by_role("timer")).to_have_text(re.compile("^(in |any moment)") if due else "–")


def ask_for_an_event(owner: Owner, api: Api, event_id: str) -> None:
    """Its id is all that its owner has."""
    (event,) = api.get(f"/rankloop/v1/events/{event_id}").json["events"]
    with owner.ask(f"What became of the event {event_id}?"):
        owner.open_menu("Events")
        owner.fill(owner.page.get_by_label("The id begins with"), event_id)
        owner.click(owner.page.get_by_role("link", name=event_id, exact=True).first)
        owner.read(owner.page.get_by_role("main"), event["because"], event["rewardBecause"])


def ask_for_other_settings(owner: Owner, api: Api) -> None:
    """Some that the owner has in mind; the search for others takes longer."""
    page = owner.page
    with owner.ask("What would other settings earn?"):
        owner.open_menu("Evaluations")
        expect(page.get_by_role("button", name="Start the evaluation")).to_be_enabled()
        owner.click(page.get_by_label("Search for better settings"), page.get_by_role("button", name="Add settings"))
        owner.fill(page.get_by_label("Learning arguments 1"), OTHER_SETTINGS)
        expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", level=1)).not_to_contain_text("Running", timeout=60_000)
        (report,) = api.get("/rankloop/v1/evaluations").json["value"]
        owner.answers[-1].sentences.append(page.get_by_role("heading", level=1).inner_text())
        owner.read(page.get_by_role("region", name="Verdict"), report["because"] or report["finding"])


def ask_everything(owner: Owner, api: Api, event_id: str) -> None:
    """The six questions."""
    status = api.get(STATUS).json
    ask_whether_it_learns(owner, status)
    ask_how_much_better(owner, status)
    ask_why_not(owner, status)
    ask_for_the_next_model(owner, status)
    ask_for_an_event(owner, api, event_id)
    ask_for_other_settings(owner, api)


def test_a_loop_in_order_answers_six_questions(
    good: Api, open_page: OpenPage, photograph: Photograph, keep: Keep
) -> None:
    """By its menu, its links and its forms; the evaluation is deleted in the end."""
    owner = Owner(open_page(good), "good", photograph)
    ask_everything(owner, good, "visit-700")
    keep("questions-good", owner.record())
    owner.page.get_by_role("button", name="Delete", exact=True).click()
    owner.page.get_by_role("button", name="Delete it").click()
    expect(owner.page.get_by_role("heading", level=1)).to_have_text("Evaluations")

    assert good.get("/rankloop/v1/evaluations").json["value"] == []


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_loop_says_what_is_wrong_and_answers_six_questions(
    broken: BrokenLoop, azurite: Azurite, tmp_path: Path, open_page: OpenPage, photograph: Photograph, keep: Keep
) -> None:
    """The first screen says it as it opens: in large type, by its light, and with what to do."""
    storage = azurite.new_account().connection_string
    start(broken, storage, tmp_path)
    with HostProcess(storage, env=NEVER | {"API_KEY_1": KEY}) as host:
        api = Api.at(host.url, KEY, tries=4)
        status = api.get(STATUS).json
        owner = Owner(open_page(api), broken.name, photograph)
        heading = owner.page.get_by_role("heading", level=1)
        expect(heading).to_contain_text(broken.headline)

        assert broken.codes <= {warning["code"] for warning in status["warnings"]}
        assert broken.light in (None, *[stage["stage"] for stage in status["stages"] if stage["state"] == "trouble"])
        ask_everything(owner, api, broken.event)
        keep(f"questions-{broken.name}".replace(" ", "-").replace(",", ""), owner.record())
