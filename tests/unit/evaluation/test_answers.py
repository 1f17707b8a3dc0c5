"""What is told of an evaluation that has ended: formulas, gaps, windows, and ranges of years."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.evaluation import evaluation_documents as documents
from shared.evaluation.evaluation import Evaluation, Status
from shared.evaluation.forms import answers_2022, answers_v1, report_forms
from shared.evaluation.forms.answers_2022 import read_answer_range
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.time_bins import MOST_BINS
from shared.times import DAY, HOUR
from shared.web.errors import InvalidRequest
from shared.web.versions import VERSIONS, since
from tests.http.evaluated import BIN, EMPTY, MINE, ONLINE, PUBLISHED, START, START_US, evaluation, outcome, plain

V1_0, V1_1 = VERSIONS[0], VERSIONS[3]
NEVER = "0001-01-01T00:00:00Z"


def told(asked: Evaluation, found: Outcome | None, version: Any = V1_1) -> Any:
    return json.loads(answers_v1.answer(asked, found, version))


def told_2022(asked: Evaluation, found: Outcome | None, **query: str) -> Any:
    return json.loads(answers_2022.answer(asked, found, read_answer_range(query, asked)))


def summaries(result: dict[str, Any], window: str) -> list[dict[str, Any]]:
    return [one for one in result["summary"] if one["aggregateTimeWindow"] == window]


# Before 2022-09-01-preview


def test_figures_are_those_of_the_old_services_example() -> None:
    """Its `averageReward` and `confidenceInterval` follow from its sums."""
    mine = told(evaluation("e"), outcome())["policyResults"][3]

    first = mine["summary"][0]
    assert first["ipsEstimatorNumerator"] == 2.2
    assert first["ipsEstimatorDenominator"] == 196.0
    assert first["snipsEstimatorDenominator"] == 193.761
    assert first["nonZeroProbability"] == 68.0
    assert first["sumOfSquares"] == 2.424
    assert first["averageReward"] == pytest.approx(0.01122449, rel=1e-6)
    assert first["confidenceInterval"] == pytest.approx(0.015529361, rel=1e-6)


def test_bins_come_in_four_windows_with_zeros_where_nothing_was() -> None:
    """And the total over all of them, at the evaluation's end, in a window of no length."""
    asked = evaluation("e")

    mine = told(asked, outcome())["policyResults"][3]

    fine = summaries(mine, "PT5M")
    stamps = ["2026-10-01T12:00:00Z", "2026-10-01T12:05:00Z", "2026-10-01T12:10:00Z"]
    assert [one["timeStamp"] for one in fine] == stamps
    assert [one["ipsEstimatorDenominator"] for one in fine] == [196.0, 0.0, 4.0]
    assert {value for name, value in fine[1].items() if name not in ("timeStamp", "aggregateTimeWindow")} == {0.0}
    assert [one["timeStamp"] for one in summaries(mine, "P1D")] == ["2026-10-01T00:00:00Z"]
    assert {len(summaries(mine, window)) for window in ("PT1H", "PT6H", "P1D")} == {1}
    total = mine["totalSummary"]
    assert (total["timeStamp"], total["aggregateTimeWindow"]) == ("2026-10-01T12:15:00Z", "PT0S")
    assert (total["ipsEstimatorDenominator"], total["ipsEstimatorNumerator"]) == (200.0, 4.2)
    assert total["averageReward"] == pytest.approx(4.2 / 200)


def test_windows_hold_the_sums_of_the_bins_in_them() -> None:
    """Over a day of which every third bin has events."""
    bins = {START_US + place * BIN: plain(place + 1, 1.0) for place in range(0, 288, 3)}
    asked = evaluation("e", bins=288)

    result = told(asked, outcome(PolicyOutcome(MINE, "", bins)))["policyResults"][0]

    for window, length_us in answers_v1.WINDOWS.items():
        expected: dict[int, float] = {}
        for at_us, sums in bins.items():
            start_us = at_us - at_us % length_us
            expected[start_us] = expected.get(start_us, 0.0) + sums.events
        found = [one["ipsEstimatorDenominator"] for one in summaries(result, window)]
        assert [number for number in found if number] == list(expected.values())
        assert len(found) == len(range(START_US - START_US % length_us, asked.end_us, length_us))
    assert result["totalSummary"]["ipsEstimatorDenominator"] == sum(one.events for one in bins.values())


