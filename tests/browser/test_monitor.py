"""What the loop earned by range, mode, action and context, what got lost, and what features are worth."""

import csv
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from shared.times import DAY, SECOND, to_iso
from tests.browser import loops
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import KEY, QUICK
from tests.browser.test_accessibility import PHONE, cut_off, settle, violations
from tests.clock import now_us
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer
from tests.storages import NewStorage

METRICS = "/rankloop/v1/metrics"


@pytest.fixture(scope="module")
def losing(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop that was an apprentice before it was Online, and of which much got lost."""
    storage = new_storage()
    with StoredLoop(storage) as stored:
        past.configure(stored, past.seldom(exploration_percentage=0.2))
        loops.losing_past().write(stored)
    with Trainer(storage, tmp_path_factory.mktemp("losing") / "trainer.log") as trainer:
        trainer.succeed()
    with HostProcess(storage, env=QUICK) as host:
        yield Api.at(host.url, KEY, tries=4)


def figure(value: float) -> str:
    """A figure as the page writes it."""
    digits = 2 if abs(value) >= 0.1 or value == 0 else 3
    text = f"{value:.{digits}f}"
    return text[:-1] if digits == 3 and text.endswith("0") else text


def between(bounds: list[float]) -> str:
    return f"{figure(bounds[0])} to {figure(bounds[1])}"


def panel(page: Page, title: str) -> Locator:
    """A panel of the view, by its title."""
    return page.get_by_role("region", name=title, exact=True)


def cells(table: Locator) -> list[list[str]]:
    """The texts of a table's rows, without its head."""
    rows = table.locator("tbody tr").all()
    return [[" ".join(text.split()) for text in row.locator("th, td").all_inner_texts()] for row in rows]


def read_csv(page: Page, part: Locator) -> list[dict[str, str]]:
    """The table that a panel's button saves."""
    with page.expect_download() as saved:
        part.get_by_role("button", name="CSV").click()
    with Path(saved.value.path()).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run_curl(page: Page, part: Locator) -> Any:
    """What the command answers that a panel's button copies."""
    part.get_by_role("button", name="Copy as curl").click()
    command = page.evaluate("navigator.clipboard.readText()")
    ran = subprocess.run(["bash", "-c", command], env={**os.environ, "KEY": KEY}, capture_output=True, check=True)
    return json.loads(ran.stdout)


def row_of(name: str, figures: dict[str, Any]) -> list[str]:
    """A row of a table by action or by value, with its two bars."""
    average = f"{figure(figures['averageReward'])} ({between(figures['interval'])})"
    return [name, f"{figures['count']:,}", f"{figures['share']:.0%}", "", "", average]


def test_what_the_browser_does_not_let_copy_is_shown(good: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """As to a page that is not reached by https."""
    page = open_page(good, "/monitor")
    panel(page, "Reward per event").get_by_role("button", name="Copy as curl").click()
    dialog = page.get_by_role("dialog", name="Copy it from here")
    text = dialog.get_by_role("textbox", name="The text")

    expect(text).to_have_value(re.compile(r"^curl '.*/rankloop/v1/metrics\?"))
    expect(text).to_be_focused()
    assert text.evaluate("field => field.selectionEnd - field.selectionStart") == len(text.input_value())
    photograph(page, "monitor-copy")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)


def test_what_was_earned_is_what_the_api_tells(
    good: Api, context: BrowserContext, open_page: OpenPage, photograph: Photograph
) -> None:
    """In the tiles, in the file and by the command; the address says which range and interval."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(good, f"/monitor?{urlencode({'range': 'PT6H', 'interval': 'PT1H'})}")
    earned = panel(page, "Reward per event")

    answer = run_curl(page, earned)
    saved = read_csv(page, earned)

    assert answer["interval"] == "PT1H"
    assert 6 <= len(answer["intervals"]) <= 7
    tiles = page.get_by_role("group", name="In all")
    for name in ("online", "firstAction", "random"):
        expect(tiles).to_contain_text(
            f"{figure(answer['total'][name]['averageReward'])}{between(answer['total'][name]['interval'])}"
        )
    expect(tiles).to_contain_text(f"{answer['total']['count']:,}")
    assert [row["from"] for row in saved] == [each["from"] for each in answer["intervals"]]
    assert [row["count"] for row in saved] == [str(each["count"]) for each in answer["intervals"]]
    averages = [each["online"]["averageReward"] for each in answer["intervals"]]
    assert [float(row["online.averageReward"] or "nan") for row in saved] == pytest.approx(
        [float("nan") if average is None else average for average in averages], nan_ok=True
    )
    expect(panel(page, "By learning mode").get_by_role("row").nth(1)).to_contain_text("Online")
    photograph(page, "monitor-rewards")


def test_it_opens_on_all_that_the_loop_earned(
    new_storage: NewStorage, context: BrowserContext, open_page: OpenPage, tmp_path: Path
) -> None:
    """From the beginning of the log on: what came before the last day would seem never to have been."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    made = loops.steady_past("early", 120, (3 * 1440, 2 * 1440), [0.25] * 4, dict.fromkeys(loops.DISHES, 0.5))
    with loops.learned(new_storage, tmp_path, made, past.seldom(exploration_percentage=0.2)) as api:
        page = open_page(api, "/monitor")
        expect(page.get_by_role("button", name="All")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("group", name="In all")).to_contain_text("120")
        answer = run_curl(page, panel(page, "Reward per event"))
        page.get_by_role("link", name="Late and lost").click()
        expect(page.get_by_text("120 events of this range were joined")).to_be_visible()

    assert answer["total"]["events"]["joined"] == 120
    assert 2.9 < len(answer["intervals"]) * seconds_of(answer["interval"]) / 86_400 < 3.4


def seconds_of(interval: str) -> int:
    """A duration of the metrics, in seconds."""
    return {"PT5M": 300, "PT1H": 3600, "PT6H": 21_600, "P1D": 86_400}[interval]


def test_range_and_interval_are_chosen_by_hand(good: Api, open_page: OpenPage, complaints: list[str]) -> None:
    """And stand in the address. What cannot be chosen says why; what the loop refuses is told."""
    page = open_page(good, "/monitor?range=P1D")
    ranges = page.get_by_role("group", name="Range")
    expect(ranges.get_by_role("button", name="1 day")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Interval").locator("option[disabled]")).to_have_text(
        ["10 seconds (more than 500 of them)", "1 minute (more than 500 of them)"]
    )

    ranges.get_by_role("button", name="6 hours").click()
    with page.expect_response(lambda response: "interval=PT1H" in response.url):
        page.get_by_label("Interval").select_option("1 hour")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)

    expect(page).to_have_url(f"{good.url}/rankloop#/monitor?range=PT6H&interval=PT1H")
    expect(page.get_by_role("group", name="In all")).to_contain_text(f"{good.get(METRICS).json['total']['count']:,}")
    assert len(read_csv(page, panel(page, "Events"))) == 7
    ranges.get_by_role("button", name="30 days").click()
    expect(page.get_by_label("Interval").locator("option[disabled]")).to_have_count(4)
    ranges.get_by_role("button", name="Own").click()
    earlier, later = (to_iso(past.minutes_ago(days * 24 * 60))[:16] for days in (3, 2))
    page.get_by_label("From", exact=True).fill(later)
    page.get_by_label("To", exact=True).fill(earlier)
    expect(page.get_by_role("alert")).to_have_text("To: The range ends before it begins.")
    assert len(complaints) == 1
    complaints.clear()


