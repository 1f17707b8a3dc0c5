"""What a log cannot teach, in plain sentences."""

from collections.abc import Iterator

from shared.evaluation.plan import FEWEST_EVENTS
from shared.imports.survey import Survey
from shared.metrics.estimators.answerable import FEW
from shared.words import list_names, pluralize

_SOME = 0.05
"""The share of events from which on actions without a chance are worth a sentence."""


def list_gaps(survey: Survey) -> list[str]:
    """List what the log cannot teach, the gravest first; empty if there is nothing to say."""
    if not survey.events:
        return ["No event of the log could be used, so nothing can be learned from it."]
    return [
        *_of_labels(survey),
        *_of_exploration(survey),
        *_of_actions(survey),
        *_of_amount(survey),
        *_of_features(survey),
    ]


def _of_labels(survey: Survey) -> Iterator[str]:
    if survey.imitated:
        events = pluralize(survey.imitated, "event has", "events have")
        yield (
            f"{events} a label that is not what was earned, as from the time when the loop was an apprentice. From "
            "these only its imitation is learned. Leave that time out of the log."
        )


def _of_exploration(survey: Survey) -> Iterator[str]:
    choosing = survey.events - survey.lone
    if not choosing:
        yield "Each event has a single action: there was nothing to choose, and so there is nothing to learn."
    elif survey.without_chance == choosing:
        yield (
            "There was no exploration: in each event some action had no chance to be shown. The log cannot say what "
            "another choice would have earned. Let the loop explore, and learn from what it logs then."
        )
    elif survey.without_chance > _SOME * choosing:
        share = round(100 * survey.without_chance / choosing)
        yield (
            f"In {share} % of the events some action had no chance to be shown. What it would have earned there, the "
            "log cannot say."
        )


def _of_actions(survey: Survey) -> Iterator[str]:
    if len(survey.shown) == 1 and survey.events > survey.lone:
        yield (
            f"Only one action was ever shown, {list_names(list(survey.shown))}: the log cannot say whether another one "
            "is better."
        )
    elif missing := survey.never_shown:
        yield (
            f"{pluralize(len(missing), 'action was', 'actions were')} never shown ({list_names(missing)}): nothing is "
            "known of what they earn. The model judges them by features that they share with others."
        )


def _of_amount(survey: Survey) -> Iterator[str]:
    if survey.events < FEWEST_EVENTS:
        yield f"There are too few events: {survey.events}, where fewer than {FEWEST_EVENTS} show nothing."
    if not survey.rewarded:
        yield (
            "No event has a reward, or all rewards are 0. See that the export holds rewards, and that they carry the "
            "event's id."
        )
    elif survey.lowest == survey.highest:
        yield f"All events earned the same, {survey.highest:g}: no action is better than another."
    elif survey.rewarded < FEW:
        yield (
            f"There are too few rewards: {survey.rewarded} of {pluralize(survey.events, 'event', 'events')} have one. "
            "A single one more or less changes what is learned."
        )


def _of_features(survey: Survey) -> Iterator[str]:
    if survey.events == 1:
        return
    if not survey.changing:
        yield "No feature of the context ever changes: the log can teach which action is best for all, and no more."
    elif constant := survey.constant:
        which = "feature of the context never changes" if len(constant) == 1 else "features of the context never change"
        yield f"{len(constant)} {which} ({list_names(constant)}): nothing can be learned from them."