def test_online_is_told_without_what_only_weights_have() -> None:
    """As the old service did; baselines have no learning arguments."""
    online, first, *_ = told(evaluation("e"), outcome())["policyResults"]

    assert {"nonZeroProbability", "sumOfSquares"} & online["summary"][0].keys() == set()
    assert online["arguments"] == ONLINE.arguments
    assert (first["name"], first["policySource"]) == ("baseline1", "Baseline")
    assert "arguments" not in first


def test_a_single_event_has_no_interval() -> None:
    """It is left out: 0 would say that the figure is certain."""
    result = told(evaluation("e"), outcome(PolicyOutcome(MINE, "", {START_US: plain(1, 1.0)})))["policyResults"][0]

    assert "confidenceInterval" not in result["totalSummary"]
    assert result["summary"][1]["confidenceInterval"] == 0.0


def test_v1_0_tells_what_it_knows() -> None:
    """What came later is not there, and neither are the statuses."""
    for status, said in ((Status.APPLIED, "completed"), (Status.RETAINED, "completed"), (Status.TIMEOUT, "failed")):
        answer = told(evaluation("e", status=status), outcome(), V1_0)

        assert answer["status"] == said
        assert {"evaluationType", "optimalPolicy", "creationTime"} & answer.keys() == set()
        assert all("policySource" not in result for result in answer["policyResults"])
        assert "averageReward" not in answer["policyResults"][0]["summary"][0]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.RUNNING, "pending"),
        (Status.NOT_SUBMITTED, "notSubmitted"),
        (Status.SUCCEEDED, "completed"),
        (Status.FAILED, "failed"),
        (Status.CANCELED, "failed"),
        (Status.TIMEOUT, "timeout"),
        (Status.APPLIED, "optimalPolicyApplied"),
        (Status.RETAINED, "onlinePolicyRetained"),
    ],
)
def test_v1_1_has_words_of_its_own_for_every_status(status: Status, said: str) -> None:
    """2022-09-01-preview has others."""
    asked = evaluation("e", status=status)

    assert told(asked, None)["status"] == said
    assert told_2022(asked, None)["status"] == status.value


def test_the_list_tells_totals_without_windows() -> None:
    """Those are at the year 1, as in the old service's lists."""
    answer = json.loads(answers_v1.list_entry(evaluation("e"), outcome(), V1_1))

    assert [result["summary"] for result in answer["policyResults"]] == [[]] * 4
    assert {result["totalSummary"]["timeStamp"] for result in answer["policyResults"]} == {NEVER}
    assert answer["policyResults"][0]["totalSummary"]["ipsEstimatorDenominator"] == 200.0


def test_slots_are_told_in_the_newest_version_only() -> None:
    """Before, the first slot stands for the event."""
    found = outcome(
        PolicyOutcome(ONLINE, "", {START_US: plain(2, 1.0)}), PolicyOutcome(ONLINE, "top", {START_US: plain(2, 1.0)})
    )

    assert len(told(evaluation("e"), found)["policyResults"]) == 1
    assert [one["slotId"] for one in told_2022(evaluation("e"), found)["content"]["value"]] == ["", "top"]


# 2022-09-01-preview


def test_while_it_runs_there_are_zeros_of_the_year_1() -> None:
    """As the old service had it."""
    content = told_2022(evaluation("e", status=Status.RUNNING, optimal=None), None)["content"]

    assert content == {"startTime": NEVER, "endTime": NEVER, "intervalInMinutes": 0, "value": []}


def test_five_minutes_are_told_with_all_before_them() -> None:
    """The window expands: gaps keep what was before, and the last value is that of the whole."""
    answer = told_2022(evaluation("e"), outcome())["content"]

    mine = answer["value"][3]
    data = mine["timeseries"]["data"]
    assert answer["intervalInMinutes"] == 5
    assert data[0]["expectedReward"] == data[1]["expectedReward"] == pytest.approx(2.2 / 196)
    assert data[2] == {"timeStamp": "2026-10-01T12:10:00Z", **mine["summary"]}
    low, high = data[0]["confidenceInterval"]
    assert (high - low) / 2 == pytest.approx(0.015529361, rel=1e-6)
    assert (high + low) / 2 == pytest.approx(2.2 / 196)


def test_longer_intervals_are_told_each_for_itself() -> None:
    """The window rolls: nothing is left of what was before."""
    bins = {START_US: plain(10, 1.0), START_US + 2 * HOUR: plain(10, 9.0)}
    asked = evaluation("e", bins=36)

    answer = told_2022(asked, outcome(PolicyOutcome(MINE, "", bins)), intervalInMinutes="60", window="Rolling")

    (mine,) = answer["content"]["value"]
    assert [one["expectedReward"] for one in mine["timeseries"]["data"]] == [0.1, 0.0, 0.9]
    assert [one["confidenceInterval"] for one in mine["timeseries"]["data"]][1] == [0.0, 0.0]
    assert mine["summary"]["expectedReward"] == 0.5


