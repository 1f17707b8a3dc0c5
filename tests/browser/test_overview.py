"""The first screen: whether the loop pays, and if not, why not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from shared.configuration.service_configuration import LearningMode
from shared.times import MINUTE, SECOND
from tests.browser import loops
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import DISHES, KEY
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import NEVER
from tests.loop.past import Past
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1
from tests.loop.trainers import PAST, Trainer
from tests.storages import NewStorage

Join = Callable[..., None]
EQUAL = [0.25, 0.25, 0.25, 0.25]
WITHOUT_DEFAULT = [0.0, 0.4, 0.3, 0.3]
NEARLY_DEFAULT = [0.85, 0.05, 0.05, 0.05]
DEFAULT_IS_BEST = {"soup": 0.6, "salad": 0.2, "pasta": 0.2, "curry": 0.2}


@pytest.fixture
def join(storage: str, tmp_path: Path) -> Join:
    """Lets the trainer join some of a loop's past, and nothing that came in the last minutes."""

    def join_past(made: Past, before: int = 0) -> None:
        with StoredLoop(storage) as stored:
            made.write(stored)
        as_then = {**PAST, "join_grace_us": before * MINUTE + SECOND}
        with Trainer(storage, tmp_path / "trainer.log", as_then) as trainer:
            trainer.succeed()

    return join_past


def headline(page: Page) -> str:
    """What the page says in large type."""
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_be_visible()
    return heading.inner_text()


