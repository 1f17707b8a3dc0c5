"""The view Setup: it shows what the API tells, and what is changed there is what the API tells afterwards."""

import json
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from shared.configuration.service_configuration import LearningMode
from tests.browser import loops
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.test_accessibility import violations
from tests.http.api import Api
from tests.loop import past
from tests.storages import NewStorage

SERVICE = "/personalizer/configurations/service?api-version=2022-09-01-preview"
POLICY = "/personalizer/configurations/policy?api-version=2022-09-01-preview"
OWN = "/rankloop/v1"
SERVICES = "**/personalizer/configurations/service*"
SECRET = "https://account.blob.core.windows.net/copies?sp=rw&sv=2022-11-02&se=2099-01-01&sig=very-secret"


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop that has been an apprentice for a while, of the module's own."""
    made = loops.steady_past("meal", 150, (100, 12), [0.7, 0.1, 0.1, 0.1], {"soup": 0.5}, LearningMode.APPRENTICE)
    configuration = past.seldom(learning_mode=LearningMode.APPRENTICE)
    with loops.learned(new_storage, tmp_path_factory.mktemp("setup"), made, configuration) as api:
        yield api


def service(api: Api) -> dict[str, Any]:
    answer: dict[str, Any] = api.get(SERVICE).json
    return answer


def last_change(api: Api) -> dict[str, Any]:
    change: dict[str, Any] = api.get(f"{OWN}/configurations/history").json["changes"][0]
    return change


def fill(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).fill(value)


def changes(page: Page) -> Locator:
    """The panel that says what is not saved and what it would do."""
    return page.locator(".changes")


def listed(place: Locator, heading: str) -> list[str]:
    """The sentences of a preview under a heading."""
    group = place.locator(".group").filter(has=place.page.get_by_role("heading", name=heading, exact=True))
    group.first.wait_for()
    return group.get_by_role("listitem").all_inner_texts()


def are_shown(sentences: list[str], shown: list[str]) -> bool:
    """Whether some sentences of the API are shown; the page writes moments in another form."""
    pairs = zip(sentences, shown, strict=True)
    return all(piece in text for sentence, text in pairs for piece in re.split(r"\d{4}-[\dT:-]+Z", sentence))


