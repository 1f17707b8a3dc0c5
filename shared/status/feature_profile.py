"""What the features of a loop look like, from a small sample of its events: names, and hashes of values, never values.

The sample is the first few logged events of each minute, so that it does not depend on how time was cut into parts.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_SLOTS
from shared.times import HOUR, MINUTE

_A_MINUTE = 6
_MOST_NAMES = 200
_MOST_LOOKED_AT = 200
"""Features of one event."""
_MOST_LOOKED_AT_ONCE = 3
"""Actions, and slots, of one event."""
_SKETCH = 32
_HASH_BYTES, _HASHES = 5, 1 << 40
_LARGE = 100_000
"""Whole numbers from here on are rather ids or moments than amounts."""
_FORGOTTEN_AFTER_US = 12 * HOUR
_ENOUGH_EVENTS = 200


@dataclass(slots=True)
class Values:
    """The values that one feature had.

    Attributes:
        seen: How often it was there.
        names: How often its value was a text or a large whole number, which could be the name of something.
        sketch: The smallest hashes of its values, sorted: from them follows how many different ones there were.
    """

    seen: int = 0
    names: int = 0
    sketch: list[int] = field(default_factory=list)

    def add(self, value: Any) -> None:
        """Count one value."""
        self.seen += 1
        self.names += _is_name(value)
        mark = _mark(value)
        place = bisect_left(self.sketch, mark)
        if place == _SKETCH or (place < len(self.sketch) and self.sketch[place] == mark):
            return
        self.sketch.insert(place, mark)
        del self.sketch[_SKETCH:]

    def with_(self, other: "Values") -> "Values":
        """Both together."""
        sketch = sorted({*self.sketch, *other.sketch})[:_SKETCH]
        return Values(self.seen + other.seen, self.names + other.names, sketch)

    @property
    def different(self) -> int:
        """How many different values there were, roughly if there were more than 31."""
        if len(self.sketch) < _SKETCH:
            return len(self.sketch)
        return round((_SKETCH - 1) / (self.sketch[-1] / _HASHES))


@dataclass(slots=True)
class Sample:
    """Events of a stretch of time.

    Attributes:
        from_us: When the first one arrived.
        events: How many events were looked at.
        actions: How many of their actions were.
        slots: How many of their slots were.
        choices: Events with more than one action.
        alike: Those of them whose actions have all the same features.
        values: By `context.`, `action.` or `slot.` and the way to the feature.
        namespaces: In how many of the events each was there.
    """

    from_us: int = 0
    events: int = 0
    actions: int = 0
    slots: int = 0
    choices: int = 0
    alike: int = 0
    values: dict[str, Values] = field(default_factory=dict)
    namespaces: dict[str, int] = field(default_factory=dict)

    def add(self, document: Mapping[str, Any], number: int) -> None:
        """Look at one event.

        Args:
            document: Its features as they are logged.
            number: Which of its actions and slots are looked at follows from it.
        """
        actions, slots = document.get(DOCUMENT_ACTIONS, ()), document.get(DOCUMENT_SLOTS, ())
        some_actions, some_slots = _some(actions, number), _some(slots, number)
        looked = _Looked()
        looked.into(document.get("FromUrl", ()), "context.", "FromUrl")
        for action in some_actions:
            looked.into(action.get("j", ()), "action.", "j")
        for slot in some_slots:
            looked.into(slot.get("s", ())[1:], "slot.", "s")  # the first holds its id
        self.events += 1
        self.actions += len(some_actions)
        self.slots += len(some_slots)
        self.choices += len(actions) > 1
        self.alike += len(actions) > 1 and all(one.get("j") == actions[0].get("j") for one in actions)
        self._count(looked)

    def with_(self, other: "Sample") -> "Sample":
        """Both together."""
        names = {*self.values, *other.values}
        values = {name: self.values.get(name, Values()).with_(other.values.get(name, Values())) for name in names}
        spaces = {*self.namespaces, *other.namespaces}
        return Sample(
            min(self.from_us, other.from_us) if other.events else self.from_us,
            self.events + other.events,
            self.actions + other.actions,
            self.slots + other.slots,
            self.choices + other.choices,
            self.alike + other.alike,
            values,
            {space: self.namespaces.get(space, 0) + other.namespaces.get(space, 0) for space in spaces},
        )

    def _count(self, looked: "_Looked") -> None:
        for name, value in looked.features:
            if name not in self.values:
                if len(self.values) == _MOST_NAMES:
                    continue
                self.values[name] = Values()
            self.values[name].add(value)
        for space in looked.namespaces:
            if space in self.namespaces or len(self.namespaces) < _MOST_NAMES:
                self.namespaces[space] = self.namespaces.get(space, 0) + 1


@dataclass(slots=True)
class Profile:
    """A sample that forgets: that of about the last day, in two halves.

    Attributes:
        up_to_us: The log position: what arrived earlier was looked at, or passed over.
        minute: The last minute of which an event was looked at.
        taken: How many of that minute were.
    """

    up_to_us: int = 0
    minute: int = 0
    taken: int = 0
    current: Sample = field(default_factory=Sample)
    previous: Sample = field(default_factory=Sample)

    def takes(self, at_us: int) -> bool:
        """Whether an event belongs to the sample; to be asked of each logged event, in order of arrival."""
        if at_us < self.up_to_us:
            return False
        if at_us // MINUTE != self.minute:
            self.minute, self.taken = at_us // MINUTE, 0
        self.taken += 1
        return self.taken <= _A_MINUTE

    def add(self, at_us: int, document: Mapping[str, Any]) -> None:
        """Look at an event of the sample."""
        half = self.current
        if half.events >= _ENOUGH_EVENTS and at_us // _FORGOTTEN_AFTER_US > half.from_us // _FORGOTTEN_AFTER_US:
            self.current, self.previous = Sample(), half
        if not self.current.events:
            self.current.from_us = at_us
        self.current.add(document, at_us)

    @property
    def from_us(self) -> int:
        """When the oldest event arrived that it knows something of."""
        return self.previous.from_us if self.previous.events else self.current.from_us

    @property
    def sample(self) -> Sample:
        """All that it knows."""
        return self.current.with_(self.previous)


class _Looked:
    """The features of one event, as many of them as are looked at."""

    def __init__(self) -> None:
        self.features: list[tuple[str, Any]] = []
        self.namespaces: set[str] = set()

    def into(self, node: Any, way: str, space: str) -> None:
        """Look into an object of features, or into a list of such."""
        for group in [node] if isinstance(node, dict) else node:
            for name, value in group.items():
                self._feature(name, value, way, space)

    def _feature(self, name: str, value: Any, way: str, space: str) -> None:
        if len(self.features) >= _MOST_LOOKED_AT:
            return
        if isinstance(value, dict):
            self.into(value, f"{way}{name}.", name)
            return
        self.namespaces.add(name if isinstance(value, list) else space)
        self.features.append((way + name, value))


def _some[Item](items: Sequence[Item], number: int) -> Sequence[Item]:
    """A few of the items, others for another number."""
    if len(items) <= _MOST_LOOKED_AT_ONCE:
        return items
    return [
        items[(number + place * len(items) // _MOST_LOOKED_AT_ONCE) % len(items)]
        for place in range(_MOST_LOOKED_AT_ONCE)
    ]


def _is_name(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, int | float) and abs(value) >= _LARGE and value == int(value)


def _mark(value: Any) -> int:
    """A hash that is the same in every process; numbers are told from texts."""
    text = value if isinstance(value, str) else f"\0{value!r}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).digest())
