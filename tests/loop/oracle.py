"""The log as it must be, worked out slowly, row by row from what the intake holds, by the documented rules.

It shares no code with the join: it compares all pairs of rows, and reads the log as JSON.
"""

import json
import statistics
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.loop.stored_loop import StoredLoop

BEFORE = timedelta(minutes=2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Place = tuple[str, datetime] | None
"""Where an observation is: with an event, named by id and arrival; or alone."""

FOLDS: dict[str, Callable[[list[float]], float]] = {
    "earliest": lambda values: values[0],
    "average": statistics.fmean,
    "median": statistics.median,
    "sum": sum,
    "min": min,
    "max": max,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The settings that events were joined under.

    Attributes:
        deadline: A row stored later than this after its arrival does not count.
    """

    wait: timedelta
    deadline: timedelta
    aggregation: str = "earliest"
    default: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the intake that counts."""

    at: datetime
    event_id: str
    rest: str
    payload: bytes


def check(stored_loop: StoredLoop, rule: Rule) -> None:
    """See that the log holds every event and every observation once, and each in its place with its label."""
    lines = [json.loads(line) for line in stored_loop.lines()]
    events = {(line["EventId"], _moment(line["Timestamp"])): line for line in lines if "_label_cost" in line}
    chains = _chains(_rows(stored_loop, "events", rule))
    expected = [event for event, *_ in chains]
    assert {(row.event_id, row.at) for row in expected} == set(events)
    assert sum("_label_cost" in line for line in lines) == len(events)
    for event, *repetitions in chains:
        line = events[event.event_id, event.at]
        _check_repetitions(event, repetitions, line, rule)
        _check_line(event, line, rule)
    _check_places(_rows(stored_loop, "rewards", rule), expected, lines, rule)


def _rows(stored_loop: StoredLoop, kind: str, rule: Rule) -> list[Row]:
    """Those that count, in order of arrival."""
    rows = [
        Row(_EPOCH + timedelta(microseconds=row.at_us), row.event_id, row.key.rsplit("|", 1)[1], row.payload)
        for row in stored_loop.rows(kind)
        if timedelta(microseconds=row.stored_at_us - row.at_us) <= rule.deadline
    ]
    return sorted(rows, key=lambda row: row.at)


def _chains(rows: Sequence[Row]) -> list[list[Row]]:
    """Each event with its repetitions: rows of the same Rank, each less than two minutes after the one before."""
    last: dict[tuple[str, str], list[Row]] = {}
    chains = []
    for row in rows:
        chain = last.get((row.event_id, row.rest))
        if chain is None or row.at - chain[-1].at >= BEFORE:
            chain = last[row.event_id, row.rest] = []
            chains.append(chain)
        chain.append(row)
    return chains


def _check_repetitions(event: Row, repetitions: Sequence[Row], line: dict[str, Any], rule: Rule) -> None:
    """An event is marked if a repetition has another answer; one that came late may have gone unnoticed."""
    others = [row for row in repetitions if _shown(row) != _shown(event)]
    if not others:
        assert "AnsweredOtherwise" not in line
    if any(row.at - event.at < min(rule.wait, BEFORE) for row in others):
        assert line["AnsweredOtherwise"] is True


def _shown(row: Row) -> tuple[int, float]:
    """The action that was shown, and its chance."""
    _, actions, chances, _ = _payload(row)
    return actions[0], chances[0]


def _payload(row: Row) -> list[Any]:
    """The head, the actions, their chances, and the context of a row."""
    return [json.loads(part) for part in zlib.decompress(row.payload).split(b"\n", 3)]


def _check_line(row: Row, line: dict[str, Any], rule: Rule) -> None:
    """What was recorded is what is logged, and its label follows from the observations beside it."""
    head, actions, chances, document = _payload(row)
    assert (line["a"], line["p"]) == (actions, chances)
    assert (line["c"], line["VWState"]["m"]) == (document, head["m"])
    assert (line["_label_Action"], line["_labelIndex"]) == (line["a"][0], line["a"][0] - 1)
    assert line["_label_probability"] == line["p"][0]
    values = [entry["v"] for entry in sorted(line["o"], key=lambda entry: entry["t"]) if "v" in entry]
    reward = FOLDS[rule.aggregation](values) if values else rule.default
    assert (line["_label_cost"], line["_original_label_cost"]) == (-reward, -reward)
    unused = head["deferred"] and not any(entry["ActionTaken"] for entry in line["o"])
    assert line.get("_skipLearn", False) == (unused or line.get("AnsweredOtherwise", False))


def _check_places(rows: Sequence[Row], events: Sequence[Row], lines: Sequence[dict[str, Any]], rule: Rule) -> None:
    """Each observation is in the log once: with the earliest event in whose window it lies, else alone.

    One that was sent again is a single observation, and each of its rows could give it its place.
    """
    of_event = defaultdict(list)
    for event in events:
        of_event[event.event_id].append(event)
    repeated = defaultdict(list)
    for row in rows:
        repeated[row.event_id, row.rest].append(row)
    places_in_log = _index_places(lines)
    assert set(repeated) == set(places_in_log)
    for key, sent in repeated.items():
        places = {_place(row, of_event[key[0]], rule) for row in sent}
        assert places_in_log[key] in _possible(places), (key, places_in_log[key], places)
    for line in lines:
        if "Fate" in line:
            _check_lost_observation(line, of_event[line["EventId"]])


def _check_lost_observation(line: dict[str, Any], events: Sequence[Row]) -> None:
    """Late is what had an event a while ago, dangling what never had one."""
    at = _moment(line["EnqueuedTimeUtc"])
    if any(timedelta(minutes=2) < at - event.at < timedelta(minutes=50) for event in events):
        assert line["Fate"] == "late"
    if not events:
        assert line["Fate"] == "dangling"


def _index_places(lines: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Place]:
    """The place of each observation in the log; each must have one."""
    places: dict[tuple[str, str], Place] = {}
    times: Counter[tuple[str, str]] = Counter()
    for line in lines:
        place = (line["EventId"], _moment(line["Timestamp"])) if "_label_cost" in line else None
        for entry in line["o"] if place else line["Observations"]:
            key = (line["EventId"], entry["id"])
            places[key] = place
            times[key] += 1
    assert {key for key, count in times.items() if count > 1} == set()
    return places


def _place(row: Row, events: Sequence[Row], rule: Rule) -> Place:
    for event in events:
        if row.at - event.at < rule.wait and event.at - row.at < BEFORE:
            return event.event_id, event.at
    return None


def _possible(places: set[Place]) -> set[Place]:
    """The earliest of the events counts; alone is what an observation is whose time was up before its event came."""
    of_events = [place for place in places if place is not None]
    return {min(of_events)} | ({None} & places) if of_events else places


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
