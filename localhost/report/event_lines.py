"""The trace of an event, as a story in lines."""

from collections.abc import Iterator

from localhost.report.layout import Document, in_words, moment, paragraph, percent, rest

_NO_MODEL = "N/A"
_OF_EVENT = (
    *("at", "rewardActionId", "drawnActionId", "probability", "reward", "slots", "model", "learningMode", "deferred"),
    *("state", "because", "observations"),
)
_OF_SLOT = ("id", "rewardActionId", "drawnActionId", "probability", "reward")
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
    for slot in event["slots"]:
        yield from paragraph(f"Slot {slot['id']}", _choice(slot))
        yield from rest(slot, _OF_SLOT, 2)
    if not event["slots"]:
        yield from paragraph("Shown", _choice(event))
    for observation in event["observations"]:
        yield from _observation(observation)
    yield from paragraph("Then", f"{in_words(event['state'])}. {event['because']}")
    yield from paragraph("Reward", _worth(event))
    yield from rest(event, _OF_EVENT)


def _choice(decision: Document) -> str:
    shown, drawn = decision["rewardActionId"], decision["drawnActionId"]
    chance = f"a chance of {percent(decision['probability'])}"
    if shown == drawn:
        return f"{shown}, which had {chance}."
    return f"{shown}, as the application does; the loop itself drew {drawn}, which had {chance}."


def _observation(observation: Document) -> Iterator[str]:
    slot = f" for slot {observation['slotId']}" if observation.get("slotId") else ""
    what = f"{observation['value']:g}{slot}" if observation["kind"] == "reward" else "activated"
    counts = "counts" if observation["counts"] else "does not count"
    label = "Reward came" if observation["kind"] == "reward" else "Activation"
    yield from paragraph(label, f"{moment(observation['at'])}: {what}, {counts}. {observation['because']}")


def _worth(event: Document) -> str:
    worth = [decision["reward"] for decision in event["slots"] or [event]]
    if None in worth:
        return "nothing that is learned, so far."
    text = ", ".join(f"{reward:g}" for reward in worth)
    is_default = not any(each["counts"] and each["kind"] == "reward" for each in event["observations"])
    return f"{text}{', the default, since none came that counts' if is_default else ''}."


def _search(where: Document) -> str:
    if where.get("log"):
        log = f"The log was searched from {moment(where['log']['from'])} to {moment(where['log']['to'])}"
        return f"{log}: choose another time by --at."
    return "There is no log of the last hour: choose another time by --at."
