"""Answers about evaluations that have ended: formulas, gaps, windows, and ranges of years."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.evaluation import evaluation_documents as documents
from shared.evaluation.evaluation import Evaluation, Policy, Source, Status
from shared.evaluation.forms import answers_2022, answers_v1, queries_2022, report_forms
from shared.evaluation.forms.queries_2022 import read_answer_range
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.times import DAY, HOUR, from_iso
from shared.web.errors import InvalidRequest
from shared.web.versions import VERSIONS, since
from tests.http.evaluated import BIN, CUSTOM, EMPTY, ONLINE, PUBLISHED, START, START_US, evaluation, outcome, plain

V1_0, V1_1 = VERSIONS[0], VERSIONS[3]
NEVER = "0001-01-01T00:00:00Z"


def answer_v1(subject: Evaluation, conclusion: Outcome | None, version: Any = V1_1) -> Any:
    return json.loads(answers_v1.answer(subject, conclusion, version))


def answer_2022(subject: Evaluation, conclusion: Outcome | None, **query: str) -> Any:
    return json.loads(answers_2022.answer(subject, conclusion, read_answer_range(query, subject)))


def summaries(result: dict[str, Any], window: str) -> list[dict[str, Any]]:
    return [summary for summary in result["summary"] if summary["aggregateTimeWindow"] == window]


def result_of(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    (result,) = (result for result in answer["policyResults"] if result["name"] == name)
    return dict(result)


# Before 2022-09-01-preview


def test_figures_are_those_of_the_old_services_example() -> None:
    """Its `averageReward` and `confidenceInterval` follow from its sums."""
    custom = result_of("mine", answer_v1(evaluation("e"), outcome()))

    first = custom["summary"][0]
    assert first["ipsEstimatorNumerator"] == 2.2
    assert first["ipsEstimatorDenominator"] == 196.0
    assert first["snipsEstimatorDenominator"] == 193.761
    assert first["nonZeroProbability"] == 68.0
    assert first["sumOfSquares"] == 2.424
    assert first["averageReward"] == pytest.approx(0.01122449, rel=1e-6)
    assert first["confidenceInterval"] == pytest.approx(0.015529361, rel=1e-6)


def test_bins_come_in_four_windows_as_far_as_something_was() -> None:
    """And the total over all of them, at the evaluation's end, in a window of no length."""
    subject = evaluation("e")

    custom = result_of("mine", answer_v1(subject, outcome()))

    fine = summaries(custom, "PT5M")
    assert [summary["timeStamp"] for summary in fine] == ["2026-10-01T12:00:00Z", "2026-10-01T12:10:00Z"]
    assert [summary["ipsEstimatorDenominator"] for summary in fine] == [196.0, 4.0]
    assert [summary["timeStamp"] for summary in summaries(custom, "P1D")] == ["2026-10-01T00:00:00Z"]
    assert {len(summaries(custom, window)) for window in ("PT1H", "PT6H", "P1D")} == {1}
    total = custom["totalSummary"]
    assert (total["timeStamp"], total["aggregateTimeWindow"]) == ("2026-10-01T12:15:00Z", "PT0S")
    assert (total["ipsEstimatorDenominator"], total["ipsEstimatorNumerator"]) == (200.0, 4.2)
    assert total["averageReward"] == pytest.approx(4.2 / 200)


def test_windows_hold_the_sums_of_the_bins_in_them() -> None:
    """Over a day of which every third bin has events."""
    bins = {START_US + place * BIN: plain(place + 1, 1.0) for place in range(0, 288, 3)}
    subject = evaluation("e", bins=288)

    result = answer_v1(subject, outcome(PolicyOutcome(CUSTOM, "", bins)))["policyResults"][0]

    for window, length_us in answers_v1.WINDOWS.items():
        expected: dict[int, float] = {}
        for at_us, sums in bins.items():
            start_us = at_us - at_us % length_us
            expected[start_us] = expected.get(start_us, 0.0) + sums.events
        events = [summary["ipsEstimatorDenominator"] for summary in summaries(result, window)]
        assert events == list(expected.values())
    assert result["totalSummary"]["ipsEstimatorDenominator"] == sum(sums.events for sums in bins.values())


def test_online_is_told_without_what_only_weights_have() -> None:
    """As the old service did; baselines have no learning arguments."""
    answer = answer_v1(evaluation("e"), outcome())
    online, first = result_of("online", answer), result_of("baseline1", answer)

    assert {"nonZeroProbability", "sumOfSquares"} & online["summary"][0].keys() == set()
    assert online["arguments"] == ONLINE.arguments
    assert (first["name"], first["policySource"]) == ("baseline1", "Baseline")
    assert "arguments" not in first


