"""The one gate from a request's features to Vowpal Wabbit: what passes here is ranked, logged and trained on.

Written for speed: features that are fine, as nearly all are, are checked once and not copied.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from shared.learner.cleaning import MAX_DEPTH, MAX_FEATURES, MAX_TEXT, InvalidFeatures, clean, is_usable
from shared.learner.feature_counts import Question
from shared.log.array_projection import LONGEST_AS_SENT
from shared.log.feature_numbers import LARGEST, SMALLEST
from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_CONTEXT, DOCUMENT_SLOTS, member

__all__ = [
    "DocumentPieces",
    "InvalidFeatures",
    "SlotsDocument",
    "action_text",
    "context_text",
    "document",
    "slots_document",
    "whole",
]

_DOCUMENT_SLOTS = member(DOCUMENT_SLOTS)
_CONTEXT_BEGINS = b"{" + member(DOCUMENT_CONTEXT)
_ACTIONS_BEGIN = b"," + member(DOCUMENT_ACTIONS) + b"["
_CONTEXT, _ACTIONS, _SLOTS = "contextFeatures", "actions", "slots"
_LARGEST = float(LARGEST)
"""Floats are compared with floats: that is faster."""
_MUST_CHANGE = -(10**12)
"""In place of a count: so small that no sum with it becomes positive."""
_plain_names: set[str] = set()
"""Names that can stay as they are: a search in this set is faster than a check of the name."""
_MAX_PLAIN_NAMES, _MAX_PLAIN_LENGTH = 4096, 64


def document(
    context_features: list[Any], actions: Sequence[tuple[str, list[Any]]], positions: Sequence[int] | None = None
) -> bytes:
    """The features of one event as the JSON text that VW reads, on one line.

    Args:
        context_features: As parsed from JSON by orjson.
        actions: Id and features of each action that may be chosen, in the order of the request.
        positions: The actions' positions in the request, for places in errors; if not given, from 0 on.

    Raises:
        InvalidFeatures: Features that the API does not take; names the place.
    Source: the layout is the old service's, so that models and logs can be exchanged with it.
    """
    where = positions or range(len(actions))
    return orjson.dumps(_context_and_actions(context_features, actions, where))


class DocumentPieces(NamedTuple):
    """A document in pieces, of which some come again.

    Attributes:
        context: From `context_text`.
        actions: From `action_text`, in the order of the request; no two are the same.
        passing: Those of the actions of which nobody knows whether they come again.
    """

    context: bytes
    actions: Sequence[bytes]
    passing: Collection[bytes]


def context_text(context_features: list[Any]) -> bytes:
    """The part of a document in front of its actions; arguments and errors are those of `document`."""
    return _CONTEXT_BEGINS + orjson.dumps(_usable(context_features))


def action_text(name: str, features: list[Any]) -> bytes:
    """The part of a document that is one action; arguments and errors are those of `document`."""
    return orjson.dumps(_context_and_actions([], [(name, features)], [0])[DOCUMENT_ACTIONS][0])


def whole(context: bytes, actions: Iterable[bytes]) -> bytes:
    """The document of a context's and of actions' parts, the same as `document` makes."""
    return b"%b%b%b]}" % (context, _ACTIONS_BEGIN, b",".join(actions))


@dataclass(frozen=True, slots=True)
class SlotsDocument:
    """The features of one multi-slot event, in pieces that are put together for the log and for each prediction.

    Attributes:
        head: Up to where the slots begin.
        slots: One JSON text a slot, without the brace it begins with.
        actions: The number of actions.
    """

    head: bytes
    slots: Sequence[bytes]
    actions: int

    def log_text(self, allowed: Sequence[Sequence[int]]) -> bytes:
        """The JSON text that is recorded and trained on, on one line; with the actions that each slot might show."""
        return self._text(map(self._inclusion, allowed))

    def question(self, times: int) -> Question:
        """What decides how long a model takes that is asked so many times."""
        return Question(self.head, self.actions, self.slots, times)

    def model_text(self, seeds: Sequence[str], offers: Sequence[Sequence[int]]) -> bytes:
        """The JSON text from which a model predicts.

        Args:
            seeds: One text a slot, from which its draw follows.
            offers: The actions that each slot may show.
        """
        tags = (b'"_tag":%b,' % orjson.dumps(f"seed={seed}") for seed in seeds)
        return self._text(map(bytes.__add__, tags, map(self._inclusion, offers)))

    def _inclusion(self, actions: Sequence[int]) -> bytes:
        """The part that lists the actions that a slot may show; empty if all actions may be shown."""
        return b"" if len(actions) == self.actions else b'"_inc":%b,' % orjson.dumps([*actions])

    def _text(self, ours: Iterable[bytes]) -> bytes:
        slots = b",".join(b"{%b%b" % (own, slot) for own, slot in zip(ours, self.slots, strict=True))
        return b"%b%b[%b]}" % (self.head, _DOCUMENT_SLOTS, slots)


def slots_document(
    context_features: list[Any],
    actions: Sequence[tuple[str, list[Any]]],
    slots: Sequence[tuple[str, list[Any]]],
) -> SlotsDocument:
    """The features of one multi-slot event.

    A slot's id is one of its features: Vowpal Wabbit distinguishes slots by their place alone, which is not enough
    where they come in another order, or some of them only.

    Args:
        context_features: As parsed from JSON by orjson.
        actions: Id and features of each action.
        slots: Id and features of each slot, which may have none.

    Raises:
        InvalidFeatures: Features that the API does not take; names the place.
    """
    head = orjson.dumps(_context_and_actions(context_features, actions, range(len(actions))))[:-1] + b","
    texts = [_slot(name, features, position) for position, (name, features) in enumerate(slots)]
    return SlotsDocument(head, texts, len(actions))


def _slot(name: str, features: list[Any], position: int) -> bytes:
    usable = _usable(features, _SLOTS, position)
    return orjson.dumps({"_id": name, "s": [{"id": name}, *usable]})[1:]


def _context_and_actions(
    context_features: list[Any], actions: Sequence[tuple[str, list[Any]]], where: Sequence[int]
) -> dict[str, Any]:
    multi = [
        {"i": {"constant": 1, "id": name}, "j": _usable(features, _ACTIONS, position)}
        for position, (name, features) in zip(where, actions, strict=True)
    ]
    return {DOCUMENT_CONTEXT: _usable(context_features), DOCUMENT_ACTIONS: multi}


def _usable(groups: list[Any], field: str = _CONTEXT, position: int = 0) -> list[Any]:
    """The groups themselves if they can stay as they are, else a cleaned copy; only the context's must not be null."""
    count = _total(groups)
    if count < 0:
        groups = clean(groups, _place(field, position), nulls=field != _CONTEXT)
        count = _total(groups)
    if count > MAX_FEATURES:
        raise InvalidFeatures(f"has {count} features; {MAX_FEATURES} are allowed", _place(field, position))
    if not groups and field == _ACTIONS:
        raise InvalidFeatures("must have at least one feature that is not null", _place(field, position))
    return groups


