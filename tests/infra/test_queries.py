"""The queries of alerts and workbook, against the language, the records and the functions that they ask about.

That the service gives the right rows is not shown here: nothing on this machine runs KQL.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared import durations
from shared.configuration.configuration import new_configuration
from shared.metrics.bins import Bin
from shared.models.published import Published
from shared.schedules import longest_pause_us
from shared.status import run_record
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.run_record import TrainingRun
from shared.times import MINUTE
from shared.web import call_record
from shared.web.call_record import Kind
from shared.web.versions import VERSIONS
from tests.infra.kql.queries import INFRA, of_alerts, of_pages, of_workbook, workbook, wrong
from tests.infra.snapshots import WORKSPACE, alerts, app_settings, deployment
from tests.unit.pages import page
from tests.unit.status.test_trial_progress import events, on_trial
from tests.unit.test_docs import index, routes
from train_timer import model_training, run
from train_timer.pieces import Pace

QUERIES = {**of_alerts(), **of_workbook(), **of_pages()}
_FIELD = re.compile(r"\b(record|counts|of_kind)(?!')((?:\.\w+|\['\w+'\])*)")
_BEGINS = {"record": "rankloop.run", "counts": "rankloop.calls"}
"""The names that queries give to records, by which they are of one kind; `of_kind` is one kind of calls in a count."""


def count_of_calls() -> str:
    """A line as a process writes it that answers calls."""
    return call_record.line({(Kind.RANKS, 201): 7, (Kind.OTHER, 500): 1}, dict.fromkeys(Kind, 0.5), 60.0, 61 * MINUTE)


def documents() -> dict[str, Any]:
    """What the names in queries stand for."""
    counts = json.loads(count_of_calls())
    return {"record": json.loads(record()), "counts": counts, "of_kind": counts["ranks"]}


def record() -> str:
    """A line as a trainer writes it, while a challenger is on trial."""
    state = on_trial(events(1_000, 0.06))
    inputs = StatusInputs(state, new_configuration(4), Published(), Waiting(1, False, MINUTE), 60 * MINUTE, MINUTE)
    return run_record.line("default", TrainingRun(0, 1.0, sums=Bin(0)), run_record.summarize(inputs))


SLIPS = {
    "AppTraces | where Mesage startswith 'x'": "Mesage",
    "AppTraces | where sartswith(Message)": "sartswith",
    "AppTraces | summarize count() by": "Missing expression",
    "AppTrace | count": "AppTrace",
    "AppRequests | where DurationMs startswith 'x'": "string",
    "AppRequests | summarize Calls = sum(ItemCount) | where Call > 0": "Call",
}
"""Queries that are wrong, and what the first message about each names."""


@pytest.fixture(scope="module")
def problems() -> dict[str, list[str]]:
    """What is wrong with each query, in one start of the language service."""
    return wrong({**QUERIES, **{query: query for query in SLIPS}})


# The language


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_makes_sense(problems: dict[str, list[str]], name: str) -> None:
    """Its words, its columns and functions, and the types that these take."""
    assert problems[name] == []


@pytest.mark.parametrize("query", SLIPS)
def test_a_slip_in_a_query_is_found(problems: dict[str, list[str]], query: str) -> None:
    """A check of the check."""
    assert SLIPS[query] in problems[query][0]


# The records


@pytest.mark.parametrize("name", QUERIES)
def test_every_field_that_a_query_reads_is_in_a_record(name: str) -> None:
    """In the service, one that is not there reads as nothing, and the alert never comes."""
    for variable, path in _FIELD.findall(QUERIES[name]):
        document: Any = documents()[variable]
        for step in re.findall(r"\w+", path):
            assert step in document, path
            document = document[step]


def test_every_number_of_a_record_is_in_the_workbook() -> None:
    """Or in an alert, or on the page: a record holds nothing unread, but for what separates records."""
    read_fields = {
        (variable, *re.findall(r"\w+", path)) for query in QUERIES.values() for variable, path in _FIELD.findall(query)
    }
    fields = {leaf[1:] for leaf in _leaves(documents()) if leaf not in read_fields and leaf[0] == "record"}
    counted = {leaf for leaf in _leaves(documents()) if leaf not in read_fields and leaf[0] != "record"}

    assert {leaf for leaf in counted if leaf[:2] not in read_fields} == {("counts", "record"), ("counts", "seconds")}
    assert fields == {
        *{("record",), ("startedAt",), ("learned",)},
        *{("rewards", policy, "average") for policy in ("loop", "firstAction", "random")},
    }


def _leaves(document: Any, *path: str) -> Iterator[tuple[str, ...]]:
    if not isinstance(document, dict):
        yield path
        return
    for name, value in document.items():
        yield from _leaves(value, *path, name)


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_finds_the_records(name: str) -> None:
    """By how a line begins; the queries read no other traces."""
    begins = re.findall(r"Message startswith '(.*?)'", QUERIES[name])

    assert len(begins) == QUERIES[name].count("AppTraces")
    assert all(begin in (f'{{"record":"{kind}"' for kind in _BEGINS.values()) for begin in begins)
    assert record().startswith('{"record":"rankloop.run"')
    assert count_of_calls().startswith('{"record":"rankloop.calls"')


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_reads_records_under_their_name(name: str) -> None:
    """So that the fields that it reads are looked for in the right ones."""
    pairs = re.findall(r'"record":"([\w.]+)".*\n *\| extend (\w+) = parse_json', QUERIES[name])

    assert len(pairs) == QUERIES[name].count("parse_json(Message)")
    assert all(_BEGINS[variable] == kind for kind, variable in pairs)


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_takes_the_mean_of_means(name: str) -> None:
    """Runs differ in how many events they join, and kept requests in how many they represent."""
    query = QUERIES[name]

    assert "avg(" not in query
    assert ".average" not in query
    if "AppRequests" in query:
        assert "ItemCount" in query
        assert "count()" not in query
        assert "percentiles(" not in query


# The calls


@pytest.mark.parametrize("name", [name for name, query in QUERIES.items() if "endswith" in query])
def test_calls_are_told_apart_by_the_ends_of_their_paths(name: str) -> None:
    """All that rank, or take rewards, in every loop, and no others; their functions have names only in `default`."""
    ends = tuple(re.findall(r"endswith '(/\w+)'", QUERIES[name]))
    chosen = {path: methods for path, methods in routes().items() if path.endswith(ends)}

    assert {"/rank"} <= {*ends} <= {"/rank", "/reward"}
    assert {path.rsplit("/", 2)[-2] for path in chosen} >= {"multislot", VERSIONS[0].name}
    assert all(methods == {"POST"} for methods in chosen.values())


@pytest.mark.parametrize("name", [name for name, query in QUERIES.items() if "Name " in query])
def test_functions_that_are_named_are_there(name: str) -> None:
    """Two of them answer 503 as long as the loop is not ready, which is what they are for."""
    (left_out,) = re.findall(r"Name !in \((.*?)\)", QUERIES[name])
    named = {*re.findall(r"'(\w+)'", left_out), *re.findall(r"Name == '(\w+)'", QUERIES[name])}

    assert {"ready", "status"} <= named <= {*index()[0]}


@pytest.mark.parametrize("name", [name for name, query in QUERIES.items() if "'/rankloop'" in query])
def test_calls_for_the_page_are_left_out(name: str) -> None:
    """They are many; those of the API of its own name are told from them by its version."""
    left_out, kept = re.findall(r"contains '(\S+)'", QUERIES[name])
    own = {path for path in routes() if left_out in path}

    assert own
    assert all(path.startswith(kept) for path in own)


# The alerts


def test_every_query_of_an_alert_is_one() -> None:
    """And each alert has its own, under its name."""
    criteria = {name: rule.get("properties.criteria.allOf") for name, rule in alerts().items()}

    assert {f"{name}.kql": [each["query"] for each in criterion] for name, criterion in criteria.items()} == {
        name: [query] for name, query in of_alerts().items()
    }


@pytest.mark.parametrize("name", alerts())
def test_an_alert_sees_as_far_back_as_its_query_looks(name: str) -> None:
    """What lies before the window is cut away without a word."""
    spans = [int(minutes) * MINUTE for minutes in re.findall(r"ago\((\d+)m\)", of_alerts()[f"{name}.kql"])]

    assert max([0, *spans]) <= durations.parse(alerts()[name].get("properties.windowSize"))


@pytest.mark.parametrize("name", alerts())
def test_every_alert_is_on_its_page(name: str) -> None:
    """With what to do; who gets the mail searches for its title."""
    titles = {row[0] for row in page("docs/operating.md").rows() if len(row) == 3}

    assert alerts()[name].get("properties.displayName") in titles


def test_the_alert_of_a_missing_run_outlasts_what_may_keep_a_run() -> None:
    """A run may take four minutes, and two trainings that begin at their end four more each; then the next one begins.

    Its record takes some minutes into the workspace, too.
    """
    longest = timedelta(seconds=run._TIME_SECONDS) + 2 * model_training._MOST_TRIES * Pace().timeout
    pause = timedelta(microseconds=longest_pause_us(app_settings()["TRAIN_SCHEDULE"]))

    (span,) = set(re.findall(r"TimeGenerated > ago\((\d+)m\)", of_alerts()["no-run.kql"]))

    assert timedelta(minutes=int(span)) >= longest + pause + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("name", "pattern"), [("lag", r"ago\((?P<minutes>\d+)m\)"), ("no-model", r"max_of\(.*, (?P<seconds>\d+)\.0\)")]
)
def test_an_alert_that_wants_two_runs_waits_for_two_that_are_late(name: str, pattern: str) -> None:
    """Where a run takes longer than the schedule's pause, the next one is left out: two end in four pauses."""
    query, pause = of_alerts()[f"{name}.kql"], longest_pause_us(app_settings()["TRAIN_SCHEDULE"])
    (match,) = re.finditer(pattern, query)
    span = timedelta(**{unit: int(number) for unit, number in match.groupdict().items()})

    assert "Runs >= 2" in query
    assert span >= 4 * timedelta(microseconds=pause) + timedelta(minutes=10)