def test_an_action_is_chosen_in_the_table(
    good: Api, context: BrowserContext, open_page: OpenPage, photograph: Photograph
) -> None:
    """Its share and its average over time are shown, and the address says so; all figures are those of the API."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(good, "/monitor/actions?range=PT6H&interval=PT1H")
    table = panel(page, "By action")
    answer = run_curl(page, table)
    assert cells(table.get_by_role("table")) == [row_of(each["id"], each) for each in answer["actions"]]
    expect(table).to_contain_text("do not tell which one is better")
    over_time = read_csv(page, panel(page, "Share of each action"))
    assert [(row["from"], row["action"], int(row["count"])) for row in over_time if row["action"] != "(rest)"] == [
        (each["from"], action["id"], action["count"]) for each in answer["intervals"] for action in each["actions"]
    ]
    photograph(page, "monitor-actions")

    table.get_by_role("link", name="curry").click()

    expect(page).to_have_url(f"{good.url}/rankloop#/monitor/actions?range=PT6H&interval=PT1H&action=curry")
    expect(panel(page, "Share of curry")).to_be_visible()
    expect(panel(page, "Reward per event in which curry was shown").get_by_text("curry").first).to_be_visible()
    assert [row["action"] for row in read_csv(page, table)] == [*(each["id"] for each in answer["actions"]), "(rest)"]
    photograph(page, "monitor-action")


def test_a_feature_and_a_value_of_it_are_in_the_address(
    good: Api, context: BrowserContext, open_page: OpenPage, photograph: Photograph
) -> None:
    """Opened by it, the page shows the figures of the API, and another feature is a click away."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(good, f"/monitor/context?{urlencode({'feature': 'guest.kind', 'value': json.dumps('nurse')})}")
    table = panel(page, "By guest.kind")
    answer = run_curl(page, table)
    assert (answer["feature"], len(answer["values"])) == ("guest.kind", 3)
    assert cells(table.get_by_role("table")) == [row_of(each["value"], each) for each in answer["values"]]
    [nurse] = [each for each in answer["values"] if each["value"] == "nurse"]
    expect(table).to_contain_text(f"guest.kind: nurse in {nurse['count']:,} of {answer['count']:,} events")
    expect(table).to_contain_text(
        f"They earned {figure(nurse['averageReward'])} ({between(nurse['interval'])}) an event."
    )
    assert [(row["value"], row["count"]) for row in read_csv(page, table)] == [
        (json.dumps(each["value"]), str(each["count"])) for each in answer["values"]
    ]
    photograph(page, "monitor-context")

    page.get_by_role("link", name="weather 3").click()

    expect(page).to_have_url(f"{good.url}/rankloop#/monitor/context?feature=weather")
    expect(panel(page, "By weather").get_by_role("link", name="snow")).to_be_visible()


