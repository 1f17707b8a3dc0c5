"""Evaluations: what other settings would have earned, and what is made of it."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shared.evaluation import evaluation_run_store
from shared.evaluation.evaluation import Policy, Source, Status
from shared.evaluation.outcome import PolicyOutcome
from shared.evaluation.tasks import LineCounts, TaskResult
from shared.metrics.estimators.trial_sums import TrialSums
from shared.models.published import Published
from shared.storage import json_documents
from shared.times import DAY, to_iso
from shared.training.configuration_changes import new_state
from shared.training.cursor import empty_cursor
from shared.training.trial import Trial
from tests.browser.conftest import WIDE, OpenPage, Photograph
from tests.browser.loops import KEY, QUICK
from tests.browser.test_accessibility import PHONE, cut_off, violations
from tests.clock import now_us
from tests.hosts import HostProcess
from tests.http import evaluated
from tests.http.api import Api
from tests.loop import evaluated_log, past
from tests.loop.conftest import NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer
from tests.storages import NewStorage

OWN, NEWEST = "/rankloop/v1/evaluations", "/personalizer/evaluations/{}?api-version=2022-09-01-preview"
IN_USE = "/personalizer/v1.1-preview.3/configurations/policy"
BLIND = "--cb_explore_adf --epsilon 0.2 --cb_type mtr"
"""Settings that cannot learn what a user has to do with an action."""
PAIRS = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"
CHANCE = "--cb_explore_adf --epsilon 1.0"
"""What the log shows: nothing is better or worse about it."""


@pytest.fixture(scope="module")
def logged(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop that has learned with blind settings, and has evaluations of earlier."""
    storage, folder = new_storage(), tmp_path_factory.mktemp("logged")
    with StoredLoop(storage) as stored, evaluated_log.use_storage(storage):
        past.configure(stored, past.configuration(BLIND, reward_wait_time="PT10M"))
        past.Past([past.event("last", past.minutes_ago(30))]).write(stored)
        evaluated_log.write(stored, hours=2)
        keep_older()
        with Trainer(storage, folder / "trainer.log") as trainer:
            trainer.succeed()
    with HostProcess(storage, env=QUICK, log_file=folder / "host.log") as host:
        yield Api.at(host.url, KEY, tries=4)


def keep_older() -> None:
    """Keep two rounds of the loop's own, the second of which took what it found; one that failed, and one that runs."""
    begin, found = evaluated.START_US, Policy("Hyper2", PAIRS, Source.SEARCH)
    figures = {evaluated.ONLINE: 60, evaluated.FIRST: 40, evaluated.RANDOM: 50, found: 90}
    policies = (PolicyOutcome(name, "", {begin: evaluated.plain(200, earned)}) for name, earned in figures.items())
    outcome = evaluated.outcome(*policies)
    fields: dict[str, Any] = {"custom": (), "optimise": True, "created_us": now_us() - 9 * DAY}
    for number, status, because in (
        (1, Status.RETAINED, "It may be chance."),
        (2, Status.APPLIED, "It earns 0.1 more."),
    ):
        round_ = evaluated.evaluation(f"auto-{number}", round_number=number, status=status, reason=because, **fields)
        evaluated.keep(replace(round_, created_us=round_.created_us + number, optimal="Hyper2"), outcome)
    fields |= {"status": Status.FAILED, "reason": "The log was deleted meanwhile.", "optimal": None}
    evaluated.keep(evaluated.evaluation("unlucky", **fields))
    fields |= {"status": Status.RUNNING, "reason": None, "ended_us": None, "created_us": now_us()}
    fields |= {"restarts": 2, "restarted_us": now_us()}
    evaluated.keep(running := evaluated.evaluation("busy", **fields))
    evaluation_run_store.mark_sent(running, 0, 3)
    evaluation_run_store.keep_result(running, TaskResult("logged", LineCounts(), {}))


@pytest.fixture(scope="module")
def judged(logged: Api) -> dict[str, Any]:
    """The report on an evaluation of settings that are better, and of others that may not be."""
    policies = [{"name": "pairs", "arguments": PAIRS}, {"name": "chance", "arguments": CHANCE}]
    span = {"startTime": to_iso(now_us() - DAY), "endTime": to_iso(now_us())}
    assert logged.put(NEWEST.format("judged"), {"name": "judged", "policies": policies, **span}).status == 200
    until = time.monotonic() + 60
    while (report := logged.get(f"{OWN}/judged").json)["status"] == "Running":
        assert time.monotonic() < until, report
        time.sleep(0.2)
    return dict(report)


def written(value: float, beside: float) -> str:
    """A difference as the page writes it beside another one."""
    return f"{value:+.2f}" if abs(beside) >= 0.1 else f"{value:+.3f}".removesuffix("0")


