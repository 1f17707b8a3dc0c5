"""What a request for privacy takes out of log lines: one event, or one value of a feature."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from shared.intake.keys import spellings
from shared.log import feature_names, line_pieces, log_line
from shared.log.array_projection import LONGEST_AS_SENT, project
from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_SLOTS

_FEATURES = line_pieces.FEATURES.decode()
_ID_OF_ACTION = (DOCUMENT_ACTIONS, "i")
_MAX_TEXT = 256
"""Longer texts were cut to this when they were logged."""
_MOST_ALIKE, _MOST_NAMED = 10_000, 20
_MOST_AROUND = 16
"""So many dots of a name, the last ones, may be between names."""

type _Path = tuple[str, ...]
"""Names of objects and lists, the outermost first."""

_ROOTS: Mapping[_Path, str] = {
    ("FromUrl",): "context",
    (DOCUMENT_ACTIONS, "j"): "action",
    (DOCUMENT_SLOTS, "s"): "slot",
}
"""Where features stand in a line, and what warnings and explanations call that."""


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
        name: Its own, such as `mail`, or with names around it, as the breakdown by context has it: `user.mail`. It may
            begin with `context`, `action` or `slot`.
        value: As it was sent: a text, a number, true or false, null, or an array of numbers.
        namespace: Only directly inside an object, or a list of features, under this name; None for anywhere.
    """

    name: str
    value: Any
    namespace: str | None = None
    _logged: Sequence[Any] = field(init=False, repr=False, compare=False)
    _own_names: frozenset[str] = field(init=False, repr=False, compare=False)
    """What the feature may be called in the log by itself."""
    forms: Sequence[Sequence[bytes]] = field(init=False, repr=False, compare=False)
    """The texts, as of an `EventTarget`: each form is one way to take the name apart."""

    before = None
    """They stand anywhere."""

    def __post_init__(self) -> None:
        """Find out once what name and value may have become in the log."""
        value = (line_pieces.text(self.value[:_MAX_TEXT]),) if isinstance(self.value, str) else ()
        parts = _take_apart(self.name)
        own_names = (form for _, own in parts for form in feature_names.list_logged_forms(own))
        object.__setattr__(self, "_logged", _list_logged_values(self.value))
        object.__setattr__(self, "_own_names", frozenset(own_names))
        object.__setattr__(self, "forms", [(*_around(outer), _end_of_name(own), *value) for outer, own in parts])

    @property
    def secrets(self) -> Sequence[str]:
        """The texts that no other document may quote."""
        return (self.value[:_MAX_TEXT] if isinstance(self.value, str) else json.dumps(self.value),)

    def may_be_in(self, line: bytes) -> bool:
        """Whether a line holds the texts of a form, without which its event has not the feature."""
        return any(all(text in line for text in form) for form in self.forms)

    def is_among(self, features: "FeaturesByName") -> bool:
        """Whether an event has the feature, by the features that `read_by_name` has read."""
        places = ((around, name, value) for name in self._own_names for around, value in features.get(name, ()))
        return any(self._is(name, value, around) for around, name, value in places)

    def redact(self, line: bytes) -> bytes | None:
        """What is left of a line that holds the texts; None if the line is unreadable and goes."""
        try:
            text = line.decode()
            if (read := _read_features(text)) is None:
                return line
        except ValueError:
            return None
        features, start, end = read
        if not self._strip(features, ()):
            return line
        return (text[:start] + json.dumps(features, ensure_ascii=False, separators=(",", ":")) + text[end:]).encode()

    def note_alike(self, line: bytes, alike: "NamesAlike") -> None:
        """Note the names of a line's features that are like that of this one, which the line has not."""
        end = self.name.rpartition(".")[2].lower()
        has_text = isinstance(self.value, str) and self.forms[0][-1] in line
        if alike.is_full or not (has_text or _end_of_name(end) in line.lower()):
            return
        try:
            features = read_by_name(line)
        except ValueError:  # unreadable
            return
        for own, places in features.items():
            for around, value in places:
                name = None if isinstance(value, dict) else _name_of((*around, own))
                if name is not None and isinstance(value, str) and value in self._logged:
                    alike.with_text.add(name)
                elif name is not None and own.lower().endswith(end):
                    alike.with_end.append(name)
                    alike.has_name |= self._is_at(self.name, (*around, own))

    def _strip(self, node: Any, around: _Path) -> int:
        """Take the feature out of a piece of a document; gives how often it was there. Ids of actions stay."""
        if isinstance(node, list):
            return sum(self._strip(element, around) for element in node)
        if not isinstance(node, dict):
            return 0
        matches = [name for name, value in node.items() if self._is(name, value, around)]
        for name in matches:
            del node[name]
        below = ((name, value) for name, value in node.items() if (*around[-1:], name) != _ID_OF_ACTION)
        return len(matches) + sum(self._strip(value, (*around, name)) for name, value in below)

    def _is(self, name: str, value: Any, around: _Path) -> bool:
        """Whether a feature is the target."""
        if name.startswith("_") or name not in self._own_names:
            return False
        return any(_is_same(value, wanted) for wanted in self._logged) and self._is_at(self.name, (*around, name))

    def _is_at(self, name: str, path: _Path) -> bool:
        """Whether a path ends with a name, and directly before that with the namespace."""
        if not path:
            return False
        *around, last = path
        ends_here = name == _ROOTS.get(path) or last in feature_names.list_logged_forms(name)
        if ends_here and self._is_namespace(around[-1] if around else None):
            return True
        parts = _take_apart(name)[1:]
        return any(
            last in feature_names.list_logged_forms(own) and self._is_at(outer, (*around,)) for outer, own in parts
        )

    def _is_namespace(self, inside: str | None) -> bool:
        return self.namespace is None or inside in (self.namespace, feature_names.cut(self.namespace))