def test_a_value_is_erased_from_where_it_is_seen(good: Api, open_page: OpenPage) -> None:
    """The name of the feature is filled in; the value, which may be a person's, stays out of the address."""
    page = open_page(good, f"/monitor/context?{urlencode({'feature': 'guest.kind', 'value': json.dumps('nurse')})}")
    page.get_by_role("link", name="Erase a value").click()

    expect(page.get_by_label("Name of the feature")).to_have_value("guest.kind")
    assert "nurse" not in page.url
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Erase data").click()
    expect(page.get_by_label("Name of the feature")).to_have_value("")
    expect(page.get_by_role("link", name="Erase data")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("navigation", name="Views").locator("[aria-current]")).to_have_count(1)


BASELINES = """
(bar) => [...bar.querySelectorAll("input, select, button, a, small")].map((each) => {
  const box = each.getBoundingClientRect();
  const style = getComputedStyle(each);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = pen.measureText("x");
  return (box.top + box.bottom) / 2 + (above - below) / 2;
})
"""
"""Where the texts of a bar's controls stand: each has its text in its middle."""


@pytest.mark.parametrize("view", ["/monitor", "/monitor/actions", "/events?kind=rank&eventId=visit-1"])
def test_the_controls_of_a_filter_bar_stand_on_one_line(good: Api, open_page: OpenPage, view: str) -> None:
    """Fields, buttons and links, whether they have a label above them or not."""
    page = open_page(good, view)
    settle(page)
    baselines = page.locator(".toolbar").first.evaluate(BASELINES)

    assert len(baselines) > 5
    assert max(baselines) - min(baselines) < 1.5, baselines


def test_a_part_of_a_time_can_be_typed_anew(good: Api, open_page: OpenPage) -> None:
    """Without the other parts: while one is missing the field has no value, but still what was typed."""
    page = open_page(good, "/monitor?from=2026-02-20T10:00:00Z&to=2026-02-21T10:00:00Z")
    field = page.get_by_label("From", exact=True)
    field.press("Backspace")
    expect(field).to_have_value("")
    expect(page).not_to_have_url(re.compile("from="))
    field.press("0")
    field.press("1")  # where time passes in between, a browser takes the 0 alone for 1

    expect(field).to_have_value(re.compile("2026-(01-20|02-01)T10:00"))  # the first part is the month, or the day
    expect(page).to_have_url(re.compile(r"from=2026-(01-20|02-01)T10%3A00%3A00Z"))