def expect_plot(page: Page, report: dict[str, Any]) -> None:
    """Each policy's difference, its interval, and what they say, as the API tells them."""
    words = {"better": "better for certain", "worse": "worse for certain", "notDistinguishable": "may be chance"}
    rows = page.get_by_role("list", name="Differences to what was done").get_by_role("listitem")
    expect(rows).to_have_count(len(report["policies"]) - 1)
    for place, policy in enumerate(report["policies"][1:]):
        lead = policy["differenceToOnline"]
        figures = [written(value, lead) for value in (lead, *policy["differenceInterval"])]
        row = rows.nth(place)
        expect(row).to_contain_text(policy["name"])
        expect(row).to_contain_text(f"{figures[0]} {figures[1]} to {figures[2]}")
        expect(row).to_contain_text(words[policy["comparedToOnline"]])


def test_what_other_settings_would_earn_is_asked_and_answered(
    logged: Api, open_page: OpenPage, complaints: list[str], photograph: Photograph
) -> None:
    """What is refused is told at its field; the answer is that of the API, in words and as a plot."""
    page = open_page(logged, "/evaluations")
    page.get_by_role("link", name="What would other settings earn?").click()
    expect(page.get_by_text("Events in this range: about")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("which dish")
    page.get_by_label("Search for better settings").uncheck()
    page.get_by_role("button", name="Add settings").click()
    page.get_by_label("Learning arguments 1").fill(f"{PAIRS} --learning_rate 99")
    page.get_by_role("button", name="Start the evaluation").click()
    field = page.get_by_label("Learning arguments 1")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_contain_text("--learning_rate")
    assert "400 (Bad Request)" in complaints.pop()
    photograph(page, "evaluation-form")
    field.fill(PAIRS)
    page.reload()
    expect(page.get_by_label("Learning arguments 1")).to_have_value(PAIRS)

    page.get_by_role("button", name="Start the evaluation").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("settings-1 would have earned", timeout=60_000)
    (report,) = [each for each in logged.get(OWN).json["value"] if each["name"] == "which dish"]
    assert page.url.endswith(f"#/evaluations/{report['id']}")
    expect(page.get_by_text(report["finding"])).to_be_visible()
    expect_plot(page, logged.get(f"{OWN}/{report['id']}").json)


def test_settings_that_are_entered_twice_say_of_which_others_they_have_the_figures(
    logged: Api, open_page: OpenPage
) -> None:
    """Or two rows with the same figures look like an error."""
    policies = [{"name": name, "arguments": PAIRS} for name in ("once", "again")]
    span = {"startTime": to_iso(now_us() - DAY), "endTime": to_iso(now_us())}
    assert logged.put(NEWEST.format("twins"), {"name": "twins", "policies": policies, **span}).status == 200
    page = open_page(logged, "/evaluations/twins")

    rows = page.get_by_role("region", name="Estimates").get_by_role("row")
    expect(rows.filter(has_text="again")).to_contain_text("The same settings as once", timeout=60_000)
    expect(rows.filter(has_text="The same settings")).to_have_count(1)
    assert logged.delete(NEWEST.format("twins")).status == 204


def test_files_of_settings_are_taken_and_given(
    logged: Api, judged: dict[str, Any], open_page: OpenPage, tmp_path: Path
) -> None:
    """What is downloaded as learning settings can be asked for again."""
    page = open_page(logged, f"/evaluations/{judged['id']}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the settings of pairs").click()
    download.value.save_as(tmp_path / "pairs.json")
    page.get_by_role("link", name="All evaluations").click()
    page.get_by_role("link", name="What would other settings earn?").click()

    page.get_by_label("Learning-settings files").set_input_files(tmp_path / "pairs.json")
    expect(page.get_by_label("Name of settings 1")).to_have_value("pairs")
    (tmp_path / "wrong.json").write_text("[]")
    page.get_by_label("Learning-settings files").set_input_files(tmp_path / "wrong.json")

    expect(page.get_by_role("alert")).to_contain_text("wrong.json holds no learning settings")
    expect(page.get_by_label("Learning arguments 1")).to_have_value(PAIRS)
    assert json.loads((tmp_path / "pairs.json").read_text()) == {"name": "pairs", "arguments": PAIRS}


def test_settings_are_applied_once_their_consequences_were_told(
    logged: Api, judged: dict[str, Any], open_page: OpenPage, photograph: Photograph
) -> None:
    """What may be no better wants an explicit word, with the figures."""
    (doubt,) = [policy["doubt"] for policy in judged["policies"] if policy["doubt"]]
    page = open_page(logged, f"/evaluations/{judged['id']}")
    page.get_by_role("button", name="Apply chance").click()
    dialog = page.get_by_role("dialog", name="Apply “chance”?")
    expect(dialog.get_by_text(doubt)).to_be_visible()
    expect(dialog.get_by_role("button", name="Apply it")).to_be_disabled()
    photograph(page, "evaluation-apply")
    dialog.get_by_label("Apply it although it may be no better").check()
    dialog.get_by_role("button", name="Apply it").click()
    expect(page.get_by_text("chance is in use.")).to_be_visible()
    assert logged.get(IN_USE).json == {"name": "chance", "arguments": CHANCE}

    page.get_by_role("button", name="Apply pairs", exact=True).click()
    dialog = page.get_by_role("dialog", name="Apply “pairs”?")
    expect(dialog.get_by_text("Training goes on at the end of the evaluated log")).to_be_visible()
    dialog.get_by_label("The settings only").check()
    expect(dialog.get_by_role("list")).to_contain_text("learn")
    dialog.get_by_label("The settings and what they learned").check()
    dialog.get_by_role("button", name="Apply it").click()

    expect(page.get_by_text("pairs is in use.")).to_be_visible()
    expect(page.get_by_role("row", name="pairs").get_by_text("In use")).to_be_visible()
    assert logged.get(IN_USE).json == {"name": "pairs", "arguments": PAIRS}
    assert logged.get("/rankloop/v1/status").json["model"]["arguments"] == PAIRS


def test_each_round_of_the_loops_own_shows_its_evidence(
    logged: Api, open_page: OpenPage, photograph: Photograph
) -> None:
    """Figures, and what part of the default's reward they are, as the old portal had them; what was done, and why."""
    page = open_page(logged, "/evaluations")
    row = page.get_by_role("region", name="Rounds of automatic optimization").get_by_role("row", name="Round 2")
    for figures in ("0.20 (100%)", "0.30 (150%)", "0.45 (225%)"):
        expect(row.get_by_text(figures.split()[0], exact=True)).to_be_visible()
        expect(row).to_contain_text(figures)
    expect(row).to_contain_text("Better settings taken")
    expect(row).to_contain_text("It earns 0.1 more.")
    photograph(page, "evaluations")

    busy = page.get_by_role("row", name="the busy")
    expect(busy).to_contain_text("1 of 3 tasks done")
    busy.get_by_role("link", name="the busy").click()
    expect(page.get_by_text("A task was begun again 2 times, the last time")).to_be_visible()
    page.get_by_role("link", name="All evaluations").click()
    row.get_by_role("link", name="Round 2").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("The loop took better settings: Hyper2")
    expect(page.get_by_text("Settings that the search tried: 1")).to_be_visible()
    expect(page.get_by_text("Figures are for the log, by which the settings won")).to_be_visible()


@pytest.fixture(scope="module")
def on_trial(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop whose challenger has earned 0.1 more per event in the trial so far; no trainer runs."""
    storage, folder = new_storage(), tmp_path_factory.mktemp("on-trial")
    with StoredLoop(storage) as stored, evaluated_log.use_storage(storage):
        loop = past.configuration(BLIND, is_auto_optimization_enabled=True)
        past.configure(stored, loop)
        found = Policy("Hyper2", PAIRS, Source.SEARCH)
        outcome = evaluated.outcome(
            *(
                PolicyOutcome(policy, "", {evaluated.START_US: evaluated.plain(200, earned)})
                for policy, earned in {evaluated.ONLINE: 60, evaluated.FIRST: 40, found: 90}.items()
            )
        )
        searched = evaluated.evaluation("auto-1", round_number=1, custom=(), optimise=True, status=Status.SUCCEEDED)
        evaluated.keep(searched, outcome)
        challenger = replace(empty_cursor(loop, 0, 0), arguments=PAIRS)
        sums = TrialSums.of([(1.0, float(number % 10 == 0)) for number in range(500)] + [(-1.0, 0.0)] * 500)
        exploration = loop.trial_exploration
        assert exploration is not None
        trial = Trial("auto-1", "Hyper2", BLIND, challenger, exploration, evaluated.START_US, sums)
        stored.put("state.json", json_documents.to_json(replace(new_state(loop, Published()), trial=trial)))
    with HostProcess(storage, env={**NEVER, "API_KEY_1": KEY}, log_file=folder / "host.log") as host:
        yield Api.at(host.url, KEY, tries=4)


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_who_is_on_trial_is_shown_with_the_evidence(on_trial: Api, open_page: OpenPage, size: dict[str, int]) -> None:
    """As the status tells it, and at its round."""
    page, status = open_page(on_trial, "/evaluations"), on_trial.get("/rankloop/v1/status")
    assert status.status == 200, status.body
    trial = status.json["trial"]
    page.set_viewport_size(size)  # type: ignore[arg-type]

    told = page.get_by_label("The challenger on trial")
    expect(told).to_contain_text("Hyper2")
    expect(told).to_contain_text(PAIRS)
    expect(told).to_contain_text("in 1,000 events")
    low, high = trial["interval"]
    assert trial["gain"] == pytest.approx(0.05, abs=0.01)
    assert low < trial["gain"] < high
    expect(told).to_contain_text(f"+{trial['gain']:.3f}".rstrip("0"))
    row = page.get_by_role("region", name="Rounds of automatic optimization").get_by_role("row", name="Round 1")
    expect(row).to_contain_text("On trial")
    assert violations(page) == []


def test_one_that_failed_says_why_and_can_be_deleted(logged: Api, open_page: OpenPage) -> None:
    """After a question."""
    page = open_page(logged, "/evaluations")
    row = page.get_by_role("row", name="the unlucky")
    expect(row).to_contain_text("Failed")
    expect(row).to_contain_text("The log was deleted meanwhile.")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The evaluation failed")
    expect(page.get_by_text("The log was deleted meanwhile.")).to_be_visible()

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()

    expect(page.get_by_role("row", name="the auto-1")).to_be_visible()
    expect(page.get_by_role("row", name="the unlucky")).to_have_count(0)
    assert "unlucky" not in [each["id"] for each in logged.get(OWN).json["value"]]


def test_a_range_without_events_is_told_so(logged: Api, open_page: OpenPage, complaints: list[str]) -> None:
    """And one that ends before it begins is refused at its field; a link holds all of the form."""
    query = "create=yes&name=early&search=no&range=own&from=2020-01-02T00:00:00.000Z&to=2020-01-01T00:00:00.000Z"
    page = open_page(logged, f"/evaluations?{query}")
    page.get_by_role("button", name="Start the evaluation").click()
    expect(page.get_by_label("To", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_have_text("It has to be later than startTime.")
    assert "400 (Bad Request)" in complaints.pop()
    page.get_by_label("To", exact=True).fill("2020-01-03T00:00:00")
    page.get_by_role("button", name="Start the evaluation").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing to evaluate in this range", timeout=60_000)
    expect(page.get_by_text("No event of this range is in the log")).to_be_visible()


def test_what_features_are_worth_is_found_for_the_same_range(
    logged: Api, judged: dict[str, Any], open_page: OpenPage, photograph: Photograph
) -> None:
    """And everyone can read the page of an evaluation: in light and dark, with a screen reader, on a phone."""
    page = open_page(logged, f"/evaluations/{judged['id']}")
    expect_plot(page, judged)
    for colors in ("light", "dark"):
        page.emulate_media(color_scheme=colors)
        assert violations(page) == []
    page.get_by_role("button", name="Find out").click()
    scores = page.get_by_role("region", name="Scores").get_by_role("row")
    expect(scores.first).to_be_visible(timeout=60_000)
    importances = "/personalizer/featureImportances/of-judged?api-version=2022-09-01-preview"
    importance = logged.get(importances).json
    expect(page.get_by_text(importance["description"])).to_be_visible()
    expect(scores).to_have_count(1 + len(importance["featureScores"]))

    page.set_viewport_size(PHONE)

    page.wait_for_function(f"document.documentElement.scrollWidth <= {PHONE['width']}")
    photograph(page, "evaluation-phone")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({**WIDE, "height": 2000})
    photograph(page, "evaluation")


def test_long_names_leave_the_figures_in_sight(logged: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """In the list, in the plot, in the table and beside the chart; a heading has the beginning of one."""
    names = ["A name as it is made of all settings " * 6 + "S" * 30, "P" * 250]
    policies = [{"name": name, "arguments": PAIRS} for name in names]
    body = {"name": "E" * 250, "enableOfflineExperimentation": False, "policies": policies}
    day = {"startTime": to_iso(now_us() - DAY), "endTime": to_iso(now_us())}
    assert logged.put(NEWEST.format("long-names"), {**body, **day}).status == 200
    page = open_page(logged, "/evaluations/long-names")
    expect(page.get_by_role("heading", level=1)).to_contain_text("would have earned", timeout=60_000)
    assert len(page.get_by_role("heading", level=1).inner_text()) < 120
    expect(page.get_by_role("heading", name="Reward per event over time")).to_be_visible()
    for size in (WIDE, PHONE):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        for place in ("/evaluations/long-names", "/evaluations"):
            page.evaluate("view => { location.hash = view; }", place)
            expect(page.get_by_role("table").first).to_be_visible()
            photograph(page, f"evaluation-long-names-{size['width']}")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            assert cut_off(page) == []