def test_a_run_is_over_before_the_next_is_to_begin() -> None:
    """Or the trainer would work every second time only, where there is much to do."""
    pause = timedelta(microseconds=longest_pause_us(app_settings()["TRAIN_SCHEDULE"]))

    assert timedelta(seconds=run._TIME_SECONDS) + timedelta(minutes=1) <= pause


# The workbook


def test_the_workbook_is_what_the_portal_opens() -> None:
    """Texts, one parameter, and charts that ask the workspace."""
    document = workbook()

    assert document["version"] == "Notebook/1.0"
    assert document["fallbackResourceIds"] == ["<workspace>"]
    assert {item["type"] for item in document["items"]} == {1, 3, 9}
    assert len({item["name"] for item in document["items"]}) == len(document["items"])
    assert all(item["content"].keys() == {"json"} for item in document["items"] if item["type"] == 1)


def test_the_workbook_has_one_parameter_and_all_parts_follow_it() -> None:
    """One that is not there stays in the query unreplaced."""
    parts = workbook()["items"]
    (parameter,) = [parameter for part in parts if part["type"] == 9 for parameter in part["content"]["parameters"]]
    used = set(re.findall(r"\{(\w+)(?::\w+)?\}", "".join(part["content"].get("query", "") for part in parts)))

    assert {parameter["name"]} == used | {"TimeRange"}
    assert (parameter["type"], parameter["isRequired"]) == (4, True)


@pytest.mark.parametrize(
    "part", [item for item in workbook()["items"] if item["type"] == 3], ids=lambda chart: chart["name"]
)
def test_a_chart_asks_the_workspace_for_the_chosen_time(part: Any) -> None:
    """And has a title in plain words."""
    content = part["content"]

    assert content["version"] == "KqlItem/1.0"
    assert (content["queryType"], content["resourceType"]) == (0, "microsoft.operationalinsights/workspaces")
    assert content["timeContextFromParameter"] == "TimeRange"
    assert content["visualization"] in ("table", "linechart", "barchart")
    assert content["title"][0].isupper()
    assert "_" not in content["title"]
    assert ("{TimeRange:grain}" in content["query"]) == (content["visualization"] != "table")


def test_the_template_puts_the_workspace_into_the_workbook() -> None:
    """In the place of its mark."""
    text = (INFRA / "workbook.json").read_text(encoding="utf-8")
    deployed = deployment().only("Microsoft.Insights/workbooks").get("properties.serializedData")

    assert deployed == text.replace("<workspace>", deployment().only(WORKSPACE).id)
    assert text.count("<workspace>") == 1
