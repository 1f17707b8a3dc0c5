"""Six questions of an owner, of a loop in order and of broken ones: the page answers each, in the words of the API."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from localhost.azurite.accounts import EmulatedAccount
from tests.browser import loops
from tests.browser.broken_loops import BROKEN, BrokenLoop
from tests.browser.conftest import Keep, OpenPage, Photograph
from tests.browser.loops import KEY
from tests.browser.owner import Owner
from tests.browser.storage_away import removable
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1, rank_body
from tests.storages import NewStorage

STATUS = "/rankloop/v1/status"
OTHER_SETTINGS = "--cb_explore_adf --squarecb -q ::"
NOTHING_LOGGED = "No event of this range is in the log, or none that can be evaluated."
UNTRAINED = NEVER | {"API_KEY_1": KEY}
MINUTE_MS = 60_000
PATIENCE_MS = 60_000


def begin(broken: BrokenLoop, storage: str, folder: Path) -> None:
    """Let a broken loop have had its past."""
    if broken.trains:
        loops.make(storage, folder / "trainer.log", broken.make(), broken.configuration())
        return
    with StoredLoop(storage) as stored:
        past.configure(stored, broken.configuration())
        broken.make().write(stored)


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
        read_verdict(owner, status["verdict"])


def read_verdict(owner: Owner, verdict: dict[str, Any]) -> None:
    """How certain it is over the loop's life; and how it is now, where that is not the same."""
    region, life = owner.page.get_by_role("region", name="Verdict"), verdict["life"]
    now = next((each for each in verdict["windows"] if each["over"] == verdict["over"]), None)
    is_same = (
        now and now["earned"]["events"] == life["earned"]["events"] and life["aboveFirstAction"]["lift"] is not None
    )
    if not is_same or verdict["change"] or verdict["apprentice"]:
        owner.read(region, verdict["because"])
    else:
        owner.read(region, f"over {life['earned']['events']:,} events since")


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
            read_verdict(owner, status["verdict"])


def ask_for_the_next_model(owner: Owner, status: dict[str, Any]) -> None:
    """When, and why not earlier."""
    with owner.ask("When does the next model come?"):
        panel = owner.page.get_by_role("region", name="Next model")
        owner.read(panel, status["nextModel"]["because"])
        due = status["nextModel"]["dueAt"]
        expect(panel.get_by_role("timer")).to_have_text(re.compile("^(in |any moment|overdue since)") if due else "–")


def ask_for_an_event(owner: Owner, api: Api, event_id: str) -> None:
    """Its id is all that its owner has."""
    (event,) = api.get(f"/rankloop/v1/events/{event_id}").json["events"]
    with owner.ask(f"What became of the event {event_id}?"):
        owner.open_menu("Events")
        owner.fill(owner.page.get_by_label("The id begins with"), event_id)
        owner.click(owner.page.get_by_role("link", name=f"What became of {event_id}?"))
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
        expect(page.get_by_role("heading", level=1)).not_to_contain_text("Running", timeout=PATIENCE_MS)
        (report,) = api.get("/rankloop/v1/evaluations").json["value"]
        owner.answers[-1].sentences.append(page.get_by_role("heading", level=1).inner_text())
        is_empty = all(policy["events"] == 0 for policy in report["policies"])
        owner.read(page.get_by_role("region", name="Verdict"), NOTHING_LOGGED if is_empty else report["finding"])


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
    """By its menu, its links and its forms; the evaluation goes in the end, for other tests look at the loop, too."""
    owner = Owner(lambda: open_page(good), "good", photograph)
    ask_everything(owner, good, "visit-700")
    keep("questions-good", owner.record())
    owner.page.close()
    (report,) = good.get("/rankloop/v1/evaluations").json["value"]

    assert good.delete(f"/personalizer/v1.1-preview.3/evaluations/{report['id']}").status == 204


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_loop_says_what_is_wrong_and_answers_six_questions(
    broken: BrokenLoop, new_storage: NewStorage, tmp_path: Path, open_page: OpenPage, photograph: Photograph, keep: Keep
) -> None:
    """The first screen says it as it opens: in large type, by its light, and with what to do."""
    storage = new_storage()
    begin(broken, storage, tmp_path)
    with HostProcess(storage, env=UNTRAINED) as host:
        api = Api.at(host.url, KEY, tries=4)
        status = api.get(STATUS).json
        owner = Owner(lambda: open_page(api), broken.name, photograph)
        expect(owner.page.get_by_role("heading", level=1)).to_contain_text(broken.headline, timeout=PATIENCE_MS)

        assert broken.codes <= {warning["code"] for warning in status["warnings"]}
        lights = [stage["stage"] for stage in status["stages"] if stage["state"] == "trouble"]
        assert lights == ([broken.light] if broken.light else [])
        ask_everything(owner, api, broken.event)
        keep(f"questions-{broken.name}".replace(" ", "-").replace(",", ""), owner.record())


def test_a_page_that_is_opened_while_storage_is_away_says_so_and_comes_by_itself_once_it_is_back(
    account: EmulatedAccount,
    context: BrowserContext,
    open_page: OpenPage,
    complaints: list[str],
    photograph: Photograph,
) -> None:
    """With what to do, in the words of the API."""
    with removable(account) as (storage, away), HostProcess(storage, env=UNTRAINED) as host:
        context.clock.install()
        api = Api.at(host.url, KEY)
        with away():
            refusal = api.get(STATUS)
            page = open_page(api)
            alert = page.get_by_role("alert")
            expect(alert).to_contain_text(refusal.json["error"]["message"], timeout=PATIENCE_MS)
            photograph(page, "storage-away")
        page.clock.fast_forward(MINUTE_MS)
        expect(page.get_by_role("heading", level=1)).to_have_text("Waiting for your first Rank …", timeout=PATIENCE_MS)

    assert refusal.status == 503
    complaints.clear()  # the refusals, and that the host offers no demo


