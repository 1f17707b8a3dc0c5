"""What a change of settings would do to the models, in sentences."""

from collections.abc import Mapping

from shared.configuration.configuration import problem_type
from shared.times import to_iso_second
from shared.training.cursor import Cursor
from shared.training.training_state import State
from shared.words import pluralize

_OF_KIND = {
    "cb": "that were ranked Online or in LoggingOnly",
    "cb-apprentice": "that were ranked as an apprentice",
    "ccb": "of several slots that were ranked Online or in LoggingOnly",
    "ccb-apprentice": "of several slots that were ranked as an apprentice",
}


def describe(now: State, then: State, cursor: Cursor, log: Mapping[str, int]) -> list[str]:
    """What a model that learns anew learns, and which model answers until then.

    Args:
        log: How many events of each kind are in the log from the start of the new model.
    """
    events, others = log.get(cursor.kind, 0), sum(log.values()) - log.get(cursor.kind, 0)
    since = f" since {to_iso_second(cursor.learned_up_to_us)}" if cursor.learned_up_to_us else ""
    text = (
        f"A new model learns with the new settings from the log{since}, in which are about "
        f"{pluralize(events, 'event', 'events')} {_OF_KIND[cursor.kind]}."
    )
    if not events:
        text = (
            f"A new model learns with the new settings. The log{since} has no events {_OF_KIND[cursor.kind]}, "
            "so it begins with the next ones."
        )
    if others:
        text += f" {pluralize(others, 'event there teaches', 'events there teach')} it nothing."
    return [text, _describe_answers(now, then, cursor)]


def describe_none(now: State, then: State) -> list[str]:
    """Why no model learns anew, although settings change that a model is trained for."""
    if now.next is not None and then.next is not None:
        return ["The model that is learning anew already is for these settings: it goes on."]
    sentences = ["The model in use was trained for these settings already: none learns anew."]
    if now.next is not None and then.next is None:
        sentences.append("The learning anew that is at work ends.")
    return sentences


def weigh(now: State, then: State, cursor: Cursor, log: Mapping[str, int]) -> list[str]:
    """What is known against learning anew: that the new model would know less than the one in use."""
    events, running = log.get(cursor.kind, 0), then.running if then.next is not None else now.running
    if running.events <= 2 * events:
        return []
    in_use = f"The model in use has learned {pluralize(running.events, 'event', 'events')}"
    if then.next is None:
        return [f"{in_use}, of which nothing is used any more."]
    if not events:
        return [f"{in_use}. The new one takes its place as soon as it has learned the next events, however few."]
    return [f"{in_use}; the new one begins with about {events}, and may rank worse until it has learned more."]


def _describe_answers(now: State, then: State, cursor: Cursor) -> str:
    if problem_type(now.running.arguments) != problem_type(cursor.arguments) and then.next is None:
        return (
            "The model in use cannot rank with the new settings, and is dropped with the next run of the trainer. "
            "Until the new model is there, all actions have the same chance."
        )
    if then.running.model is None:
        return "There is no model in use until then, so all actions have the same chance."
    return "Until it has caught up, Rank answers with the model in use, which goes on learning."