def _place(field: str, position: int) -> str:
    return field if field == _CONTEXT else f"{field}[{position}].features"


def _total(groups: list[Any]) -> int:
    total = 0
    for group in groups:
        total += _count(group) if type(group) is dict else _MUST_CHANGE
    return total


def _count(features: dict[str, Any], depth: int = 1) -> int:
    """Count the features of an object; less than 0 if something has to be changed or refused."""
    if not _plain_names.issuperset(features) and not _remember_plain(features):
        return _MUST_CHANGE
    count = len(features)
    for value in features.values():
        kind = type(value)
        if kind is str:
            if len(value) > MAX_TEXT:
                return _MUST_CHANGE
        elif kind is float:
            if not (SMALLEST <= value <= _LARGEST or value == 0 or -_LARGEST <= value <= -SMALLEST):
                return _MUST_CHANGE
        elif kind is int:
            if not -LARGEST <= value <= LARGEST:
                return _MUST_CHANGE
        elif kind is not bool:
            count += _count_inside(value, depth) - 1
    return count or 1


def _count_inside(value: Any, depth: int) -> int:
    kind = type(value)
    if kind is dict:
        return _count(value, depth + 1) if depth < MAX_DEPTH else _MUST_CHANGE
    if kind is list:
        is_short = len(value) <= LONGEST_AS_SENT
        return (len(value) or 1) if is_short and all(map(_is_usable_number, value)) else _MUST_CHANGE
    return 0 if value is None else _MUST_CHANGE


def _is_usable_number(value: Any) -> bool:
    return type(value) in (float, int) and (value == 0 or SMALLEST <= abs(value) <= LARGEST)


def _remember_plain(names: dict[str, Any]) -> bool:
    """Whether all names can stay as they are; remembers them, within limits, if so."""
    if not all(map(is_usable, names)):
        return False
    if len(_plain_names) > _MAX_PLAIN_NAMES:
        _plain_names.clear()
    _plain_names.update(name for name in names if len(name) <= _MAX_PLAIN_LENGTH)
    return True
