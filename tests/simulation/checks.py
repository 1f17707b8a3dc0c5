"""What must be true once a schedule is over: of the log, of the models, and of what clients were told."""

from collections import Counter
from typing import Any

import orjson

from shared.log import log_line
from shared.log.join import BEFORE_US
from shared.times import from_iso
from tests.simulation import chained_learner
from tests.simulation.schedule import WAIT_US, Outcome


def check(outcome: Outcome) -> None:
    """See that nothing acknowledged is lost, nothing is learned twice, and nothing is left to do."""
    lines = [line for part in outcome.logs() for line in part]
    events = [orjson.loads(line) for line in lines if log_line.is_event(line)]
    lone = [orjson.loads(line) for line in lines if not log_line.is_event(line)]
    _check_events(outcome, events)
    _check_observations(outcome, events, lone)
    _check_models(outcome, events)
    _check_end(outcome)


def _check_events(outcome: Outcome, events: list[dict[str, Any]]) -> None:
    """Each acknowledged Rank is in the log once, with the answer that its client has, or nothing is learned from it."""
    by_id = {event["EventId"]: event for event in events}
    acknowledged = outcome.acknowledged

    assert acknowledged.events
    assert _repeated([event["EventId"] for event in events]) == []
    assert acknowledged.events.keys() <= by_id.keys()
    for event_id, event in by_id.items():
        logged, is_otherwise = (event["_label_Action"], event["_label_probability"]), "AnsweredOtherwise" in event
        noticed_us = from_iso(event["Timestamp"]) + WAIT_US  # answers to later repetitions may go unnoticed
        answers = [shown for at_us, shown in acknowledged.events[event_id].items() if at_us < noticed_us]
        assert is_otherwise or all(shown == logged for shown in answers), event_id
        assert not is_otherwise or len(acknowledged.answers[event_id]) > 1, event_id
        is_activated = not event.get("DeferredAction") or any("v" not in each for each in event["o"])
        assert ("_skipLearn" in event) == (is_otherwise or not is_activated), event_id


def _check_observations(outcome: Outcome, events: list[dict[str, Any]], lone: list[dict[str, Any]]) -> None:
    """Each acknowledged reward is in the log once, with its event if it has come in time, whose reward is the first."""
    arrived_us = {event["EventId"]: from_iso(event["Timestamp"]) for event in events}
    observed = {(line["EventId"], each["id"]): each.get("v") for line in events for each in line["o"]}
    alone = {(line["EventId"], each["id"]): each.get("v") for line in lone for each in line["Observations"]}
    ids = [(line["EventId"], each["id"]) for line in events for each in line["o"]] + list(alone)

    assert _repeated(ids + [(line["EventId"], "") for line in lone if len(line["Observations"]) != 1]) == []
    assert outcome.acknowledged.observations.items() <= {**observed, **alone}.items()
    for event in events:
        times = [from_iso(each["t"]) for each in event["o"]]
        rewards = [each["v"] for each in event["o"] if "v" in each]
        assert times == sorted(times)
        assert all(_belongs(at_us, arrived_us[event["EventId"]]) for at_us in times)
        assert event["_label_cost"] == event["_original_label_cost"] == -(rewards[0] if rewards else 0.0)
    for line in lone:
        event_us = arrived_us.get(line["EventId"])
        assert event_us is None or not _belongs(from_iso(line["EnqueuedTimeUtc"]), event_us)
        assert event_us is not None or line["Fate"] == "dangling"


def _belongs(observed_us: int, event_us: int) -> bool:
    return -BEFORE_US < observed_us - event_us < WAIT_US


def _check_models(outcome: Outcome, events: list[dict[str, Any]]) -> None:
    """The published model is what the log makes, and each event is counted once."""
    model, state, counters = outcome.published.model, outcome.chained(), outcome.state.counters
    learned = sum("_skipLearn" not in event for event in events)
    otherwise = sum("AnsweredOtherwise" in event for event in events)

    assert model is not None
    assert outcome.read(model.state_blob) == state
    assert outcome.read(model.predictor_blob) == chained_learner.predict(state)
    assert outcome.read("exports/default/current/model.vw") == chained_learner.predict(state)
    assert model.learned_events == counters.learned == learned
    assert (counters.events, counters.answered_otherwise) == (len(events), otherwise)
    assert counters.not_activated == len(events) - learned - otherwise


def _check_end(outcome: Outcome) -> None:
    """Nothing waits, and nothing is in trouble."""
    state, waiting = outcome.state, outcome.waiting()

    assert (waiting.events, waiting.at_least, dict(state.troubles)) == (0, False, {})
    assert (state.intent, state.publishing, state.next, state.running.begun) == (None, None, None, None)


def _repeated(ids: list[Any]) -> list[Any]:
    """What a list holds more than once."""
    return [each for each, number in Counter(ids).items() if number > 1]
