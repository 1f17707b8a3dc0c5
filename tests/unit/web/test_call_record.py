"""The count of calls: what is in a record, and when one is logged."""

import json
import time
from typing import Any

import pytest

from shared.web import call_record
from shared.web.call_record import CallCounts, Kind


@pytest.fixture
def counts(caplog: pytest.LogCaptureFixture) -> CallCounts:
    """Counts of a process that was just started."""
    caplog.set_level("INFO", call_record.NAME)
    return CallCounts()


def records(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """What was logged."""
    return [json.loads(logged.message) for logged in caplog.records if logged.name == call_record.NAME]


def let_a_minute_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the counts, all that follows is a minute later."""
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)


def test_a_call_that_comes_alone_is_logged_at_once(counts: CallCounts, caplog: pytest.LogCaptureFixture) -> None:
    """The instance may be gone before another one comes."""
    counts.count(Kind.RANKS, 201, time.monotonic() - 0.5)

    (record,) = records(caplog)
    assert (record["record"], record["ranks"]["calls"], record["rewards"]["calls"]) == ("rankloop.calls", 1, 0)
    assert record["seconds"] >= 0.5
    assert record["ranks"]["seconds"] >= 0.5


def test_there_is_one_record_a_minute_and_each_call_is_in_one(
    counts: CallCounts, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many calls there are."""
    for _ in range(50):
        counts.count(Kind.RANKS, 201, time.monotonic())
    logged = records(caplog)
    let_a_minute_pass(monkeypatch)
    counts.count(Kind.REWARDS, 204, time.monotonic())

    assert [record["ranks"]["calls"] for record in logged] == [1]
    assert [record["ranks"]["calls"] for record in records(caplog)] == [1, 49]
    assert [record["rewards"]["calls"] for record in records(caplog)] == [0, 1]


def test_answers_count_by_their_status(counts: CallCounts, caplog: pytest.LogCaptureFixture) -> None:
    """401 and 403 are denied, 429 too many, and these are refused like all of 4xx; 5xx failed."""
    answers = {(Kind.OTHER, status): status for status in (200, 204, 302, 400, 401, 403, 404, 429, 500, 503)}

    other = json.loads(call_record.line(answers, dict.fromkeys(Kind, 0.0), 1.0, 2_000_000))["other"]

    assert other == {
        "calls": sum(answers.values()),
        "denied": 401 + 403,
        "tooMany": 429,
        "refused": 400 + 401 + 403 + 404 + 429,
        "failed": 500 + 503,
        "seconds": 0.0,
    }