def test_what_the_loop_earns_stands_in_large_type_and_everything_without_scrolling(
    good: Api, open_page: OpenPage, photograph: Photograph
) -> None:
    """The figures are those of the loop's whole life, in the status."""
    life = good.get("/rankloop/v1/status").json["verdict"]["life"]
    above = life["aboveFirstAction"]
    page = open_page(good)

    low, high = above["interval"]
    assert headline(page) == f"Earns {above['lift']:.2f} more per event than your default"
    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text(
        f"Certain 95 % interval: {low:+.2f} to {high:+.2f}, over {above['events']:,} events"
    )
    expect(verdict).to_contain_text(f"It earned {life['earned']['averageReward']:.2f} an event")
    for text in ("Reward per event", "Next model", "Shown actions"):
        expect(page.get_by_role("heading", name=text)).to_be_in_viewport()
    expect(page.get_by_role("list", name="From Rank to model")).to_be_in_viewport()
    expect(page.get_by_role("slider", name="Reward per event over time")).to_be_in_viewport()
    expect(page.get_by_role("slider", name="Earned above your default, added up over time")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    photograph(page, "overview")


def test_five_lights_tell_when_each_stage_last_happened_and_how_often(good: Api, open_page: OpenPage) -> None:
    """Their state is a word, too, for those who do not see a color; nothing is told of what did not happen of late."""
    stages = good.get("/rankloop/v1/status").json["stages"]
    page = open_page(good)

    lights = page.get_by_role("list", name="From Rank to model").get_by_role("listitem")
    expect(lights).to_have_count(5)
    words = {"good": "In order", "waiting": "Waiting", "trouble": "Trouble"}
    for stage, light in zip(stages, lights.all(), strict=True):
        expect(light).to_contain_text(re.compile(stage["stage"], re.IGNORECASE))
        expect(light).to_contain_text(words[stage["state"]])
        expect(light.locator("time")).to_have_attribute("datetime", stage["lastAt"])
        expect(light).to_contain_text(re.compile(r" ago(, [\d.]+ (a minute|an hour))?"))
    for name in ("Rewards", "Published"):  # of the last hour, and not of the last minutes, after which the loop came
        expect(lights.filter(has_text=name)).to_contain_text(re.compile(r" ago, [\d.]+ (a minute|an hour)"))


def greens(page: Page) -> set[str]:
    """The words of the view that are green, or that stand on or beside something green."""
    return set(
        page.evaluate("""() => {
          const probe = document.body.appendChild(document.createElement("i"));
          const good = ["--good", "--good-ground"].map((name) => {
            probe.style.color = `var(${name})`;
            return getComputedStyle(probe).color;
          });
          probe.remove();
          const parts = ["color", "backgroundColor", "borderTopColor", "stroke"];
          const isGreen = (each) => parts.some((part) => good.includes(getComputedStyle(each)[part]));
          const told = [...document.querySelectorAll("main *")].filter((each) => each.textContent.trim());
          return told.filter(isGreen).map((each) => each.textContent.trim());
        }""")
    )


def test_nothing_is_green_but_a_verdict_that_is_certain(
    good: Api, storage: str, join: Join, start_host: StartHost, open_page: OpenPage
) -> None:
    """Five green lights under a red verdict would say that all is well; words say that all stages work."""
    with StoredLoop(storage) as stored:
        past.configure(stored, past.seldom(exploration_percentage=1.0))
    join(loops.steady_past("worse", 500, (50, 15), EQUAL, DEFAULT_IS_BEST))
    page = open_page(Api.at(start_host(**NEVER | {"API_KEY_1": KEY}).url, KEY, tries=4))
    expect(page.get_by_role("list", name="From Rank to model")).to_contain_text("In order")

    assert re.fullmatch(r"Earns 0\.\d\d less per event than your default", headline(page))
    assert greens(page) == set()
    page = open_page(good)
    assert {headline(page), "Certain"} == greens(page)


def test_a_change_of_settings_takes_nothing_back_that_is_proven(
    new_storage: NewStorage, tmp_path: Path, open_page: OpenPage
) -> None:
    """What it earned in its life stays in large type; what is known since the change stands beneath."""
    storage = new_storage()
    loops.make_good(storage, tmp_path / "trainer.log")
    with HostProcess(storage, env=NEVER | {"API_KEY_1": KEY}) as host:
        api = Api.at(host.url, KEY, tries=4)
        page = open_page(api)
        proven = headline(page)
        api.put(f"{V1}/configurations/service", {"explorationPercentage": 0.3})
        page.reload()

        assert re.fullmatch(r"Earns 0\.\d\d more per event than your default", proven)
        assert headline(page) == proven
        expect(page.get_by_role("region", name="Verdict")).to_contain_text(
            re.compile(r"Since explorationPercentage changed from 0\.2 to 0\.3, \d\d:\d\d: No event is joined yet")
        )
        assert greens(page) == {proven, "Certain"}


def test_the_chart_tells_the_bin_under_the_pointer_and_its_legend_the_whole_range(
    good: Api, open_page: OpenPage
) -> None:
    """By the pointer and by the keys; a tip that is not wanted goes by Escape."""
    page = open_page(good)
    chart = page.get_by_role("slider", name="Reward per event over time")
    figure = page.locator("figure").filter(has=chart)
    with page.expect_response(re.compile(r"/rankloop/v1/metrics\?")) as answered:
        page.reload()
    metrics = answered.value.json()
    intervals = [each for each in metrics["intervals"] if each["count"]]
    whole, first = metrics["total"]["online"]["averageReward"], intervals[0]["online"]["averageReward"]

    expect(figure.locator("figcaption")).to_contain_text(f"The loop {whole:.2f}")
    expect(figure.locator(".chart-tip")).to_have_count(0)
    box = chart.bounding_box()
    assert box is not None
    chart.hover(position={"x": 60 + (box["width"] - 96) * 0.5 / len(metrics["intervals"]), "y": 60})
    tip = figure.locator(".chart-tip")
    expect(tip).to_contain_text(f"The loop {first:.2f}")
    expect(tip).to_contain_text(f"{intervals[0]['count']} events")
    page.mouse.move(0, 0)
    expect(tip).to_have_count(0)
    chart.press("Home")
    expect(tip).to_contain_text(f"The loop {first:.2f}")
    expect(chart).to_have_attribute(
        "aria-valuetext", re.compile(f"{intervals[0]['count']} events, The loop {first:.2f}")
    )
    expect(figure.locator("figcaption")).to_contain_text(f"The loop {whole:.2f}")
    chart.press("Escape")
    expect(tip).to_have_count(0)


def test_what_was_earned_above_the_default_is_added_up_beside_the_bins(good: Api, open_page: OpenPage) -> None:
    """The sum is plain where each bin is mostly noise."""
    page = open_page(good)
    chart = page.get_by_role("slider", name="Earned above your default, added up over time")
    with page.expect_response(re.compile(r"/rankloop/v1/metrics\?")) as answered:
        page.reload()
    lift = answered.value.json()["total"]["addedLift"]

    low, high = lift["interval"]
    expect(page.locator("figure").filter(has=chart).locator("figcaption")).to_contain_text(
        f"Earned above your default, added up {lift['sum']:+,.0f} {low:+,.0f} to {high:+,.0f}"
    )
    assert "added up" in read_aloud(chart)[0]


def test_a_page_whose_server_is_gone_looks_old_and_says_since_when(
    good: Api, context: BrowserContext, open_page: OpenPage, complaints: list[str]
) -> None:
    """Lights that stay as they were would say that all is well."""
    context.clock.install()
    page = open_page(good)
    lights = page.get_by_role("list", name="From Rank to model")
    expect(lights).to_contain_text("In order")
    heard = page.evaluate("new Date().toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })")
    page.route("**/rankloop/v1/**", lambda route: route.abort())
    page.clock.fast_forward(60_000)

    expect(page.get_by_role("alert")).to_contain_text(f"No answer since {heard}")
    expect(lights.get_by_role("listitem")).to_contain_text(["Not known"] * 5)
    expect(lights).not_to_contain_text("In order")
    expect(page.get_by_role("main")).to_contain_text("Whether it learns is not known.")
    expect(page.get_by_role("timer")).to_have_text("–")
    faded = (
        "(each) => [...function* () { for (; each; each = each.parentElement) yield getComputedStyle(each).filter }()]"
    )
    assert "grayscale(1)" in page.get_by_role("heading", level=1).evaluate(faded)
    page.unroute("**/rankloop/v1/**")
    page.clock.fast_forward(60_000)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(lights).to_contain_text("In order")
    assert "grayscale(1)" not in page.get_by_role("heading", level=1).evaluate(faded)
    complaints.clear()  # of calls that failed


def read_aloud(chart: Locator) -> list[str]:
    """What is said of each stretch of the chart's time, the first one first."""
    spoken = []
    chart.press("Home")
    for place in range(int(chart.get_attribute("aria-valuemax") or "") + 1):
        expect(chart).to_have_attribute("aria-valuenow", str(place))
        spoken.append(chart.get_attribute("aria-valuetext") or "")
        chart.press("ArrowRight")
    return spoken


def test_models_and_changes_of_settings_are_read_at_the_chart_and_in_its_tables(good: Api, open_page: OpenPage) -> None:
    """By the keys, as a screen reader speaks it."""
    learned = f"{good.get('/rankloop/v1/status').json['model']['learnedEvents']:,}"
    page = open_page(good)
    chart = page.get_by_role("slider", name="Reward per event over time")

    spoken = read_aloud(chart)
    place = next(place for place, text in enumerate(spoken) if f"has learned from {learned} events" in text)
    chart.press("Home")
    for _ in range(place):
        chart.press("ArrowRight")
    expect(page.locator(".chart-tip")).to_contain_text(f"A model, which has learned from {learned} events")
    page.get_by_text("The figures as a table").click()

    assert re.search(r"The loop \d+\.\d\d, Always the first action \d+\.\d\d, At random \d+\.\d\d", spoken[0])
    assert any("modelExportFrequency from 15 minutes to 1 second" in text for text in spoken)
    marks = page.get_by_role("region", name="Models and changes of settings").get_by_role("row")
    expect(marks.filter(has_text="modelExportFrequency from 15 minutes to 1 second (by API_KEY_1)")).to_have_count(1)
    expect(marks.filter(has_text=f"A model, which has learned from {learned} events")).to_have_count(1)
    events = page.get_by_role("region", name="Figures of the chart").get_by_role("row").locator("td:first-of-type")
    assert sum(map(int, events.all_inner_texts())) == good.get("/rankloop/v1/metrics").json["total"]["count"]


def test_the_share_of_each_action_is_shown_over_time(good: Api, open_page: OpenPage) -> None:
    """As bars, in the legend in all, and as a table."""
    actions = good.get("/rankloop/v1/metrics/actions").json["actions"]
    page = open_page(good)

    shown = page.get_by_role("region", name="Shown actions")
    expect(shown.get_by_role("img", name="Share of each action over time")).to_be_visible()
    for action in actions:
        share = f"{action['share'] * 100:.0f}%"
        expect(shown.get_by_role("listitem").filter(has_text=action["id"])).to_have_text(f"{action['id']} {share}")
    shown.get_by_text("The shares as a table").click()
    table = page.get_by_role("region", name="Shares of the actions")
    expect(table.get_by_role("columnheader")).to_have_text(["Time", "Events", *[action["id"] for action in actions]])


def test_a_loop_of_which_nothing_can_be_told_says_why_and_one_that_is_worse_says_since_which_change(
    storage: str,
    join: Join,
    start_host: StartHost,
    open_page: OpenPage,
    photograph: Photograph,
) -> None:
    """First its default has no chance; then exploration is changed, and a few events, at last many, tell."""
    before = past.seldom(exploration_percentage=0.0)
    after = loops.changed(before, 102, exploration_percentage=1.0)
    with StoredLoop(storage) as stored:
        past.configure(stored, before)
        join(loops.steady_past("blind", 200, (240, 120), WITHOUT_DEFAULT, DEFAULT_IS_BEST), 80)
        api = Api.at(start_host(**NEVER | {"API_KEY_1": KEY}).url, KEY, tries=4)
        page = open_page(api)
        unknown = headline(page)
        past.configure(stored, after)
    join(loops.steady_past("few", 30, (85, 70), EQUAL, DEFAULT_IS_BEST), 40)
    page.reload()
    undecided = headline(page)
    more = re.compile(r"Not certain So far .* If it stays so, about \d+ more events will tell")
    expect(page.get_by_role("region", name="Verdict")).to_contain_text(more)
    join(loops.steady_past("many", 500, (50, 15), EQUAL, DEFAULT_IS_BEST))
    page.reload()
    worse = headline(page)

    assert unknown == "Unknown: your default had no chance to be shown"
    assert undecided == "Not certain yet whether it earns more than your default"
    assert re.fullmatch(r"Earns 0\.\d\d less per event than your default", worse)
    since = r"Since explorationPercentage changed from 0\.0 to 1\.0, (\d+ \w+, )?\d\d:\d\d: Over"
    expect(page.get_by_role("region", name="Verdict")).to_contain_text(re.compile(since))
    why = "Always the first action: in some or all events, the first action had no chance to be shown."
    expect(page.locator(".chart-foot").first).to_contain_text(why)
    photograph(page, "overview-worse")
    page.get_by_text("The figures as a table").click()
    reasons = page.get_by_role("region", name="What is unknown, and why").get_by_role("row")
    expect(reasons.filter(has_text=why)).to_have_count(1)
    changes = page.get_by_role("region", name="Models and changes of settings").get_by_role("row")
    expect(changes.filter(has_text="explorationPercentage from 0")).to_have_count(1)


def test_of_an_apprentice_the_page_says_how_well_it_imitates(
    storage: str, join: Join, start_host: StartHost, open_page: OpenPage
) -> None:
    """And how well it could at most, with its exploration."""
    with StoredLoop(storage) as stored:
        past.configure(stored, past.seldom(learning_mode=LearningMode.APPRENTICE))
    pays = dict.fromkeys(DISHES, 0.4)
    join(loops.steady_past("apprentice", 300, (200, 15), NEARLY_DEFAULT, pays, LearningMode.APPRENTICE))
    api = Api.at(start_host(**NEVER | {"API_KEY_1": KEY}).url, KEY, tries=4)
    likeness = api.get("/rankloop/v1/status").json["verdict"]["apprentice"]
    page = open_page(api)

    low, high = (f"{bound * 100:.0f}%" for bound in likeness["matchRateInterval"])
    rate, most = (f"{likeness[name] * 100:.0f}%" for name in ("matchRate", "matchRateCeiling"))
    assert headline(page) == f"Apprentice: would choose your default in {rate} ({low} to {high}); {most} is possible"