def confirm(page: Page, button: str = "Save") -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def test_every_setting_of_the_description_has_its_place(loop: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """A field that is declared is on the page without a change of the page; secrets are not."""
    loop.put(SERVICE, {"logMirrorSasUri": SECRET})
    schema = loop.get(f"{OWN}/openapi.json").json["components"]["schemas"]["ServiceConfigurationRequest"]
    page = open_page(loop, "/setup")

    expect(page.get_by_label("Exploration percentage", exact=True)).to_have_value("20")
    names = page.locator(".setup .editor code").all_inner_texts()
    text = page.locator(".setup").inner_text()
    photograph(page, "setup")

    assert set(schema["properties"]) <= set(names)
    assert all(field["description"] in text for name, field in schema["properties"].items() if name != "learningMode")
    assert "New loop: 90 days" in text
    assert "0% to 100%" in text
    assert "very-secret" not in page.content()
    assert page.get_by_label("Log mirror SAS URI", exact=True).get_attribute("type") == "password"


def test_what_is_foreseen_is_what_happens(loop: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """Percent and units are the page's; the API gets a fraction and a duration, and of a secret nothing."""
    wanted = {"explorationPercentage": 0.35, "modelExportFrequency": "PT2H", "logRetentionDays": 30}
    loop.put(SERVICE, {"logMirrorSasUri": SECRET})
    foreseen = loop.post(f"{OWN}/configurations/service:preview", wanted).json
    page = open_page(loop, "/setup")

    fill(page, "Exploration percentage", "35")
    fill(page, "Model export frequency", "2")
    page.get_by_label("Model export frequency, unit").select_option("hours")
    fill(page, "Log retention days", "30")
    expect(changes(page).get_by_text("3 unsaved changes")).to_be_visible()
    expect(changes(page).get_by_text("logRetentionDays changes from 90 to 30.")).to_be_visible()
    told = {name: listed(changes(page), name) for name in ("Changes", "What will happen")}
    photograph(page, "setup-changed")
    page.get_by_role("button", name="Save …").click()
    confirmed = listed(page.get_by_role("dialog"), "What will happen")
    confirm(page)
    expect(page.get_by_text("No unsaved changes")).to_be_visible()

    words = {"PT15M": "15 minutes", "PT2H": "2 hours", "0.2 to 0.35": "20% to 35%"}
    in_words = [reduce(lambda text, word: text.replace(*word), words.items(), change) for change in foreseen["changes"]]
    assert told["Changes"] == in_words
    assert are_shown(foreseen["happens"], told["What will happen"])
    assert are_shown(foreseen["happens"], confirmed)
    after = service(loop)
    assert {name: after[name] for name in wanted} == wanted
    assert after["logMirrorSasUri"] == SECRET
    assert {value["name"] for value in last_change(loop)["changed"]} == set(wanted)
    expect(page.get_by_label("Exploration percentage, slider")).to_have_value("35")


def test_a_refused_value_is_told_at_its_field(loop: Api, open_page: OpenPage, complaints: list[str]) -> None:
    """In the API's words, before anything is saved, and until it is undone."""
    before, page = service(loop), open_page(loop, "/setup")
    refused = loop.post(f"{OWN}/configurations/service:preview", {"rewardWaitTime": "PT1S"}).error
    field = page.get_by_label("Reward wait time", exact=True)

    page.get_by_label("Reward wait time, unit").select_option("seconds")
    field.fill("1")

    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field.refused")).to_contain_text(refused["message"].removeprefix("rewardWaitTime: "))
    expect(page.get_by_role("button", name="Save …")).to_be_disabled()
    page.get_by_role("button", name="Undo Reward wait time").click()
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    expect(page.locator(".field.refused")).to_have_count(0)
    assert service(loop) == before
    complaints.clear()  # each refusal is an error in the browser's console


@pytest.mark.parametrize("typed", ["120", "-1", "much", ""])
def test_a_share_is_refused_in_percent(loop: Api, open_page: OpenPage, complaints: list[str], typed: str) -> None:
    """Of a fraction, or of what to send in its place, a field in percent knows nothing."""
    page = open_page(loop, "/setup")
    fill(page, "Exploration percentage", typed)

    expect(page.locator(".field.refused")).to_contain_text("It has to be a number from 0% to 100%.")
    expect(changes(page).get_by_role("alert")).to_contain_text("It has to be a number from 0% to 100%.")
    assert "fraction, in spite" not in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="Undo all").click()
    complaints.clear()  # each refusal is an error in the browser's console


def test_mode_and_rewards_change_in_two_calls(
    loop: Api, open_page: OpenPage, photograph: Photograph, complaints: list[str]
) -> None:
    """The API refuses them in one. If the second fails, that is told and can be made up for."""
    latest = loop.get(f"{OWN}/status").json["verdict"]["apprentice"]
    before = service(loop)["latestApprenticeModeMetrics"]["lastBatchMetrics"]
    figures = latest if latest and latest["numberOfEvents"] else before
    page = open_page(loop, "/setup")

    expect(page.locator(".match-rate")).to_contain_text(f"Match rate {figures['matchRate']:.0%}")
    expect(page.locator(".match-rate")).to_contain_text(f"over {figures['numberOfEvents']} events")
    fill(page, "Default reward", "0.5")
    page.get_by_role("radio", name="Online").check()
    expect(changes(page).get_by_role("heading", name="Then: the learning mode")).to_be_visible()
    expect(changes(page)).to_contain_text("it goes on with what the apprentice has learned")
    page.get_by_role("button", name="Save …").click()
    expect(page.get_by_role("dialog")).to_contain_text("these are two calls")
    photograph(page, "setup-confirm")
    assert violations(page) == []
    page.route(
        SERVICES,
        lambda route: route.abort() if "learningMode" in (route.request.post_data or "") else route.continue_(),
    )
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("The other settings were saved; the learning mode was not.")
    assert (service(loop)["learningMode"], service(loop)["defaultReward"]) == ("Apprentice", 0.5)
    page.unroute(SERVICES)
    confirm(page)

    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    assert (service(loop)["learningMode"], service(loop)["defaultReward"]) == ("Online", 0.5)
    newest, earlier, *_ = loop.get(f"{OWN}/configurations/history").json["changes"]
    assert [newest["changed"][0]["name"], earlier["changed"][0]["name"]] == ["learningMode", "defaultReward"]
    complaints.clear()  # a call that was cut is an error in the browser's console


def test_leaving_with_unsaved_changes_asks(loop: Api, open_page: OpenPage) -> None:
    """By a link of the page and by the browser's way back; staying keeps what was entered."""
    page = open_page(loop, "/setup/history")
    page.get_by_role("link", name="Configuration", exact=True).click()
    fill(page, "Log retention days", "77")
    expect(changes(page).get_by_text("1 unsaved change")).to_be_visible()

    page.go_back()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Log retention days", exact=True)).to_have_value("77")
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("dialog")).to_contain_text("not saved")
    page.get_by_role("button", name="Leave", exact=True).click()

    expect(page.get_by_label("Log retention days", exact=True)).to_be_hidden()
    assert service(loop)["logRetentionDays"] != 77


