"""What a request for privacy takes out of log lines: one event, or one value of a feature."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from shared.intake.keys import spellings
from shared.log import feature_names, line_pieces, log_line
from shared.log.array_projection import LONGEST_AS_SENT, project
from shared.log.line_keys import DOCUMENT_ACTIONS

_FEATURES = line_pieces.FEATURES.decode()
_ID_OF_ACTION = (DOCUMENT_ACTIONS, "i")
_MAX_TEXT = 256
"""Longer texts were cut to this when they were logged."""


@dataclass(frozen=True, slots=True)
class EventTarget:
    """All lines of one event: its own and those of its late rewards."""

    event_id: str
    forms: Sequence[Sequence[bytes]] = field(init=False, repr=False, compare=False)
    """The texts of which a line of the event holds all of one form: the id in one of its spellings."""

    before = line_pieces.FEATURES
    """They stand before this one, if the line has it."""

    def __post_init__(self) -> None:
        """Write the forms once, for every line is compared with them."""
        object.__setattr__(self, "forms", [(line_pieces.event_id(each),) for each in spellings(self.event_id)])

    @property
    def secrets(self) -> Sequence[str]:
        """The texts that no other document may quote."""
        return spellings(self.event_id)

    def redact(self, line: bytes) -> bytes | None:
        """What is left of a line that holds the texts; None if the line goes."""
        try:
            return line if log_line.read_ids(line).event_id not in spellings(self.event_id) else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class FeatureTarget:
    """A feature, wherever it has a certain value: in the context, in actions, in slots.

    Attributes:
        value: As it was sent: a text, a number, true or false, null, or an array of numbers.
        namespace: Only directly inside an object, or a list of features, under this name; None for anywhere.
    """

    name: str
    value: Any
    namespace: str | None = None
    _logged: Sequence[Any] = field(init=False, repr=False, compare=False)

    before = None
    """They stand anywhere."""

    def __post_init__(self) -> None:
        """Find out once what the value may have become in the log."""
        object.__setattr__(self, "_logged", _list_logged_values(self.value))

    @property
    def texts(self) -> tuple[bytes, ...]:
        """The texts that every line with the feature holds."""
        common = feature_names.common_part(self.name)
        named = line_pieces.text(self.name)[1:] + b":" if common is None else line_pieces.text(common)[1:-1]
        return (named, line_pieces.text(self.value[:_MAX_TEXT])) if isinstance(self.value, str) else (named,)

    @property
    def forms(self) -> Sequence[Sequence[bytes]]:
        """The texts, as of an `EventTarget`; there is only one form."""
        return (self.texts,)

    @property
    def secrets(self) -> Sequence[str]:
        """The texts that no other document may quote."""
        return (self.value[:_MAX_TEXT] if isinstance(self.value, str) else json.dumps(self.value),)

    def may_be_in(self, line: bytes) -> bool:
        """Whether a line holds the texts, without which its event has not the feature."""
        return all(text in line for text in self.texts)

    def is_among(self, features: "FeaturesByName") -> bool:
        """Whether an event has the feature, by the features that `read_by_name` has read."""
        names = feature_names.list_logged_forms(self.name)
        return any(self._is(name, value, inside) for name in names for inside, value in features.get(name, ()))

    def redact(self, line: bytes) -> bytes | None:
        """What is left of a line that holds the texts; None if the line is unreadable and goes."""
        try:
            text = line.decode()
            if (read := _read_features(text)) is None:
                return line
        except ValueError:
            return None
        features, start, end = read
        if not self._strip(features, None):
            return line
        return (text[:start] + json.dumps(features, ensure_ascii=False, separators=(",", ":")) + text[end:]).encode()

    def _strip(self, node: Any, inside: str | None) -> int:
        """Take the feature out of a piece of a document; gives how often it was there. Ids of actions stay."""
        if isinstance(node, list):
            return sum(self._strip(element, inside) for element in node)
        if not isinstance(node, dict):
            return 0
        matches = [name for name, value in node.items() if self._is(name, value, inside)]
        for name in matches:
            del node[name]
        below = ((name, value) for name, value in node.items() if (inside, name) != _ID_OF_ACTION)
        return len(matches) + sum(self._strip(value, name) for name, value in below)

    def _is(self, name: str, value: Any, inside: str | None) -> bool:
        """Whether a feature is the target."""
        if name.startswith("_") or not self._is_namespace(inside):
            return False
        if name not in feature_names.list_logged_forms(self.name):
            return False
        return any(_is_same(value, wanted) for wanted in self._logged)

    def _is_namespace(self, inside: str | None) -> bool:
        return self.namespace is None or inside in (self.namespace, feature_names.cut(self.namespace))


def _read_features(text: str) -> tuple[Any, int, int] | None:
    """The features of a line, and from where to where their text stands in it; None if it has none.

    Raises:
        ValueError: The line is unreadable.
    """
    if (start := text.find(_FEATURES)) < 0:
        return None
    features, end = json.JSONDecoder().raw_decode(text, start := start + len(_FEATURES) - 1)
    return features, start, end


type Target = EventTarget | FeatureTarget
type FeaturesByName = Mapping[str, Sequence[tuple[str | None, Any]]]
"""The features of an event by their names: each one's namespace, if it stands in any, and its value."""


def read_by_name(line: bytes) -> FeaturesByName:
    """Read the features of a line's event once for many targets: in the context, in actions, in slots.

    Raises:
        ValueError: The line is unreadable.
    """
    features = defaultdict[str, list[tuple[str | None, Any]]](list)
    nodes = list[tuple[Any, str | None]]()
    if (read := _read_features(line.decode())) is not None:
        nodes.append((read[0], None))
    while nodes:
        node, inside = nodes.pop()
        if isinstance(node, list):
            nodes += ((element, inside) for element in node)
        elif isinstance(node, dict):
            for name, value in node.items():
                features[name].append((inside, value))
                if (inside, name) != _ID_OF_ACTION:
                    nodes.append((value, name))
    return features


def without_id[Document](document: Document, event_id: str) -> Document:
    """A document of the loop in which no model, in unknown members too, names an event as its first or its last one."""
    if not is_dataclass(document) or isinstance(document, type):
        return document
    values = {each.name: getattr(document, each.name) for each in fields(document)}
    return replace(document, **{name: _without_id(name, value, event_id) for name, value in values.items()})


def _without_id(name: str, value: Any, event_id: str) -> Any:
    if name in ("first_event_id", "last_event_id") and value in spellings(event_id):
        return None
    if isinstance(value, dict):
        return {member: _without_id(member, element, event_id) for member, element in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_without_id("", element, event_id) for element in value)
    return without_id(value, event_id)


def _list_logged_values(value: Any) -> Sequence[Any]:
    """What a value may have become in the log; earlier versions logged long arrays as they were sent."""
    if isinstance(value, str):
        return (value[:_MAX_TEXT],)
    if isinstance(value, list) and len(value) > LONGEST_AS_SENT:
        return value, project(value)
    return (value,)


def _is_same(value: Any, other: Any) -> bool:
    """Whether two JSON values are the same; true is not 1."""
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)
