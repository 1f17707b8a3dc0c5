"""Remedies: each step is a button with what it costs, and leads to where it is done."""

from copy import replace
from pathlib import Path

from playwright.sync_api import expect

from shared.ranking.decision import equal_chances
from shared.times import MINUTE
from tests.browser import loops
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import DISHES
from tests.loop import past
from tests.storages import NewStorage

SERVICE = "/personalizer/configurations/service?api-version=2022-09-01-preview"
EQUAL = equal_chances(4)


def test_a_longer_wait_is_a_button_that_fills_it_in_on_setup_and_saves_nothing(
    new_storage: NewStorage, tmp_path: Path, open_page: OpenPage, photograph: Photograph
) -> None:
    """It is said that rewards come too late, how late, and what a longer wait costs; the owner saves it, or not."""
    made = loops.steady_past("slow", 60, (100, 60), EQUAL, dict.fromkeys(DISHES, 0.4))
    made.observations = [replace(row, at_us=row.at_us + 20 * MINUTE) for row in made.observations]
    with loops.learned(new_storage, tmp_path, made, past.seldom()) as api:
        (warning,) = api.get("/rankloop/v1/status").json["warnings"]
        page = open_page(api)
        light = page.get_by_role("list", name="From Rank to model").get_by_role("listitem").filter(has_text="Rewards")
        expect(light).to_contain_text("Trouble")
        expect(page.get_by_text("They came 20 minutes after their Rank.")).to_be_visible()
        remedy = page.get_by_role("group", name="Remedies").locator("p").first
        expect(remedy).to_contain_text(warning["remedies"][0]["cost"])
        photograph(page, "remedy-late")
        remedy.get_by_role("link", name="Longer wait: 30 minutes").click()
        wait = page.get_by_label("Reward wait time", exact=True)
        expect(wait).to_have_value("30")
        expect(wait).to_be_focused()
        expect(page.get_by_text("1 unsaved change")).to_be_visible()
        expect(page.get_by_text("rewardWaitTime changes from 10 minutes to 30 minutes.")).to_be_visible()
        photograph(page, "remedy-setup")

        assert warning["code"] == "RewardsLate"
        assert api.get(SERVICE).json["rewardWaitTime"] == "PT10M"
        page.reload()
        expect(page.get_by_text("No unsaved changes")).to_be_visible()


def test_a_reward_that_came_too_late_is_found_with_its_event_and_by_how_much(
    new_storage: NewStorage, tmp_path: Path, open_page: OpenPage, photograph: Photograph
) -> None:
    """In the list, to which the remedy leads, and in the trace. A Rank without any names the default that counts."""
    made = loops.steady_past("slow", 20, (100, 60), EQUAL, dict.fromkeys(DISHES, 0.4))
    made.observations = [replace(row, at_us=row.at_us + 20 * MINUTE) for row in made.observations]
    with loops.learned(new_storage, tmp_path, made, past.seldom(default_reward=0.25)) as api:
        page = open_page(api)
        page.get_by_role("link", name="See the rewards").click()
        rows = page.get_by_role("region", name="Events").get_by_role("row")
        expect(rows.nth(1)).to_contain_text("too late 20 minutes 30 seconds after its Rank, by 10 minutes 30 seconds")
        photograph(page, "late-list")
        page.get_by_role("link", name="slow-7", exact=True).click()
        line = page.locator(".time-line")
        expect(line).to_contain_text("It came too late: 10 minutes 30 seconds after the reward wait time of 10 minutes")
        expect(line).to_contain_text("The default reward, since none came in time.")
        expect(page.get_by_text("belong to no event")).to_have_count(0)
        photograph(page, "late-trace")
        ranks = open_page(api, "/events?kind=rank").get_by_role("region", name="Events").get_by_role("row")
        expect(ranks.nth(1)).to_contain_text("none came in time: the default, 0.25, counts")


def test_what_to_do_about_a_loop_that_is_worse_than_its_default_is_told_within_its_first_thousand_events(
    new_storage: NewStorage, tmp_path: Path, open_page: OpenPage, photograph: Photograph
) -> None:
    """Where no warning speaks yet: buttons lead to rewards, to an evaluation, and to settings that are filled in."""
    made = loops.steady_past("young", 600, (74, 31), EQUAL, {**dict.fromkeys(DISHES, 0.1), DISHES[0]: 0.9})
    with loops.learned(new_storage, tmp_path, made, past.seldom()) as api:
        status = api.get("/rankloop/v1/status").json
        page = open_page(api)
        remedies = page.get_by_role("group", name="Remedies")
        expect(remedies.locator("p")).to_contain_text([each["cost"] for each in status["remedies"]])
        photograph(page, "remedy-worse")
        links = {link.inner_text(): link.get_attribute("href") for link in remedies.get_by_role("link").all()}
        remedies.get_by_role("link", name="Back to Apprentice mode").click()
        expect(page.get_by_role("radio", name="Apprentice")).to_be_checked()
        expect(page.get_by_role("radio", name="Apprentice")).to_be_focused()
        expect(page.get_by_text("1 unsaved change")).to_be_visible()

    assert (status["verdict"]["conclusion"], status["warnings"]) == ("worse", [])
    assert links == {each["text"]: each["link"] for each in status["remedies"] if each["link"]}
    assert [each["text"] for each in status["remedies"] if not each["link"]] == ["Let it learn from 400 more events"]


def test_an_exploration_of_100_percent_is_cautioned_against_before_it_is_saved(
    new_storage: NewStorage, tmp_path: Path, open_page: OpenPage
) -> None:
    """With what it costs; and once it is saved, the first screen has a button that lowers it."""
    made = loops.steady_past("meal", 60, (74, 31), EQUAL, dict.fromkeys(DISHES, 0.4))
    with loops.learned(new_storage, tmp_path, made, past.seldom()) as api:
        page = open_page(api, "/setup")
        page.get_by_label("Exploration percentage", exact=True).fill("100")
        against = page.locator(".changes .group.warning")
        expect(against).to_contain_text("no Rank follows the model, however much it has learned")
        api.put(SERVICE, {"explorationPercentage": 1.0})
        (warning,) = api.get("/rankloop/v1/status").json["warnings"]

        assert warning["code"] == "NoExploitation"
        view = open_page(api)
        expect(view.get_by_role("link", name="Explore 5 %")).to_have_attribute("href", warning["remedies"][0]["link"])