def test_only_the_asked_range_is_told() -> None:
    """In the form of the old service's own client, which has no separators."""
    query = {"startTime": "20261001T121000", "endTime": "20261001T121500"}

    content = told_2022(evaluation("e"), outcome(), **query)["content"]

    assert (content["startTime"], content["endTime"]) == ("2026-10-01T12:10:00Z", "2026-10-01T12:15:00Z")
    assert [len(one["timeseries"]["data"]) for one in content["value"]] == [1] * 4
    assert [one["summary"]["expectedReward"] for one in content["value"]] == [0.25, 0.0, 0.0, 0.5]


def test_a_single_event_may_mean_anything() -> None:
    """Its interval is all that is possible."""
    found = outcome(PolicyOutcome(MINE, "", {START_US: plain(1, 1.0)}))

    assert told_2022(evaluation("e"), found)["content"]["value"][0]["summary"]["confidenceInterval"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ({"startTime": "noon"}, "startTime"),
        ({"startTime": "0001-01-01T00:00:00+14:00"}, "startTime"),
        ({"startTime": "2026-10-02", "endTime": "2026-10-01"}, "endTime"),
        ({"intervalInMinutes": "7"}, "intervalInMinutes"),
        ({"intervalInMinutes": "5.0"}, "intervalInMinutes"),
        ({"window": "Jumping"}, "window"),
        ({"window": "Rolling", "intervalInMinutes": "5"}, "window"),
        ({"window": "Expanding", "intervalInMinutes": "60"}, "window"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(query: dict[str, str], target: str) -> None:
    """With the parameter that is wrong."""
    with pytest.raises(InvalidRequest) as refusal:
        read_answer_range(query, evaluation("e"))

    assert refusal.value.place == target


def test_a_window_and_an_interval_follow_from_each_other() -> None:
    """Where only one of them is given."""
    asked = evaluation("e")
    told_parts = [
        read_answer_range(query, asked) for query in ({}, {"window": "Rolling"}, {"intervalInMinutes": "720"})
    ]

    assert [(one.minutes, one.rolling) for one in told_parts] == [(5, False), (60, True), (720, True)]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (None, ["hand", "loop"]),
        ("metadata=evaluationType eq 'Manual'", ["hand"]),
        ("evaluationType  eq 'auto'", ["loop"]),
    ],
)
def test_the_filter_tells_callers_from_the_loop(text: str | None, kept: list[str]) -> None:
    """As the old service's description has it."""
    both = [evaluation("hand"), evaluation("loop", round_number=1)]

    assert [one.id for one in both if answers_2022.parse_filter(text)(one)] == kept


@pytest.mark.parametrize("text", ["evaluationType eq Manual", "name eq 'x'", "evaluationType ne 'Auto'", "("])
def test_another_filter_is_refused(text: str) -> None:
    """Rather than ignored."""
    with pytest.raises(InvalidRequest):
        answers_2022.parse_filter(text)


# Empty ones, and long ones


def test_without_events_results_are_empty() -> None:
    """And the newest version says why."""
    asked = evaluation("e")
    newest = told_2022(asked, EMPTY)

    assert [told(asked, EMPTY, version)["policyResults"] for version in since("v1.0", "v1.1-preview.3")] == [[]] * 4
    assert newest["content"]["value"] == []
    assert "No event" in newest["description"]


def test_a_range_of_years_is_told_by_the_bins_that_have_events() -> None:
    """Beyond ten thousand bins zeros are left out; finer bins than were kept there are none."""
    days = {START_US - START_US % DAY + place * DAY: plain(5, 1.0) for place in (0, 7, 20_000)}
    end_us = START_US + 25_000 * DAY
    asked = evaluation("e")
    asked = replace(asked, end_us=end_us, log=replace(asked.log, to_us=end_us))
    found = outcome(PolicyOutcome(MINE, "", days), width_us=DAY)

    older, newest = told(asked, found)["policyResults"][0], told_2022(asked, found)["content"]

    assert [one["aggregateTimeWindow"] for one in older["summary"]] == ["P1D"] * 3
    assert newest["intervalInMinutes"] == 1440
    assert [one["timeStamp"] for one in newest["value"][0]["timeseries"]["data"]] == [
        one["timeStamp"] for one in older["summary"]
    ]