def test_what_was_late_or_lost_is_told_with_what_to_do(
    losing: Api, context: BrowserContext, open_page: OpenPage, photograph: Photograph
) -> None:
    """Of the range and of all time, and in the file interval by interval."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    names = ("late", "dangling", "notActivated", "answeredOtherwise", "refused", "quarantined", "passedOver")
    ever = losing.get("/rankloop/v1/status").json["events"]
    assert [ever[name] > 0 for name in names] == [True, True, True, True, False, False, True]
    page = open_page(losing, "/monitor/losses?range=PT1H")
    table = panel(page, "In all")
    total = run_curl(page, table)["total"]["events"]
    assert 0 < total["late"] < ever["late"]

    expect(table).to_contain_text(f"{total['joined']:,} events of this range were joined")
    expect(table).to_contain_text(f"{total['learned']:,} of them were learned")
    expect(table.locator("tbody td").nth(1)).to_have_text(f"{ever['late']:,}")
    rows = cells(table.get_by_role("table"))
    assert [row[1:] for row in rows] == [[f"{total[name]:,}", f"{ever[name]:,}"] for name in names]
    expect(table.get_by_role("row", name="Late rewards")).to_contain_text("set a longer rewardWaitTime")
    over_time = read_csv(page, panel(page, "Over time"))
    assert [sum(int(row[name]) for row in over_time) for name in names] == [total[name] for name in names]
    photograph(page, "monitor-losses")


def test_learning_modes_and_the_matching_performance(losing: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """Each stretch of one mode has figures of its own; those of the apprentice are the API's."""
    page = open_page(losing, "/monitor?range=PT6H")
    stretches = panel(page, "By learning mode")
    expect(stretches.get_by_role("row").nth(1)).to_contain_text("Online")
    expect(stretches.get_by_role("row").last).to_contain_text("Apprentice")
    expect(stretches.get_by_role("row").last).to_contain_text(" to ")
    page.get_by_role("combobox", name="Learning mode").select_option("Apprentice")
    expect(page).to_have_url(f"{losing.url}/rankloop#/monitor?range=PT6H&mode=Apprentice")
    photograph(page, "monitor-modes")

    stretches.get_by_role("row").last.get_by_role("link", name="Show").click()

    expect(page.get_by_role("button", name="Own")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("group", name="In all")).to_contain_text("some action had no chance to be shown")
    page.get_by_role("link", name="Matching performance").click()
    matching = panel(page, "Matching performance")
    expect(matching.get_by_role("row")).to_have_count(6)
    figures = losing.get(METRICS).json["apprentice"]
    baseline, matched = figures["total"]["baselineAverageReward"], figures["last"]["matchRate"]
    expect(matching.get_by_role("row", name="Baseline average reward")).to_contain_text(figure(baseline))
    expect(matching.get_by_role("row", name="In how many events")).to_contain_text(f"{matched:.0%}")
    [_, saved] = read_csv(page, matching)
    assert float(saved["rewardAchievementRatio"]) == pytest.approx(figures["total"]["rewardAchievementRatio"])
    photograph(page, "monitor-matching")


def test_a_report_tells_what_features_are_worth(losing: Api, open_page: OpenPage, photograph: Photograph) -> None:
    """It is created, made in the background, read and deleted."""
    page = open_page(losing, "/monitor/features")
    page.get_by_label("Name").fill("Late November")
    page.get_by_role("button", name="Create report").click()
    report = panel(page, "What features are worth: Late November")

    expect(report.get_by_role("row").nth(1)).to_contain_text("100", timeout=30_000)

    [listed] = losing.get("/personalizer/featureImportances?api-version=2022-09-01-preview").json["value"]
    answer = losing.get(f"/personalizer/featureImportances/{listed['id']}?api-version=2022-09-01-preview").json
    assert (answer["name"], answer["status"]) == ("Late November", "Succeeded")
    expect(report).to_contain_text(answer["description"])
    assert [(row[0], row[2]) for row in cells(report.get_by_role("table"))] == [
        (score["featureName"], f"{100 * score['score']:.0f}") for score in answer["featureScores"]
    ]
    photograph(page, "monitor-features")

    page.get_by_role("button", name="Delete Late November").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is no report yet.")).to_be_visible()