def test_a_single_event_has_no_interval() -> None:
    """It is left out: 0 would say that the figure is certain."""
    bins = {START_US: plain(1, 1.0), START_US + BIN: plain(2, 1.0)}
    conclusion = outcome(PolicyOutcome(CUSTOM, "", bins))
    fine = summaries(answer_v1(evaluation("e"), conclusion)["policyResults"][0], "PT5M")

    assert ["confidenceInterval" in summary for summary in fine] == [False, True]


def test_v1_0_tells_what_it_knows() -> None:
    """What came later is not there, and neither are the statuses."""
    for status, word in ((Status.APPLIED, "completed"), (Status.RETAINED, "completed"), (Status.TIMEOUT, "failed")):
        answer = answer_v1(evaluation("e", status=status), outcome(), V1_0)

        assert answer["status"] == word
        assert {"evaluationType", "optimalPolicy", "creationTime"} & answer.keys() == set()
        assert answer["jobId"] == "e"
        assert all("policySource" not in result for result in answer["policyResults"])
        assert "averageReward" not in answer["policyResults"][0]["summary"][0]


@pytest.mark.parametrize(
    ("status", "word"),
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
def test_v1_1_has_words_of_its_own_for_every_status(status: Status, word: str) -> None:
    """2022-09-01-preview has others."""
    subject = evaluation("e", status=status)

    assert answer_v1(subject, None)["status"] == word
    assert answer_2022(subject, None)["status"] == status.value


def test_policies_that_learn_come_first() -> None:
    """In the order of the old service: those of the caller, those that were found, what was done, the baselines."""
    found = Policy("Hyper1", "--cb_explore_adf", Source.SEARCH)
    conclusion = outcome(*outcome().policies, PolicyOutcome(found, "", {START_US: PUBLISHED}))

    names = [result["name"] for result in answer_v1(evaluation("e"), conclusion)["policyResults"]]

    assert names == ["mine", "Hyper1", "online", "baseline1", "baselineRand"]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.FAILED, Status.SUCCEEDED])
def test_without_results_the_callers_policies_are_told(status: Status) -> None:
    """While it runs, if it failed, and if there was no event: by name, arguments and source, without figures."""
    subject = evaluation("e", status=status)
    conclusion = EMPTY if status.has_results else None

    told = [answer_v1(subject, conclusion, version)["policyResults"] for version in (V1_0, V1_1)]
    listed = json.loads(answers_v1.list_entry(subject, conclusion, V1_1))["policyResults"]

    assert told[0] == [{"name": "mine", "arguments": "--cb_explore_adf --squarecb"}]
    assert told[1] == listed == [{**told[0][0], "policySource": "Custom"}]


def test_which_policy_is_the_best_is_not_told_before_it_is_known() -> None:
    """Nor if the evaluation failed: the field is left out, in every version."""
    for status in (Status.RUNNING, Status.FAILED):
        subject = evaluation("e", status=status, optimal=None)

        assert "optimalPolicy" not in answer_v1(subject, None)
        assert "optimalPolicy" not in json.loads(answers_v1.list_entry(subject, None, V1_1))
        assert "optimalPolicy" not in answer_2022(subject, None)


def test_the_list_tells_totals_without_windows() -> None:
    """Those are at the year 1, as in the old service's lists."""
    answer = json.loads(answers_v1.list_entry(evaluation("e"), outcome(), V1_1))

    assert len(answer["policyResults"]) == 4
    assert not any("summary" in result for result in answer["policyResults"])
    assert {result["totalSummary"]["timeStamp"] for result in answer["policyResults"]} == {NEVER}
    assert result_of("online", answer)["totalSummary"]["ipsEstimatorDenominator"] == 200.0


def test_slots_are_told_in_the_newest_version_only() -> None:
    """Before, the first slot represents the event."""
    conclusion = outcome(
        PolicyOutcome(ONLINE, "", {START_US: plain(2, 1.0)}), PolicyOutcome(ONLINE, "top", {START_US: plain(2, 1.0)})
    )

    assert len(answer_v1(evaluation("e"), conclusion)["policyResults"]) == 1
    assert [result["slotId"] for result in answer_2022(evaluation("e"), conclusion)["content"]["value"]] == ["", "top"]


# 2022-09-01-preview