def test_up_to_ten_thousand_bins_are_filled() -> None:
    """And one more are not."""
    lengths = {}
    for bins in (MOST_BINS, MOST_BINS + 1):
        found = outcome(PolicyOutcome(MINE, "", {START_US: plain(5, 1.0)}))
        result = told(evaluation("e", bins=bins), found)["policyResults"][0]
        lengths[bins] = len(summaries(result, "PT5M"))

    assert lengths == {MOST_BINS: MOST_BINS, MOST_BINS + 1: 1}


def test_gaps_of_many_slots_are_not_filled() -> None:
    """An answer of millions of zeros could take all memory of an instance."""
    lengths = set[int]()
    for slots in (20, 21):
        found = outcome(*(PolicyOutcome(MINE, f"s{slot}", {START_US: plain(5, 1.0)}) for slot in range(slots)))
        results = told_2022(evaluation("e", bins=MOST_BINS), found)["content"]["value"]
        lengths |= {len(one["timeseries"]["data"]) for one in results}

    assert lengths == {MOST_BINS, 1}


def test_a_thousand_bins_are_told_as_they_were_kept() -> None:
    """Of five policies, read as they are stored, in every version."""
    asked = evaluation("e", bins=1000)
    bins = {START_US + place * BIN: PUBLISHED for place in range(1000)}
    stored = documents.outcome_to_json(outcome(*(PolicyOutcome(MINE, "", bins) for _ in range(5))))
    found = documents.read_outcome(stored)

    old = [len(summaries(one, "PT5M")) for one in told(asked, found)["policyResults"]]
    new = [len(one["timeseries"]["data"]) for one in told_2022(asked, found)["content"]["value"]]
    report = json.loads(report_forms.answer(asked, found))["policies"]

    assert old == new == [1000] * 5
    assert [one["events"] for one in report] == [1000 * PUBLISHED.events] * 5


# The loop's own report


def test_the_report_has_all_estimates_and_intervals() -> None:
    """Of every policy, with what they rest on, and what was tried in the search."""
    report = json.loads(report_forms.answer(evaluation("e"), outcome()))

    mine = report["policies"][3]
    assert mine["events"] == 200.0
    assert mine["nonZero"] == 72
    assert mine["estimates"]["ips"] == pytest.approx(4.2 / 200)
    assert mine["estimates"]["snips"] == pytest.approx(4.2 / (193.761 + 4))
    assert mine["estimates"]["cressieRead"] is not None
    assert mine["estimates"]["doublyRobust"] is None
    for name in ("interval", "gaussianInterval", "clopperPearsonInterval", "anytimeInterval", "differenceInterval"):
        low, high = mine[name]
        assert low < high
    assert mine["anytimeInterval"][1] - mine["anytimeInterval"][0] > mine["interval"][1] - mine["interval"][0]
    assert (mine["canBeApplied"], report["policies"][0]["canBeApplied"]) == (True, False)
    assert report["policies"][0]["differenceToOnline"] == 0.0
    assert [one["arguments"] for one in report["candidates"]] == ["--cb_explore_adf --epsilon 0.2"]
    assert report["lines"] == {
        "read": 205,
        "used": 200,
        "skipped": 1,
        "dangling": 2,
        "damaged": 1,
        "passedOver": 0,
        "refused": 1,
    }
    assert (report["log"]["from"], report["log"]["upTo"]) == (START, "2026-10-01T12:10:00Z")


def test_the_report_says_what_is_not_known() -> None:
    """While it runs, and where the log cannot answer."""
    running = json.loads(report_forms.answer(evaluation("e", status=Status.RUNNING, ended_us=None), None))
    empty = json.loads(report_forms.answer(evaluation("e"), EMPTY))

    assert (running["policies"], running["lines"], running["endedTime"]) == ([], None, None)
    assert all(policy["estimates"]["ips"] is None and policy["because"] for policy in empty["policies"])
    assert [policy["interval"] for policy in empty["policies"]] == [None] * 3


def test_rewards_are_spanned_by_the_whole_log() -> None:
    """Not by what one policy saw of it."""
    seen = PUBLISHED._replace(highest=3.0)
    report = json.loads(
        report_forms.answer(
            evaluation("e"),
            outcome(PolicyOutcome(ONLINE, "", {START_US: seen}), PolicyOutcome(MINE, "", {START_US: PUBLISHED})),
        )
    )

    assert report["rewardSpan"] == [0.0, 3.0]
