"""Prospects over HTTP: each action's chance, and what speaks for the likeliest action."""

from collections.abc import Iterable, Sequence
from math import fsum
from typing import Annotated, Any, Self

from pydantic import Field

from shared.learner.explanations.explanation import Contribution
from shared.learner.prospect import ActionComparison, Prospect
from shared.web.json_forms import Wire

_MOST_PARTS = 50


class ActionProspect(Wire):
    """An action's chance to be shown, and the reward that the model expects of it, before exploration."""

    id: str
    probability: Annotated[float, Field(ge=0, le=1)]
    score: float | None


class ScorePart(Wire):
    """A feature, or several together, and how much they contribute to each score."""

    name: str
    difference: float
    action: float
    other: float

    @classmethod
    def of(cls, part: Contribution) -> Self:
        """The answer about a part."""
        return cls(name=part.name, difference=part.difference, action=part.part, other=part.other)


class SmallParts(Wire):
    """The parts that are too small to be listed, added up."""

    count: int
    difference: float


class Why(Wire):
    """What speaks for the likeliest action against the next one: parts that add up to the difference of the scores."""

    action: str
    other: str | None
    difference: float
    parts: list[ScorePart]
    small_parts: SmallParts
    shared_weights: int

    @classmethod
    def of(cls, comparison: ActionComparison, ids: Sequence[str]) -> Self:
        """The answer about a comparison; `ids` are those of the actions, by position."""
        large, small = comparison.parts[:_MOST_PARTS], comparison.parts[_MOST_PARTS:]
        return cls(
            action=ids[comparison.action],
            other=None if comparison.other is None else ids[comparison.other],
            difference=comparison.difference,
            parts=[ScorePart.of(part) for part in large],
            small_parts=SmallParts(count=len(small), difference=fsum(part.difference for part in small)),
            shared_weights=comparison.shared_weights,
        )


class SlotProspect(Wire):
    """What a slot would show, if every slot before shows its likeliest action."""

    id: str
    actions: list[ActionProspect]
    why: Why | None
    because: str | None


class Chances(Wire):
    """What a model would show, and why; nothing is recorded.

    Attributes:
        model: Its id; `N/A` without one.
        exploration: The share with which an action is drawn at random.
        actions: All actions, in the order of the request; none of a multi-slot event, whose slots have them.
        because: Why nothing is explained; null if it is.
    """

    model: str
    exploration: float
    actions: list[ActionProspect]
    why: Why | None
    because: str | None
    slots: list[SlotProspect]

    @classmethod
    def of_event(
        cls, model_id: str, exploration: float, prospect: Prospect, ids: Sequence[str], all_ids: Sequence[str] = ()
    ) -> Self:
        """The answer about an event with one choice.

        Args:
            ids: Of the actions that may be shown, by their position in the prospect.
            all_ids: Of all actions, in the order to answer; if not given, `ids`.
        """
        return cls(model=model_id, exploration=exploration, **_fields(prospect, ids, all_ids or ids), slots=[])

    @classmethod
    def of_slots(
        cls, model_id: str, exploration: float, slots: Iterable[tuple[str, Prospect]], ids: Sequence[str]
    ) -> Self:
        """The answer about slots, with their ids."""
        answers = [SlotProspect(id=slot, **_fields(prospect, ids, ids)) for slot, prospect in slots]
        return cls(model=model_id, exploration=exploration, actions=[], why=None, because=None, slots=answers)


def _fields(prospect: Prospect, ids: Sequence[str], all_ids: Sequence[str]) -> dict[str, Any]:
    positions = {id_: position for position, id_ in enumerate(ids)}
    return {
        "actions": [_action(prospect, id_, positions.get(id_, -1)) for id_ in all_ids],
        "why": Why.of(prospect.comparison, ids) if prospect.comparison else None,
        "because": prospect.because,
    }


def _action(prospect: Prospect, id_: str, position: int) -> ActionProspect:
    """An action that cannot be shown has the chance 0, and no score."""
    return ActionProspect(
        id=id_, probability=min(1.0, prospect.chances.get(position, 0.0)), score=prospect.scores.get(position)
    )
