"""The features of a recorded event: as its request had them, and in the form in which a model is asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from shared.learner.features import SlotsDocument
from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_CONTEXT, DOCUMENT_SLOTS, SLOT_OFFER
from shared.ranking.slots import Slot

_ID = "_id"


class RankedSlot(NamedTuple):
    """A slot as it was ranked; `excluded` are the ids of the actions that it was not to show."""

    id: str
    features: Sequence[Any]
    excluded: Sequence[str]


@dataclass(frozen=True, slots=True)
class RankedFeatures:
    """The features of one event as they were ranked, in the shape of the request.

    Attributes:
        context: The objects of `contextFeatures`.
        actions: Id and features of each action that could be chosen, in the order of the request.
        slots: None for an event with one choice.
    """

    context: Sequence[Any]
    actions: Sequence[tuple[str, Sequence[Any]]]
    slots: Sequence[RankedSlot]


def read_features(document: Mapping[str, Any]) -> RankedFeatures:
    """The inverse of `features.document` and of `SlotsDocument.log_text`.

    Features that were cleaned stay as they were learned, and what was redacted since is not there.
    """
    ids = read_ids(document)
    return RankedFeatures(
        document.get(DOCUMENT_CONTEXT, ()),
        [*zip(ids, (action.get("j", ()) for action in document[DOCUMENT_ACTIONS]), strict=True)],
        [RankedSlot(slot[_ID], slot["s"][1:], _find_excluded(ids, slot)) for slot in document.get(DOCUMENT_SLOTS, ())],
    )


def _find_excluded(ids: Sequence[str], slot: Mapping[str, Any]) -> list[str]:
    allowed = slot.get(SLOT_OFFER)
    return [id_ for position, id_ in enumerate(ids) if position not in allowed] if allowed else []


def read_ids(document: Mapping[str, Any]) -> list[str]:
    """The ids of a document's actions, in its order."""
    return [action["i"]["id"] for action in document[DOCUMENT_ACTIONS]]


def read_slots(document: Mapping[str, Any], baselines: Sequence[int]) -> tuple[SlotsDocument, list[Slot]]:
    """The inverse of `SlotsDocument.log_text`.

    Args:
        baselines: Of each slot the position of its baseline action.
    """
    count, slots = len(document[DOCUMENT_ACTIONS]), document[DOCUMENT_SLOTS]
    others = {name: value for name, value in document.items() if name != DOCUMENT_SLOTS}
    texts = [orjson.dumps({name: value for name, value in slot.items() if name != SLOT_OFFER})[1:] for slot in slots]
    places = [
        Slot(slot[_ID], slot.get(SLOT_OFFER) or range(count), baseline)
        for slot, baseline in zip(slots, baselines, strict=True)
    ]
    return SlotsDocument(orjson.dumps(others)[:-1] + b",", texts, count), places