def test_an_option_that_is_refused_is_marked(
    loop: Api, open_page: OpenPage, photograph: Photograph, complaints: list[str], tmp_path: Path
) -> None:
    """And learning settings come from a file of the old portal, go into one, and go back to the default."""
    wanted = {"name": "bags", "arguments": "--cb_explore_adf --bag 4 -q ::"}
    own, none = tmp_path / "learning-settings.json", tmp_path / "none.json"
    own.write_text(json.dumps(wanted), encoding="utf-8-sig")
    none.write_text("name: bags", encoding="utf-8")
    page = open_page(loop, "/setup/learning")

    fill(page, "Arguments", "--cb_explore_adf --epsilon 7 --cb_type mtr")
    expect(page.locator("mark")).to_have_text(["--epsilon", "7"])
    expect(page.locator("#policy-arguments-problem")).to_contain_text("--epsilon must be a number from 0 to 1.")
    photograph(page, "setup-option")
    assert violations(page) == []
    page.get_by_label("Import a file").set_input_files(none)
    expect(page.get_by_text("none.json was not taken: it is no JSON")).to_be_visible()
    page.get_by_label("Import a file").set_input_files(own)
    expect(changes(page)).to_contain_text("to --cb_explore_adf --bag 4 -q ::.")
    page.get_by_role("button", name="Save …").click()
    confirm(page)
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    assert loop.get(POLICY).json == wanted
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as a file").click()
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8")) == wanted

    foreseen = loop.post(f"{OWN}/configurations/policy:previewReset").json
    page.get_by_role("button", name="Back to the default …").click()
    assert listed(page.get_by_role("dialog"), "Changes") == foreseen["changes"]
    confirm(page, "Set the default")
    expect(page.get_by_label("Name", exact=True)).to_have_value("default")
    assert loop.get(POLICY).json["arguments"] in foreseen["changes"][1]
    complaints.clear()  # each refusal is an error in the browser's console


