"""What a request for privacy takes out of log lines: one event, or one value of a feature."""

import json
from dataclasses import dataclass, fields, is_dataclass, replace
from json.encoder import encode_basestring
from typing import Any

from shared.log import log_line

_FEATURES = ',"c":{'
_MAX_TEXT = 256
"""Longer texts were cut to this when they were logged."""


@dataclass(frozen=True, slots=True)
class EventTarget:
    """All lines of one event: its own and those of its late rewards."""

    event_id: str

    @property
    def texts(self) -> tuple[bytes, ...]:
        """What every line that it may be in holds."""
        return (b'"EventId":' + _text(self.event_id),)

    @property
    def told(self) -> str:
        """What a text must not hold."""
        return self.event_id

    def redacted(self, line: bytes) -> bytes | None:
        """What is left of a line that holds the texts; None if it goes."""
        try:
            return line if log_line.read(line).event_id != self.event_id else None
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

    @property
    def texts(self) -> tuple[bytes, ...]:
        """What every line that it may be in holds."""
        named = _text(self.name)[1:] + b":"
        return (named, _text(self.value[:_MAX_TEXT])) if isinstance(self.value, str) else (named,)

    @property
    def told(self) -> str:
        """What a text must not hold."""
        return self.value[:_MAX_TEXT] if isinstance(self.value, str) else json.dumps(self.value)

    def redacted(self, line: bytes) -> bytes | None:
        """What is left of a line that holds the texts; None if it goes, since nobody can read it."""
        try:
            text = line.decode()
            if (start := text.find(_FEATURES)) < 0:
                return line
            features, end = json.JSONDecoder().raw_decode(text, start := start + len(_FEATURES) - 1)
        except ValueError:
            return None
        if not self._strip(features, None):
            return line
        return (text[:start] + json.dumps(features, ensure_ascii=False, separators=(",", ":")) + text[end:]).encode()

    def _strip(self, node: Any, inside: str | None) -> int:
        """Take the feature out of a piece of a document; gives how often it was there. Ids of actions are none."""
        if isinstance(node, list):
            return sum(self._strip(one, inside) for one in node)
        if not isinstance(node, dict):
            return 0
        going = [name for name, value in node.items() if self._is(name, value, inside)]
        for name in going:
            del node[name]
        below = ((name, value) for name, value in node.items() if (inside, name) != ("_multi", "i"))
        return len(going) + sum(self._strip(value, name) for name, value in below)

    def _is(self, name: str, value: Any, inside: str | None) -> bool:
        """Whether a feature is the one; names that the learner could not take were logged with `~` before them."""
        if self.namespace not in (None, inside) or name.startswith("_"):
            return False
        meant = self.value[:_MAX_TEXT] if isinstance(self.value, str) else self.value
        return name in (self.name, f"~{self.name}", f"~~{self.name}") and _is_same(value, meant)


type Target = EventTarget | FeatureTarget


def without_id[Document](document: Document, event_id: str) -> Document:
    """A document of the loop in which no model names an event as its first or its last one."""
    if not is_dataclass(document) or isinstance(document, type):
        return document
    told = {field.name: getattr(document, field.name) for field in fields(document)}
    return replace(document, **{name: _forgotten(name, value, event_id) for name, value in told.items()})


def _forgotten(name: str, value: Any, event_id: str) -> Any:
    if name in ("first_event_id", "last_event_id") and value == event_id:
        return None
    return tuple(without_id(one, event_id) for one in value) if type(value) is tuple else without_id(value, event_id)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _text(value: str) -> bytes:
    return encode_basestring(value).encode()