def test_an_empty_loop_answers_what_it_can(
    empty: Api, open_page: OpenPage, complaints: list[str], photograph: Photograph, keep: Keep
) -> None:
    """That there is nothing yet, and what to do for it."""
    status = loops.wait_until(empty, lambda status: "trainer" not in status["because"])
    owner = Owner(lambda: open_page(empty), "empty", photograph)
    page = owner.page
    with owner.ask("Is it learning? How much better? Why not?"):
        owner.read(page.get_by_role("heading", level=1), "Waiting for your first Rank")
        owner.read(page.get_by_role("main"), status["because"], "Send a Rank to this address")
    ask_for_the_next_model(owner, status)
    with owner.ask("What became of the event visit-1?"):
        owner.open_menu("Events")
        owner.read(page.get_by_role("main"), "No Rank has come yet.")
    with owner.ask("What would other settings earn?"):
        owner.open_menu("Evaluations")
        owner.read(
            page.get_by_role("main"), "The log is empty: events come into it once their reward wait time is over."
        )
    keep("questions-empty", owner.record())
    assert all("404" in complaint for complaint in complaints), "only the demo is not there"
    complaints.clear()


def change_mode(owner: Owner, api: Api, mode: str) -> None:
    """By Setup, once the loop has said what that does, for it and against it."""
    page = owner.page
    foreseen = api.post("/rankloop/v1/configurations/service:preview", {"learningMode": mode}).json
    owner.open_menu("Setup")
    owner.click(page.get_by_role("radio", name=mode))
    sentences = [sentence for part in ("changes", "happens", "for", "against") for sentence in foreseen[part]]
    owner.read(page.locator(".changes"), *sentences)
    owner.click(page.get_by_role("button", name="Save …"))
    owner.click(page.get_by_role("dialog").get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible(timeout=PATIENCE_MS)


def rank_until(api: Api, mode: str, events: int, name: str) -> None:
    """Ranks with rewards, until so many came in a mode: each instance hears of a change within seconds."""
    done = 0
    for number in range(1000):
        event_id = f"{name}-{number}"
        assert api.post(f"{V1}/rank", rank_body(event_id, "ann")).status == 201
        assert api.post(f"{V1}/events/{event_id}/reward", {"value": 1}).status == 204
        if done == 0:
            (entry,) = api.get(f"/rankloop/v1/events?kind=rank&eventId={event_id}").json["entries"]
            done += entry["learningMode"] == mode
        else:
            done += 1
        if done == events:
            return


def test_from_an_empty_loop_over_its_first_rank_to_apprentice_and_online(
    empty: Api, context: BrowserContext, open_page: OpenPage, complaints: list[str], photograph: Photograph, keep: Keep
) -> None:
    """All by the page, but for what the application itself sends."""
    context.clock.install()
    owner = Owner(lambda: open_page(empty), "path", photograph)
    page = owner.page
    heading = page.get_by_role("heading", level=1)
    with owner.ask("How does it begin?"):
        owner.click(page.get_by_role("button", name="Set short times …"))
        owner.click(page.get_by_role("dialog").get_by_role("button", name="Set them"))
        expect(page.get_by_text("The times are short now.")).to_be_visible(timeout=PATIENCE_MS)
        rank_until(empty, "Online", 1, "first")
        page.clock.fast_forward(MINUTE_MS)
        owner.read(heading, "Your first Rank is here")
        owner.click(page.get_by_role("button", name="Show the loop"))
    with owner.ask("How does it learn my default first?"):
        change_mode(owner, empty, "Apprentice")
    rank_until(empty, "Apprentice", 10, "pupil")
    loops.wait_until(empty, lambda status: status["learning"] and status["events"]["waiting"] == 0)
    rank_until(empty, "Apprentice", 20, "trained")
    likeness = loops.wait_until(empty, lambda status: status["verdict"]["apprentice"]["matchRate"] is not None)
    page.clock.fast_forward(MINUTE_MS)
    with owner.ask("How well does it imitate?"):
        owner.read(heading, "Apprentice: would choose your default in")
        owner.read(page.get_by_role("region", name="Verdict"), likeness["verdict"]["because"])
    with owner.ask("How does it go Online?"):
        change_mode(owner, empty, "Online")
    rank_until(empty, "Online", 5, "grown")
    now = loops.wait_until(empty, lambda status: status["verdict"]["apprentice"] is None and status["learning"])
    page.clock.fast_forward(MINUTE_MS)
    with owner.ask("Is it Online?"):
        owner.read(page.get_by_role("main"), "Learning.")
        expect(heading).not_to_contain_text("Apprentice", timeout=PATIENCE_MS)
        owner.click(page.get_by_text("The figures as a table"))
        marks = page.get_by_role("region", name="Models and changes of settings")
        owner.read(marks, "learningMode from Apprentice to Online")
    keep("path", owner.record())

    assert now["stages"][0]["state"] == "good"
    changes = empty.get("/rankloop/v1/configurations/history").json["changes"]
    by_owner = [each for each in changes if each["act"] == "serviceConfiguration"]
    assert [each["changed"][0]["to"] for each in by_owner[:2]] == ["Online", "Apprentice"]
    complaints.clear()  # the host offers no demo
