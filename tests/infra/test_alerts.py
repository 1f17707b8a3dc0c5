"""The alerts: that a mail comes when a query finds something, and what the queries and the texts say is the same."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from shared import durations
from shared.times import MINUTE
from tests.infra.bicep import NAMES
from tests.infra.costs import value
from tests.infra.kql.queries import of_alerts
from tests.infra.snapshots import EVERYTHING, WORKSPACE, Resource, alerts, deployment
from tests.unit.pages import page

_GROUP: Final = "Microsoft.Insights/actionGroups"
_ON: Final = alerts(EVERYTHING)
"""The rules of the deployment that has an address for mails."""


# Switched on and off


@pytest.mark.parametrize("name", [name for name in NAMES if name != EVERYTHING])
def test_no_address_switches_the_alerts_off(name: str) -> None:
    """A rule that a later deployment leaves out stays as it is, so it has to be there, switched off."""
    assert {rule: each.get("properties.enabled") for rule, each in alerts(name).items()} == dict.fromkeys(_ON, False)


@pytest.mark.parametrize("name", [name for name in NAMES if name != EVERYTHING])
def test_nobody_gets_a_mail_without_an_address(name: str) -> None:
    """An empty one would be refused."""
    assert deployment(name).only(_GROUP).get("properties.emailReceivers") == []


def test_an_address_switches_the_alerts_on() -> None:
    """And it is the one that gets the mails."""
    (receiver,) = deployment(EVERYTHING).only(_GROUP).get("properties.emailReceivers")

    assert {rule.get("properties.enabled") for rule in _ON.values()} == {True}
    assert receiver["emailAddress"] == "owner@example.com"


@pytest.mark.parametrize("rule", _ON.values(), ids=_ON)
def test_a_rule_sends_the_mail(rule: Resource) -> None:
    """To the group, which is switched on."""
    group = deployment(EVERYTHING).only(_GROUP)

    assert rule.get("properties.actions.actionGroups") == [group.id]
    assert group.get("properties.enabled") is True


@pytest.mark.parametrize("rule", _ON.values(), ids=_ON)
def test_one_row_of_a_query_is_an_alert(rule: Resource) -> None:
    """Each query gives a row when something is wrong, and none otherwise."""
    (criterion,) = rule.get("properties.criteria.allOf")

    assert {name: field for name, field in criterion.items() if name != "query"} == {
        "timeAggregation": "Count",
        "operator": "GreaterThan",
        "threshold": 0,
        "failingPeriods": {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
    }


@pytest.mark.parametrize("rule", _ON.values(), ids=_ON)
def test_a_rule_queries_the_workspace_and_reports_when_it_is_over(rule: Resource) -> None:
    """Where app and trainer log to."""
    assert rule.get("properties.scopes") == [deployment(EVERYTHING).only(WORKSPACE).id]
    assert rule.get("properties.autoMitigate") is True


@pytest.mark.parametrize("rule", _ON.values(), ids=_ON)
def test_a_rule_runs_as_often_as_the_platform_takes(rule: Resource) -> None:
    """It refuses other steps, and a rule that runs less often than its window is long would miss something."""
    every, window = (_minutes(rule, field) for field in ("evaluationFrequency", "windowSize"))

    assert every in {1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440}
    assert window in {1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880}
    assert every <= window


def _minutes(rule: Resource, field: str) -> int:
    return durations.parse(rule.get(f"properties.{field}")) // MINUTE


# When a query finds something

_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
}


@pytest.mark.parametrize(
    ("name", "sums", "alert"),
    [
        ("errors", {"Calls": 999, "Failed": 10}, True),
        ("errors", {"Calls": 1000, "Failed": 10}, False),
        ("errors", {"Calls": 9, "Failed": 9}, False),
        ("errors", {"Calls": 5000, "Failed": 51}, True),
        ("errors", {"Calls": 5000, "Failed": 50}, False),
        ("lag", {"Runs": 2, "Least": 301}, True),
        ("lag", {"Runs": 2, "Least": 300}, False),
        ("lag", {"Runs": 1, "Least": 900}, False),
        ("denied", {"Denied": 100}, True),
        ("denied", {"Denied": 99}, False),
        ("no-run", {"Runs": 0, "Calls": 1}, True),
        ("no-run", {"Runs": 0, "Calls": 0}, False),
        ("no-run", {"Runs": 1, "Calls": 1}, False),
        ("no-model", {"Runs": 2, "Behind": 2, "Models": 1, "Periods": 3}, True),
        ("no-model", {"Runs": 2, "Behind": 2, "Models": 1, "Periods": 2.9}, False),
        ("no-model", {"Runs": 2, "Behind": 2, "Models": 2, "Periods": 3}, False),
        ("no-model", {"Runs": 2, "Behind": 1, "Models": 1, "Periods": 3}, False),
        ("no-model", {"Runs": 1, "Behind": 1, "Models": 1, "Periods": 3}, False),
    ],
)
def test_a_query_finds_what_its_rule_is_about(name: str, sums: Mapping[str, float], alert: bool) -> None:
    """Its last line says which sums give a row: on either side of each bound."""
    last = of_alerts()[f"{name}.kql"].splitlines()[-1]
    conditions = [condition.split(" ", 2) for condition in last.removeprefix("| where ").split(" and ")]

    assert alert == all(_SIGNS[sign](value(left, sums), value(right, sums)) for left, sign, right in conditions)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("errors", "summarize Calls = sum(ItemCount), Failed = sumif(ItemCount, Status between (500 .. 599))"),
        ("denied", "summarize Denied = sumif(ItemCount, ResultCode in ('401', '403'))"),
        ("lag", "summarize Runs = count(), Least = min(LagSeconds) by Loop"),
        ("no-run", "summarize Runs = countif(isnotnull(tobool(record.unpublished)))"),
        (
            "errors",
            "Failed = sum(tolong(counts.ranks.failed) + tolong(counts.rewards.failed) + tolong(counts.other.failed))",
        ),
        (
            "denied",
            "Denied = sum(tolong(counts.ranks.denied) + tolong(counts.rewards.denied) + tolong(counts.other.denied))",
        ),
        ("no-run", "summarize sum(tolong(counts.ranks.calls))"),
        ("no-model", "Behind = countif(Unpublished), Models = dcount(Model), arg_max(TimeGenerated, Periods) by Loop"),
    ],
)
def test_the_sums_are_of_what_their_names_say(name: str, line: str) -> None:
    """The least lag of all runs, for one: the greatest would report a single slow run."""
    assert line in of_alerts()[f"{name}.kql"]


# What mail and pages say

_NUMBERS: Final[list[tuple[str, str, Callable[[str], str]]]] = [
    ("errors", r"TimeGenerated > ago\((\d+)m\)", "{} minutes".format),
    ("errors", r"Failed >= (\d+) ", "at least {}".format),
    ("errors", r"Failed > ([\d.]+) \* Calls", lambda share: f"more than {float(share) * 100:g} %"),
    ("lag", r"TimeGenerated > ago\((\d+)m\)", {"30": "half an hour"}.__getitem__),
    ("lag", r"Least > (\d+)", lambda seconds: f"more than {int(seconds) // 60} minutes"),
    ("denied", r"TimeGenerated > ago\((\d+)m\)", "{} minutes".format),
    ("denied", r"Denied >= (\d+)", "at least {}".format),
    ("no-run", r"TimeGenerated > ago\((\d+)m\)", {"30": "half an hour"}.__getitem__),
    ("no-model", r"Patience = max_of\((\d+) \* PeriodSeconds", {"3": "three update periods"}.__getitem__),
    ("no-model", r"max_of\(.*, (\d+)\.0\)", {"1800": "half an hour"}.__getitem__),
    ("no-model", r"Periods >= (\d+)", {"3": "three update periods"}.__getitem__),
]
"""Each number of a query, and its words in the mail and on the pages."""


@pytest.mark.parametrize(("name", "pattern", "spell"), _NUMBERS)
def test_the_mail_and_the_pages_say_the_numbers_of_a_query(
    name: str, pattern: str, spell: Callable[[str], str]
) -> None:
    """Who gets the mail believes them."""
    (number,) = set(re.findall(pattern, of_alerts()[f"{name}.kql"]))
    phrase = re.compile(rf"\b{re.escape(spell(number))}(?!\w)", re.IGNORECASE)
    texts = [_ON[name].get("properties.description"), _on_operating(name), _on_deploying(name)]

    assert [text for text in texts if not phrase.search(text)] == []


def _on_operating(name: str) -> str:
    """What the mail means."""
    title = _ON[name].get("properties.displayName")
    return next(row[1] for row in page("docs/operating.md").rows() if row[0] == title).replace(",", "")


def _on_deploying(name: str) -> str:
    """When a mail comes: a list in the order of the rules."""
    reasons = page("docs/deploy.md").prose.partition("a mail comes when\n\n")[2].partition("\n\n")[0]
    return dict(zip(_ON, reasons.split("\n* "), strict=True))[name]


def test_the_longest_update_period_that_is_seen_whole_is_on_the_page() -> None:
    """The window has to hold three of them."""
    hours = _minutes(_ON["no-model"], "windowSize") // 60

    assert f"An update period longer than {hours // 3} hours" in page("docs/operating.md").flat