@lru_cache(256)
def _take_apart(name: str) -> Sequence[tuple[str, str]]:
    """List what may stand around a feature of a name, and what its own name is then: first nothing, and all of it.

    A dot may be between two names, or part of one.
    """
    dots = [place for place, character in enumerate(name) if character == "."][-_MOST_AROUND:]
    return [("", name), *((name[:dot], name[dot + 1 :]) for dot in dots)]


def _around(outer: str) -> Sequence[bytes]:
    """The texts of names that stand around a feature, as every line with it holds them."""
    if not outer or outer in _ROOTS.values() or feature_names.common_part(outer) is not None:
        return ()
    return (_end_of_name(outer.rpartition(".")[2]),)


def _end_of_name(name: str) -> bytes:
    """The text that every line with a name holds, whatever the name may have become in the log."""
    common = feature_names.common_part(name)
    return line_pieces.text(name)[1:] + b":" if common is None else line_pieces.text(common)[1:-1]


def _name_of(path: _Path) -> str | None:
    """Name a feature as the breakdown by context does, others behind `action` or `slot`; None for no feature."""
    for length in (1, 2):
        root, names = _ROOTS.get(path[:length]), path[length:]
        if root and names and not any(name.startswith("_") for name in names):
            return ".".join(names if root == "context" else (root, *names))
    return None


@dataclass(slots=True)
class NamesAlike:
    """Names in a log where a feature was looked for and not found, in case another one was meant.

    Attributes:
        has_name: Whether there is a feature of the very name, with another value.
        with_end: Names that end like it, each as often as it was seen.
        with_text: Names under which the text is held that was looked for.
    """

    has_name: bool = False
    with_end: list[str] = field(default_factory=list)
    with_text: set[str] = field(default_factory=set)

    @property
    def is_full(self) -> bool:
        """Whether enough was seen."""
        return len(self.with_end) + len(self.with_text) >= _MOST_ALIKE

    def list_names(self) -> list[str]:
        """List names that may be meant; if the name itself is one of the log, only those that hold the text."""
        return sorted({*self.with_text, *(() if self.has_name else self.with_end)})[:_MOST_NAMED]


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
type FeaturesByName = Mapping[str, Sequence[tuple[_Path, Any]]]
"""The features of an event by their own names: each one's names around it, the outermost first, and its value."""


def read_by_name(line: bytes) -> FeaturesByName:
    """Read the features of a line's event once for many targets: in the context, in actions, in slots.

    Raises:
        ValueError: The line is unreadable.
    """
    features = defaultdict[str, list[tuple[_Path, Any]]](list)
    nodes = list[tuple[Any, _Path]]()
    if (read := _read_features(line.decode())) is not None:
        nodes.append((read[0], ()))
    while nodes:
        node, around = nodes.pop()
        if isinstance(node, list):
            nodes += ((element, around) for element in node)
        elif isinstance(node, dict):
            for name, value in node.items():
                features[name].append((around, value))
                if (*around[-1:], name) != _ID_OF_ACTION:
                    nodes.append((value, (*around, name)))
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