def test_while_it_runs_there_are_zeros_of_the_year_1() -> None:
    """As the old service had it."""
    content = answer_2022(evaluation("e", status=Status.RUNNING, optimal=None), None)["content"]

    assert content == {"startTime": NEVER, "endTime": NEVER, "intervalInMinutes": 0, "value": []}


def test_five_minutes_are_told_with_all_before_them() -> None:
    """The window expands, and the last value is that of the whole."""
    answer = answer_2022(evaluation("e"), outcome())["content"]

    custom = answer["value"][3]
    data = custom["timeseries"]["data"]
    assert answer["intervalInMinutes"] == 5
    assert data[0]["expectedReward"] == pytest.approx(2.2 / 196)
    assert data[1] == {"timeStamp": "2026-10-01T12:10:00Z", **custom["summary"]}
    low, high = data[0]["confidenceInterval"]
    assert (high - low) / 2 == pytest.approx(0.015529361, rel=1e-6)
    assert (high + low) / 2 == pytest.approx(2.2 / 196)


def test_longer_intervals_are_told_each_for_itself() -> None:
    """The window rolls: nothing is left of what was before. Hours without events are not there."""
    bins = {START_US: plain(10, 1.0), START_US + 2 * HOUR: plain(10, 9.0)}
    subject = evaluation("e", bins=36)

    answer = answer_2022(subject, outcome(PolicyOutcome(CUSTOM, "", bins)), intervalInMinutes="60", window="Rolling")

    (custom,) = answer["content"]["value"]
    data = custom["timeseries"]["data"]
    assert [summary["expectedReward"] for summary in data] == [0.1, 0.9]
    assert [summary["timeStamp"] for summary in data] == ["2026-10-01T12:00:00Z", "2026-10-01T14:00:00Z"]
    assert custom["summary"]["expectedReward"] == 0.5


def test_only_the_asked_range_is_told() -> None:
    """In the form of the old service's own client, which has no separators."""
    query = {"startTime": "20261001T121000", "endTime": "20261001T121500"}

    content = answer_2022(evaluation("e"), outcome(), **query)["content"]

    assert (content["startTime"], content["endTime"]) == ("2026-10-01T12:10:00Z", "2026-10-01T12:15:00Z")
    assert [len(result["timeseries"]["data"]) for result in content["value"]] == [1, 0, 0, 1]
    assert [result["summary"]["expectedReward"] for result in content["value"]] == [0.25, 0.0, 0.0, 0.5]


def test_a_single_event_may_mean_anything() -> None:
    """Its interval is all that is possible."""
    conclusion = outcome(PolicyOutcome(CUSTOM, "", {START_US: plain(1, 1.0)}))

    assert answer_2022(evaluation("e"), conclusion)["content"]["value"][0]["summary"]["confidenceInterval"] == [
        0.0,
        1.0,
    ]


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ({"startTime": "noon"}, "startTime"),
        ({"startTime": "0001-01-01T00:00:00+14:00"}, "startTime"),
        ({"startTime": "2026-10-02", "endTime": "2026-10-01"}, "endTime"),
        ({"startTime": "2026-10-02T12:00:00Z", "endTime": "2026-10-02"}, "endTime"),
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


@pytest.mark.parametrize("moment", ["2026-10-01", "2026-10-01T17:45:00Z", "2026-10-02T01:30:00+02:00"])
def test_the_same_moment_twice_is_its_day(moment: str) -> None:
    """That of UTC: who asks for a day of a portal's form gets all of it."""
    wanted = read_answer_range({"startTime": moment, "endTime": moment}, evaluation("e"))

    assert (wanted.from_us, wanted.to_us) == (from_iso("2026-10-01"), from_iso("2026-10-02"))


def test_a_window_and_an_interval_follow_from_each_other() -> None:
    """Where only one of them is given."""
    subject = evaluation("e")
    parts = [read_answer_range(query, subject) for query in ({}, {"window": "Rolling"}, {"intervalInMinutes": "720"})]

    assert [(wanted.minutes, wanted.rolling) for wanted in parts] == [(5, False), (60, True), (720, True)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (None, ["hand", "loop"]),
        ("metadata=evaluationType eq 'Manual'", ["hand"]),
        ("evaluationType  eq 'auto'", ["loop"]),
    ],
)
def test_the_filter_tells_callers_from_the_loop(text: str | None, ids: list[str]) -> None:
    """As the old service's description has it."""
    both = [evaluation("hand"), evaluation("loop", round_number=1)]

    assert [entry.id for entry in both if queries_2022.parse_filter(text)(entry)] == ids


