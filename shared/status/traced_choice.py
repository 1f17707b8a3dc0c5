"""The choice about an event, or about one of its slots, in the ids of the request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from shared.configuration.service_configuration import LearningMode
from shared.learner.recorded_features import read_ids
from shared.log.logged_event import LoggedEvent
from shared.log.ranked_event import RankedEvent
from shared.status import exploration
from shared.status.exploration import Exploration


@dataclass(frozen=True, slots=True)
class TracedChoice:
    """What was chosen.

    Attributes:
        slot: The slot's id; None for an event with one choice.
        action_id: The action that was to be shown.
        drawn_id: The action that was drawn; an apprentice shows the baseline instead.
        probability: The chance that the drawn action had.
        chances: Each action that could be drawn and its chance, in the order of the request.
    """

    slot: str | None
    action_id: str
    drawn_id: str
    probability: float
    chances: tuple[tuple[str, float], ...]
    exploration: Exploration


def of_ranked(event: RankedEvent) -> tuple[TracedChoice, ...]:
    """The choices about an event as it was ranked: one, or one a slot."""
    return _choices(orjson.loads(event.document), event, _draws(event))


def of_logged(event: LoggedEvent) -> tuple[TracedChoice, ...]:
    """The choices about an event in the log."""
    return _choices(
        event.features, event, ((choice.slot, choice.order, choice.probabilities) for choice in event.choices)
    )


type _Draw = tuple[str | None, Sequence[int], Sequence[float]]
"""A slot's id, the positions of the actions, counted from 0 and drawn first, and their chances."""


def _draws(event: RankedEvent) -> Iterator[_Draw]:
    if not event.slots:
        decision = event.decision()
        yield None, decision.order, decision.probabilities
        return
    for slot, choice in zip(event.slots, event.multi_slot_decision().choices, strict=True):
        yield slot, choice.order, choice.probabilities


def _choices(
    document: Mapping[str, Any], event: RankedEvent | LoggedEvent, draws: Iterator[_Draw]
) -> tuple[TracedChoice, ...]:
    ids = read_ids(document)
    baselines = event.baselines or (0,)  # without slots it is the first action
    return tuple(
        _choice(ids, baselines[place] if event.mode is LearningMode.APPRENTICE else None, event, draw)
        for place, draw in enumerate(draws)
    )


def _choice(ids: Sequence[str], shown: int | None, event: RankedEvent | LoggedEvent, draw: _Draw) -> TracedChoice:
    """One choice; `shown` is the position of the action to show, if that is not the drawn one."""
    slot, order, probabilities = draw
    chances = [(ids[position], chance) for position, chance in zip(order, probabilities, strict=True)]
    return TracedChoice(
        slot,
        ids[order[0] if shown is None else shown],
        ids[order[0]],
        probabilities[0],
        tuple((ids[position], chance) for position, chance in sorted(zip(order, probabilities, strict=True))),
        exploration.judge(event.mode, event.model_id, chances),
    )