def test_clearing_tells_what_was_done_and_what_was_not(
    loop: Api, open_page: OpenPage, context: BrowserContext, photograph: Photograph, complaints: list[str]
) -> None:
    """Each box does its own, and if the connection breaks in between, the rest can be made up for."""
    loop.put(POLICY, {"name": "other", "arguments": "--cb_explore_adf --softmax -q ::"})
    model = loop.get(f"{OWN}/status").json["model"]
    page = open_page(loop, "/setup/data")
    dialog = page.get_by_role("dialog")

    page.get_by_role("button", name="Clear data …").click()
    dialog.get_by_label("Set the learning settings to their default").check()
    expect(dialog.get_by_role("button", name="Clear")).to_be_disabled()
    dialog.get_by_label("to confirm").fill("clear")
    dialog.get_by_role("button", name="Clear").click()
    expect(dialog).to_contain_text("All of it is done.")
    dialog.get_by_role("button", name="Close").click()
    assert loop.get(POLICY).json["name"] == "default"
    assert loop.get(f"{OWN}/status").json["model"]["id"] == model["id"]
    assert loop.get("/personalizer/v1.0/logs/properties").json != {}

    context.route("**/personalizer/logs*", lambda route: route.abort())
    page.get_by_role("button", name="Clear data …").click()
    dialog.get_by_label("Delete logged rank and reward data").check()
    dialog.get_by_label("Reset the model").check()
    dialog.get_by_label("to confirm").fill("clear")
    photograph(page, "setup-clear")
    assert violations(page) == []
    dialog.get_by_role("button", name="Clear").click()
    expect(dialog.get_by_role("listitem")).to_have_text(
        ["Delete logged rank and reward data: failed", "Reset the model: not done"]
    )
    expect(dialog.get_by_role("alert")).to_contain_text("The loop does not answer.")
    assert loop.get(f"{OWN}/status").json["model"] is not None
    context.unroute("**/personalizer/logs*")
    dialog.get_by_role("button", name="Try the rest again").click()
    expect(dialog).to_contain_text("All of it is done.")

    assert loop.get("/personalizer/v1.0/logs/properties").json == {}
    assert loop.get(f"{OWN}/status").json["model"] is None
    acts = [change["act"] for change in loop.get(f"{OWN}/configurations/history").json["changes"]]
    assert acts[:3] == ["modelReset", "logsDeleted", "learningSettings"]
    complaints.clear()  # a call that was cut is an error in the browser's console


def test_the_shares_of_exploration_are_those_of_the_api(
    loop: Api, open_page: OpenPage, photograph: Photograph, complaints: list[str]
) -> None:
    """They are saved as they were entered; what is refused is told at its field, and an empty field is no 0."""
    path = f"{OWN}/configurations/explorationShares"
    before = loop.get(path).json
    page = open_page(loop, "/setup/exploration")
    save = page.get_by_role("button", name="Save")
    first, challenger = (page.get_by_label(name, exact=True) for name in ("First action", "Challenger"))
    expect(first).to_have_value(f"{100 * before['default']:g}")
    expect(save).to_be_disabled()

    first.fill("60")
    save.click()
    expect(page.get_by_role("alert").filter(has_text="It has to be a number from 0% to 50%.")).to_be_visible()
    first.fill("10")
    challenger.fill("")
    save.click()
    expect(page.get_by_role("alert").filter(has_text="It has to be a number from 0% to 50%.")).to_be_visible()
    photograph(page, "setup-exploration")
    assert violations(page) == []
    assert loop.get(path).json == before
    challenger.fill("30")
    save.click()

    expect(page.get_by_text("nothing is learned anew")).to_be_visible()
    after = loop.get(path).json
    assert (after["default"], after["challenger"]) == (0.1, 0.3)
    page.get_by_role("link", name="History").click()
    newest = page.get_by_role("region", name="Changes of settings").get_by_role("row").nth(1)
    expect(newest).to_contain_text(f"explorationSharesDefault {100 * before['default']:g}% to 10%")
    assert all("400" in complaint for complaint in complaints)
    complaints.clear()


def test_the_history_is_read_page_by_page(loop: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """Newest first, as the API has it; the page that is shown stands in the address."""
    for number in range(20):
        loop.put(SERVICE, {"modelRetrainDays": 3 + number % 2})
    page = open_page(loop, "/setup/history")
    rows = page.get_by_role("region", name="Changes of settings").locator("tbody tr")

    expect(rows).to_have_count(20)
    photograph(page, "setup-history")
    assert violations(page) == []
    page.get_by_role("button", name="Older").click()

    older = loop.get(f"{OWN}/configurations/history?skip=20&maxpagesize=20").json["changes"]
    expect(rows).to_have_count(len(older))
    expect(rows.first).to_contain_text(older[0]["changed"][0]["name"])
    assert "skip=20" in page.url