def parts_of(page: Page) -> list[Locator]:
    """The links to the parts of the view."""
    links = page.get_by_role("navigation", name="Monitor").get_by_role("link")
    expect(links).to_have_count(6)
    return links.all()


def test_an_empty_loop_says_what_will_be_here(empty: Api, open_page: OpenPage) -> None:
    said = (
        *["No event of this range counts yet."] * 2,
        "No event with context features counts in this range.",
        "Nothing was late or lost in this range.",
        "No event in Apprentice mode was joined so far.",
        "There is no report yet.",
    )
    page = open_page(empty, "/monitor")
    for link, text in zip(parts_of(page), said, strict=True):
        link.click()
        expect(page.get_by_text(text)).to_be_visible()


def test_every_part_is_for_everyone(losing: Api, open_page: OpenPage) -> None:
    """Axe finds nothing, and nothing is wider than a phone."""
    page = open_page(losing, "/monitor?range=PT6H")
    page.set_viewport_size(PHONE)
    for link in parts_of(page):
        link.click()
        settle(page)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert cut_off(page) == []


def test_a_range_that_ends_as_today_begins_has_the_date_of_both_of_its_ends(good: Api, open_page: OpenPage) -> None:
    """From 2 Dec, 00:00 to 00:00 sounds like a range without a moment in it."""
    today_us = now_us() // DAY * DAY
    ends = [to_iso(today_us - DAY), to_iso(today_us)]
    page = open_page(good, f"/monitor?from={ends[0]}&to={ends[1]}")

    written = "(at) => new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })"
    first, last = (page.evaluate(written, end) for end in ends)
    told = re.compile(rf"{first}( \d+)?, 00:00 to {last}( \d+)?, 00:00")
    expect(page.get_by_role("group", name="In all")).to_contain_text(told)


CHART = """async ({ times, spans, values }) => {
  const { TimeChart } = await import("./rankloop/parts/time_chart.js");
  const { html, render } = await import("./rankloop/view.js");
  const drawn = (window.drawn = []);
  const proto = CanvasRenderingContext2D.prototype, write = proto.fillText, clear = proto.clearRect;
  proto.clearRect = function (...given) { drawn.length = 0; return clear.apply(this, given); };
  proto.fillText = function (text, x, y) {
    const width = this.measureText(text).width;
    const left = { center: x - width / 2, right: x - width, end: x - width }[this.textAlign] ?? x;
    drawn.push({ text, left, right: left + width, most: this.canvas.width, isTime: this.textAlign === "center" });
    return write.call(this, text, x, y);
  };
  const place = document.body.appendChild(document.createElement("div"));
  place.style.width = "1200px";
  const lines = [{ label: "x", color: "--loop", values }];
  render(html`<${TimeChart} title="x" times=${times} spans=${spans} lines=${lines} />`, place);
  await new Promise((done) => setTimeout(done, 300));
  return drawn;
}"""
"""Draws a chart and gives what is written on its canvas."""


@pytest.mark.parametrize(
    ("step", "number", "value"),
    [(10, 1, 0.5), (300, 1, 0.5), (3600, 72, 0.5), (24 * 3600, 90, 1_234_567.5)],
    ids=["seconds", "five minutes", "three days", "large rewards"],
)
def test_labels_of_a_chart_differ_and_are_not_cut_off(
    good: Api, open_page: OpenPage, step: int, number: int, value: float
) -> None:
    """Two labels that read the same tell nothing of what lies between them."""
    page = open_page(good, "/models")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    end = (now_us() // DAY - 2) * DAY // SECOND
    spans = [
        {"from": end - (number - place) * step, "to": end - (number - place - 1) * step} for place in range(number)
    ]
    times = [each["from"] + step / 2 for each in spans]
    drawn = page.evaluate(CHART, {"times": times, "spans": spans, "values": [value] * number})

    for is_time in (True, False):
        texts = [each["text"] for each in drawn if each["isTime"] is is_time]
        assert len(texts) >= 3
        if not is_time or number == 1:
            assert len(set(texts)) == len(texts), texts
    assert [each for each in drawn if each["left"] < 0 or each["right"] > each["most"]] == []