@pytest.mark.parametrize("text", ["evaluationType eq Manual", "name eq 'x'", "evaluationType ne 'Auto'", "("])
def test_another_filter_is_refused(text: str) -> None:
    """Rather than ignored."""
    with pytest.raises(InvalidRequest):
        queries_2022.parse_filter(text)


# Empty outcomes, and long outcomes


def test_without_events_results_are_empty() -> None:
    """And the newest version says why."""
    subject = evaluation("e", custom=())
    newest, older = answer_2022(subject, EMPTY), since("v1.0", "v1.1-preview.3")

    assert [answer_v1(subject, EMPTY, version)["policyResults"] for version in older] == [[]] * 4
    assert newest["content"]["value"] == []
    assert "No event" in newest["description"]


def test_a_range_of_years_is_told_by_the_bins_that_have_events() -> None:
    """Finer bins than were kept there are none."""
    days = {START_US - START_US % DAY + place * DAY: plain(5, 1.0) for place in (0, 7, 20_000)}
    end_us = START_US + 25_000 * DAY
    subject = evaluation("e")
    subject = replace(subject, end_us=end_us, log=replace(subject.log, to_us=end_us))
    conclusion = outcome(PolicyOutcome(CUSTOM, "", days), width_us=DAY)

    older, newest = answer_v1(subject, conclusion)["policyResults"][0], answer_2022(subject, conclusion)["content"]

    assert [summary["aggregateTimeWindow"] for summary in older["summary"]] == ["P1D"] * 3
    assert newest["intervalInMinutes"] == 1440
    assert [summary["timeStamp"] for summary in newest["value"][0]["timeseries"]["data"]] == [
        summary["timeStamp"] for summary in older["summary"]
    ]


def test_a_thousand_bins_are_told_as_they_were_kept() -> None:
    """Of five policies, read as they are stored, in every version."""
    subject = evaluation("e", bins=1000)
    bins = {START_US + place * BIN: PUBLISHED for place in range(1000)}
    stored = documents.outcome_to_json(outcome(*(PolicyOutcome(CUSTOM, "", bins) for _ in range(5))))
    conclusion = documents.read_outcome(stored)

    old = [len(summaries(result, "PT5M")) for result in answer_v1(subject, conclusion)["policyResults"]]
    new = [len(result["timeseries"]["data"]) for result in answer_2022(subject, conclusion)["content"]["value"]]
    report = json.loads(report_forms.answer(subject, conclusion))["policies"]

    assert old == new == [1000] * 5
    assert [result["events"] for result in report] == [1000 * PUBLISHED.events] * 5


# The loop's own report


def test_the_report_has_all_estimates_and_intervals() -> None:
    """Of every policy, with what they rest on, and what was tried in the search."""
    report = json.loads(report_forms.answer(evaluation("e"), outcome()))

    custom = report["policies"][3]
    assert custom["events"] == 200.0
    assert custom["nonZero"] == 72
    assert custom["estimates"]["ips"] == pytest.approx(4.2 / 200)
    assert custom["estimates"]["snips"] == pytest.approx(4.2 / (193.761 + 4))
    assert custom["estimates"]["cressieRead"] is not None
    assert custom["estimates"]["doublyRobust"] is None
    for name in ("interval", "gaussianInterval", "clopperPearsonInterval", "anytimeInterval", "differenceInterval"):
        low, high = custom[name]
        assert low < high
    assert custom["anytimeInterval"][1] - custom["anytimeInterval"][0] > custom["interval"][1] - custom["interval"][0]
    assert (custom["canBeApplied"], report["policies"][0]["canBeApplied"]) == (True, False)
    assert report["policies"][0]["differenceToOnline"] == 0.0
    assert [result["arguments"] for result in report["candidates"]] == ["--cb_explore_adf --epsilon 0.2"]
    assert report["lines"] == {
        "read": 205,
        "used": 200,
        "skipped": 1,
        "dangling": 2,
        "damaged": 1,
        "passedOver": 0,
        "refused": 1,
        "quarantined": 0,
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
    widened = PUBLISHED._replace(highest=3.0)
    report = json.loads(
        report_forms.answer(
            evaluation("e"),
            outcome(PolicyOutcome(ONLINE, "", {START_US: widened}), PolicyOutcome(CUSTOM, "", {START_US: PUBLISHED})),
        )
    )

    assert report["rewardSpan"] == [0.0, 3.0]
