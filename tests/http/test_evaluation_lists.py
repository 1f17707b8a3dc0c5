"""Lists of evaluations: whole in the versions before 2022-09-01-preview, and in pages there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.evaluation.evaluation import Status
from shared.web.versions import LAST_OF_V1, Version, since
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.described import Described
from tests.http.evaluated import evaluation, keep, outcome
from tests.storages import NewStorage

NEWEST, OLDER = "/personalizer/evaluations", "/personalizer/v1.1-preview.3/evaluations"
OWN = "/rankloop/v1/evaluations"
DATED = "api-version=2022-09-01-preview"
IDS = ["seventh", "sixth", "fifth", "fourth", "third", "second", "first"]


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage, here: Callable[[str], None]) -> Iterator[Api]:
    """A loop with seven evaluations, the third of which the loop has made itself; the last one still runs."""
    account = new_storage()
    here(account)
    with HostProcess(account, env={"API_KEY_1": "test-key-1", **NEVER}) as started:
        assert Api.at(started.url, "test-key-1").get(f"{NEWEST}?{DATED}").json == {"value": []}
        for number, of_id in enumerate(reversed(IDS)):
            subject = evaluation(of_id, round_number=int(of_id == "third"))
            subject = replace(subject, created_us=subject.created_us + number)
            if of_id == "seventh":
                keep(replace(subject, status=Status.RUNNING, ended_us=None))
            else:
                keep(subject, outcome())
        yield Api.at(started.url, "test-key-1")


@pytest.fixture(scope="module")
def described(loop: Api) -> Described:
    return Described.by(loop)


def read_list(loop: Api, query: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    return loop.get(f"{NEWEST}?{DATED}{query}", headers)


def ids(answer: Answer) -> list[str]:
    return [entry["id"] for entry in answer.json["value"]]


@pytest.mark.parametrize("version", since("v1.0", LAST_OF_V1), ids=lambda version: version.name)
def test_older_versions_have_a_plain_array(loop: Api, described: Described, version: Version) -> None:
    """The newest first, with totals of those that have ended."""
    answer = loop.get(f"/{version.prefix}/evaluations")

    assert [entry["id"] for entry in answer.json] == IDS
    assert [len(entry["policyResults"]) for entry in answer.json] == [1, *[4] * 6]
    assert "summary" not in answer.json[1]["policyResults"][0]
    described.demand("GET", f"/{version.prefix}/evaluations", answer)


def test_totals_in_the_list_are_those_of_each(loop: Api) -> None:
    """But for the moment: the list has none."""
    entries = loop.get(OLDER).json
    alone = [loop.get(f"{OLDER}/{of_id}").json for of_id in IDS]

    def totals(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**result, "summary": [], "totalSummary": {**result.get("totalSummary", {}), "timeStamp": ""}}
            for result in results
        ]

    assert [totals(entry["policyResults"]) for entry in entries] == [totals(entry["policyResults"]) for entry in alone]


def test_the_newest_version_has_an_object(loop: Api, described: Described) -> None:
    """With all of them, since they fit into one page, and no link to a next one."""
    answer = read_list(loop)

    assert ids(answer) == IDS
    assert answer.json.keys() == {"value"}
    assert answer.json["value"][0]["status"] == "Running"
    assert answer.json["value"][4]["evaluationType"] == "Auto"
    described.demand("GET", NEWEST, answer)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("&top=2", IDS[:2]), ("&skip=5", IDS[5:]), ("&top=3&skip=2", IDS[2:5]), ("&top=0", []), ("&skip=99", [])],
)
def test_a_part_of_the_list(loop: Api, query: str, expected: list[str]) -> None:
    """So many, behind so many others; nothing follows."""
    answer = read_list(loop, query)

    assert (ids(answer), answer.json.get("nextLink")) == (expected, None)


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        ("&maxpagesize=3", [IDS[:3], IDS[3:6], IDS[6:]]),
        ("&maxpagesize=7", [IDS]),
        ("&maxpagesize=2&top=5&skip=1", [IDS[1:3], IDS[3:5], IDS[5:6]]),
        ("&maxpagesize=1&filter=metadata=evaluationType%20eq%20'Auto'", [["third"]]),
        ("&maxpagesize=4&filter=evaluationType+eq+'Manual'", [IDS[:4], ["second", "first"]]),
    ],
)
def test_pages_lead_to_each_other(loop: Api, described: Described, query: str, pages: list[list[str]]) -> None:
    """By whole addresses that a client calls as they are."""
    page_ids, answer = [], read_list(loop, query)
    while True:
        assert answer.status == 200
        described.demand("GET", NEWEST, answer)
        page_ids.append(ids(answer))
        if (link := answer.json.get("nextLink")) is None:
            break
        parts = urlsplit(link)
        assert f"{parts.scheme}://{parts.netloc}" == f"http://{loop.host}:{loop.port}"
        answer = loop.get(f"{parts.path}?{parts.query}")

    assert page_ids == [
        page if "Manual" not in query else [of_id for of_id in page if of_id != "third"] for page in pages
    ]


def test_a_link_has_what_is_left(loop: Api) -> None:
    """In the words of the query."""
    query = parse_qs(urlsplit(read_list(loop, "&top=5&skip=1&maxpagesize=2").json["nextLink"]).query)

    assert query == {"api-version": ["2022-09-01-preview"], "top": ["3"], "skip": ["3"], "maxpagesize": ["2"]}


def test_behind_a_proxy_a_link_has_the_hosts_name_that_was_called(loop: Api) -> None:
    """By the headers that proxies send; what is no host's name is ignored."""
    forwarded = {"X-Forwarded-Host": "rank.example:8443, inner", "X-Forwarded-Proto": "https"}
    odd = {"X-Forwarded-Host": "evil.example/?", "X-Forwarded-Proto": "javascript"}

    links = [urlsplit(read_list(loop, "&maxpagesize=3", headers).json["nextLink"]) for headers in (forwarded, odd)]

    assert [f"{link.scheme}://{link.netloc}" for link in links] == [
        "https://rank.example:8443",
        f"http://{loop.host}:{loop.port}",
    ]


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("top=-1", "top"),
        ("top=many", "top"),
        ("skip=1.5", "skip"),
        ("skip=2147483648", "skip"),
        ("maxpagesize=0", "maxpagesize"),
        ("maxpagesize=" + "9" * 5000, "maxpagesize"),
        ("filter=name%20eq%20'x'", "filter"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(loop: Api, described: Described, query: str, target: str) -> None:
    """With the parameter that is wrong."""
    answer = read_list(loop, f"&{query}")

    assert (answer.status, answer.error["code"], answer.error["target"]) == (400, "BadRequest", target)
    described.demand("GET", NEWEST, answer)


def test_the_loops_own_list_tells_what_came_of_each(loop: Api, described: Described) -> None:
    """With the figures of the page of each, in pages."""
    answer = loop.get(f"{OWN}?maxpagesize=5")
    report = loop.get(f"{OWN}/sixth").json

    described.demand("GET", OWN, answer)
    assert ids(answer) == IDS[:5]
    running, ended = answer.json["value"][:2]
    assert (running["status"], running["policies"], running["endedTime"]) == ("Running", [], None)
    assert (ended["finding"], ended["optimalPolicy"]) == (report["finding"], report["optimalPolicy"])
    assert [(policy["name"], policy["cressieRead"], policy["interval"]) for policy in ended["policies"]] == [
        (policy["name"], policy["estimates"]["cressieRead"], policy["interval"]) for policy in report["policies"]
    ]
    assert (answer.json["value"][4]["type"], answer.json["value"][4]["look"]) == ("Auto", 1)
    following = urlsplit(answer.json["nextLink"])
    assert ids(loop.get(f"{following.path}?{following.query}")) == IDS[5:]
