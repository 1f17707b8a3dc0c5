"""The alerts: that a mail comes when a query finds something, and what the queries and the texts say is the same."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import pytest

from shared import durations
from shared.times import MINUTE
from tests.infra.bicep.expressions import Array, Call, Choice, Literal, Member, Name, Object, Operation, Text
from tests.infra.bicep.template import Resource, Value
from tests.infra.costs import value
from tests.infra.kql.queries import of_alerts
from tests.infra.project import template
from tests.unit.pages import page


def _rules() -> Resource:
    """The rules; one loop makes them all."""
    return template().only("Microsoft.Insights/scheduledQueryRules")


def _people() -> Resource:
    """Who gets the mail."""
    return template().only("Microsoft.Insights/actionGroups")


# Switched on and off


def test_no_address_switches_the_alerts_off() -> None:
    """A rule that a later deployment leaves out stays as it is, so it has to be there, switched off."""
    (module,) = [module for module in template().modules() if module.callee is _rules().file]
    enabled = _rules().body.get("properties", "enabled")
    address = template().render(Value(_rules().file, Name("email")))

    assert isinstance(module.declaration.value, Object)
    assert enabled == Operation("!", (Call("empty", (Name("email"),)),))
    assert address == "{main.alertEmail}"


def test_nobody_gets_a_mail_without_an_address() -> None:
    """An empty one would be refused."""
    receivers = _people().body.get("properties", "emailReceivers")
    assert isinstance(receivers, Choice)
    assert isinstance(receivers.no, Array)
    (receiver,) = receivers.no.items
    assert isinstance(receiver, Object)

    assert (receivers.condition, receivers.yes) == (Call("empty", (Name("email"),)), Array(()))
    assert receiver.get("emailAddress") == Name("email")


def test_a_rule_sends_the_mail() -> None:
    """To the group, which is switched on."""
    groups = _rules().body.get("properties", "actions", "actionGroups")

    assert groups == Array((Member(Name(_people().declaration.name), "id"),))
    assert _people().body.get("properties", "enabled") == Literal(value=True)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("timeAggregation", Text(("Count",))),
        ("operator", Text(("GreaterThan",))),
        ("threshold", Literal(0)),
        ("failingPeriods.numberOfEvaluationPeriods", Literal(1)),
        ("failingPeriods.minFailingPeriodsToAlert", Literal(1)),
    ],
)
def test_one_row_of_a_query_is_an_alert(path: str, wanted: object) -> None:
    """Each query gives a row when something is wrong, and none otherwise."""
    criteria = _rules().body.get("properties", "criteria", "allOf")
    assert isinstance(criteria, Array)
    (criterion,) = criteria.items
    assert isinstance(criterion, Object)

    assert criterion.get(*path.split(".")) == wanted


def test_a_rule_queries_the_workspace_and_reports_when_it_is_over() -> None:
    """Where app and trainer log to."""
    scopes = _rules().body.get("properties", "scopes")
    assert isinstance(scopes, Array)

    assert [template().render(Value(_rules().file, item)) for item in scopes.items] == ["{monitoring.workspace.id}"]
    assert _rules().body.get("properties", "autoMitigate") == Literal(value=True)


def _read_rule_texts() -> Iterator[dict[str, str]]:
    """The texts of each rule in the list of the rules, by their names."""
    listed = _rules().file.get("rules", "variable")
    assert listed is not None
    assert isinstance(listed.value, Array)
    for item in listed.value.items:
        assert isinstance(item, Object)
        texts = {line.name: line.value for line in item.properties if isinstance(line.value, Text)}
        yield {name: text.plain or "" for name, text in texts.items()}


_RULE_TEXTS: Final = {texts["name"]: texts for texts in _read_rule_texts()}


@pytest.mark.parametrize("name", _RULE_TEXTS)
def test_a_rule_runs_as_often_as_the_platform_takes(name: str) -> None:
    """It refuses other steps, and a rule that runs less often than its window is long would miss something."""
    every, window = (durations.parse(_RULE_TEXTS[name][field]) // MINUTE for field in ("every", "window"))

    assert every in {1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440}
    assert window in {1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880}
    assert every <= window


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
    ("lag", r"TimeGenerated > ago\((\d+)m\)", "{} minutes".format),
    ("lag", r"Least > (\d+)", lambda seconds: f"more than {int(seconds) // 60} minutes"),
    ("denied", r"TimeGenerated > ago\((\d+)m\)", "{} minutes".format),
    ("denied", r"Denied >= (\d+)", "at least {}".format),
    ("no-run", r"TimeGenerated > ago\((\d+)m\)", {"30": "half an hour"}.__getitem__),
    ("no-model", r"Patience = (\d+) \* PeriodSeconds", {"3": "three update periods"}.__getitem__),
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
    texts = [_RULE_TEXTS[name]["about"], _on_operating(name), _on_deploying(name)]

    assert [text for text in texts if not phrase.search(text)] == []


def _on_operating(name: str) -> str:
    """What the mail means."""
    return next(row[1] for row in page("docs/operating.md").rows() if row[0] == _RULE_TEXTS[name]["title"]).replace(
        ",", ""
    )


def _on_deploying(name: str) -> str:
    """When a mail comes: a list in the order of the rules."""
    reasons = page("docs/deploy.md").prose.partition("a mail comes when\n\n")[2].partition("\n\n")[0]
    return dict(zip(_RULE_TEXTS, reasons.split("\n* "), strict=True))[name]


def test_the_longest_update_period_that_is_seen_whole_is_on_the_page() -> None:
    """The window has to hold three of them."""
    hours = durations.parse(_RULE_TEXTS["no-model"]["window"]) // (60 * MINUTE)

    assert f"An update period longer than {hours // 3} hours" in page("docs/operating.md").flat
