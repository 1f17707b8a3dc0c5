"""The trace of an event, as a story in lines."""

from collections.abc import Iterator, Sequence
from typing import Any

from localhost.report.layout import Document, cell, in_words, moment, paragraph, percent, rest, table
from localhost.report.prospect_lines import prospect_lines

_NO_MODEL = "N/A"
_OF_DECISION = (
    *("rewardActionId", "drawnActionId", "probability", "explored", "exploredBecause"),
    *("reward", "rewardIsDefault", "rewardBecause", "actions"),
)
_OF_SLOT = (*_OF_DECISION, "id", "features")
_OF_EVENT = (
    *(*_OF_DECISION, "at", "slots", "contextFeatures", "model", "learningMode", "deferred"),
    *("state", "because", "observations", "now"),
)
_OF_TRACE = ("eventId", "events", "withoutEvent", "lookedThrough")


def event_lines(trace: Document) -> Iterator[str]:
    """Give the lines: when it was ranked, what was shown, which rewards came, and what became of them."""
    yield f"Event {trace['eventId']}"
    for event in trace["events"]:
        yield ""
        yield from _event(event)
    if trace["withoutEvent"]:
        yield ""
        yield "Rewards and activations that belong to no event"
        for observation in trace["withoutEvent"]:
            yield from _observation(observation)
    if is_unknown(trace):
        yield from paragraph("", f"No event of this id is there. {_search(trace['lookedThrough'])}")
    yield from rest(trace, _OF_TRACE)


def is_unknown(trace: Document) -> bool:
    """Say whether nothing of an id is there."""
    return not trace["events"] and not trace["withoutEvent"]


def _event(event: Document) -> Iterator[str]:
    model = "before the first model" if event["model"] == _NO_MODEL else f"by model {event['model']}"
    deferred = ", to be activated" if event["deferred"] else ""
    yield from paragraph("Ranked", f"{moment(event['at'])}, in {event['learningMode']} mode, {model}{deferred}.")
    if event.get("contextFeatures"):
        yield from paragraph("Context", _features(event["contextFeatures"]))
    yield from _actions(event.get("actions") or [])
    for slot in event["slots"]:
        yield from paragraph(f"Slot {slot['id']}", _choice(slot))
        yield from rest(slot, _OF_SLOT, 2)
    if not event["slots"]:
        yield from paragraph("Shown", _choice(event))
    for observation in event["observations"]:
        yield from _observation(observation)
    yield from paragraph("Then", f"{in_words(event['state'])}. {event['because']}")
    for decision in event["slots"] or [event]:
        yield from paragraph("Reward", _worth(decision))
    yield from rest(event, _OF_EVENT)
    yield from prospect_lines(event.get("now") or {})


def _actions(actions: Sequence[Document]) -> Iterator[str]:
    rows = [(action["id"], percent(action.get("probability")), _features(action["features"])) for action in actions]
    yield from table([("action", "chance", "features"), *rows]) if rows else ()


def _features(features: Sequence[Any]) -> str:
    return ", ".join(cell(each) for each in features) or "no features"


def _choice(decision: Document) -> str:
    shown, drawn = decision["rewardActionId"], decision["drawnActionId"]
    chance, because = f"a chance of {percent(decision['probability'])}", decision.get("exploredBecause") or ""
    if shown == drawn:
        return f"{shown}, which had {chance}. {because}"
    return f"{shown}, as the application does; the loop itself drew {drawn}, which had {chance}. {because}"


def _observation(observation: Document) -> Iterator[str]:
    slot = f" for slot {observation['slotId']}" if observation.get("slotId") else ""
    what = f"{observation['value']:g}{slot}" if observation["kind"] == "reward" else "activated"
    counts = "counts" if observation["counts"] else "does not count"
    label = "Reward came" if observation["kind"] == "reward" else "Activation"
    yield from paragraph(label, f"{moment(observation['at'])}: {what}, {counts}. {observation['because']}")


def _worth(decision: Document) -> str:
    reward = "none" if decision["reward"] is None else f"{decision['reward']:g}"
    slot = f" for slot {decision['id']}" if "id" in decision else ""
    return f"{reward}{slot}. {decision.get('rewardBecause') or ''}"


def _search(where: Document) -> str:
    log = where.get("log")
    searched = (
        f"The log was searched from {moment(log['from'])} to {moment(log['to'])}." if log else "There is no log there."
    )
    return f"{searched} If it came at another time, choose that by --at."
