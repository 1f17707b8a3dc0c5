"""A profile of a loop's features, from a small sample of events: names, and hashes of values, never values.

The sample is the first 200 logged events, and then the first few of each minute, however time is cut into log blobs.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from shared.log.line_keys import DOCUMENT_ACTIONS, DOCUMENT_SLOTS
from shared.stored_names import store_under
from shared.stored_objects import GrowingStoredObject
from shared.times import DAY, HOUR, MINUTE

_AT_FIRST, _A_MINUTE = 200, 6
_MOST_NAMES = 200
_MOST_FEATURES = 200
"""Sampled features of one event."""
_MOST_ACTIONS = 3
"""Sampled actions of one event, and sampled slots."""
_SKETCH = 32
_HASH_BYTES, _HASHES = 5, 1 << 40
_LARGE = 100_000
"""Whole numbers from here on count as ids or moments, not as amounts."""
_FORGOTTEN_AFTER_US = 12 * HOUR
_VARIED_FOR_US = 8 * DAY
_ENOUGH_EVENTS = 200


@dataclass(slots=True)
class Values(GrowingStoredObject):
    """The values of one feature.

    Attributes:
        count: How many values the sample has.
        names: How many of the values are texts or large whole numbers, which could name something.
        sketch: The smallest hashes of the values, sorted: the number of different values follows from them.
        again: How many values had a hash that was in the sketch when they came.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = store_under(count="seen")

    count: int = 0
    names: int = 0
    sketch: list[int] = field(default_factory=list)
    again: int = 0

    def add(self, value: Any) -> None:
        """Count a value."""
        self.count += 1
        self.names += _is_name(value)
        mark = _mark(value)
        place = bisect_left(self.sketch, mark)
        if place == _SKETCH:
            return
        if place < len(self.sketch) and self.sketch[place] == mark:
            self.again += 1
            return
        self.sketch.insert(place, mark)
        del self.sketch[_SKETCH:]

    def plus(self, other: "Values") -> "Values":
        """The values of both."""
        sketch = sorted({*self.sketch, *other.sketch})[:_SKETCH]
        again = self.again + other.again + len({*self.sketch} & {*other.sketch})
        return Values(self.count + other.count, self.names + other.names, sketch, again)

    @property
    def different(self) -> int:
        """The number of different values; an estimate above 31."""
        if len(self.sketch) < _SKETCH:
            return len(self.sketch)
        return round((_SKETCH - 1) / (self.sketch[-1] / _HASHES))


@dataclass(slots=True)
class Sample(GrowingStoredObject):
    """The features of sampled events.

    Attributes:
        from_us: When the first event arrived.
        events: Sampled events.
        actions: Sampled actions of these events.
        slots: Sampled slots of these events.
        choices: Events with more than one action.
        alike: Events with more than one action, all with the same features.
        values: By `context.`, `action.` or `slot.` and the path to the feature.
        namespaces: In how many events each namespace occurs.
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
        """Add an event.

        Args:
            document: The event's features as they are logged.
            number: Decides which actions and slots of the event are sampled.
        """
        self.events += 1  # also if its features have another form, so that the first events are not endless
        actions, slots = document.get(DOCUMENT_ACTIONS, ()), document.get(DOCUMENT_SLOTS, ())
        some_actions, some_slots = _some(actions, number), _some(slots, number)
        features = _SampledFeatures()
        features.collect(document.get("FromUrl", ()), "context.", "FromUrl")
        for action in some_actions:
            features.collect(action.get("j", ()), "action.", "j")
        for slot in some_slots:
            features.collect(slot.get("s", ())[1:], "slot.", "s")  # the first holds its id
        self.actions += len(some_actions)
        self.slots += len(some_slots)
        self.choices += len(actions) > 1
        self.alike += len(actions) > 1 and all(action.get("j") == actions[0].get("j") for action in actions)
        self._count(features)

    def plus(self, other: "Sample") -> "Sample":
        """The events of both."""
        names = dict.fromkeys([*self.values, *other.values])
        values = {name: self.values.get(name, Values()).plus(other.values.get(name, Values())) for name in names}
        spaces = dict.fromkeys([*self.namespaces, *other.namespaces])
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

    def _count(self, features: "_SampledFeatures") -> None:
        for name, value in features.named:
            if name not in self.values:
                if len(self.values) == _MOST_NAMES:
                    continue
                self.values[name] = Values()
            self.values[name].add(value)
        for space in features.namespaces:
            if space in self.namespaces or len(self.namespaces) < _MOST_NAMES:
                self.namespaces[space] = self.namespaces.get(space, 0) + 1


@dataclass(slots=True)
class Profile(GrowingStoredObject):
    """A sample of about the last day, in two halves, of which the older one is forgotten.

    Attributes:
        up_to_us: The log position: events that arrived earlier are sampled or passed over.
        minute: The minute of the last event.
        events_in_minute: Events of that minute so far.
        since_us: When the first event of all came.
        varied: When it was last seen of features that they do not always have the same value; in the last 8 days.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = store_under(events_in_minute="taken")

    up_to_us: int = 0
    minute: int = 0
    events_in_minute: int = 0
    current: Sample = field(default_factory=Sample)
    previous: Sample = field(default_factory=Sample)
    since_us: int = 0
    varied: dict[str, int] = field(default_factory=dict)

    def takes(self, at_us: int) -> bool:
        """Whether an event belongs to the sample; must be called for each logged event, in order of arrival."""
        if at_us < self.up_to_us:
            return False
        if at_us // MINUTE != self.minute:
            self.minute, self.events_in_minute = at_us // MINUTE, 0
        self.events_in_minute += 1
        return self.events_in_minute <= _A_MINUTE or self.current.events + self.previous.events < _AT_FIRST

    def add(self, at_us: int, document: Mapping[str, Any]) -> None:
        """Add an event of the sample."""
        half = self.current
        if half.events >= _ENOUGH_EVENTS and at_us // _FORGOTTEN_AFTER_US > half.from_us // _FORGOTTEN_AFTER_US:
            self._note_varied(at_us)
            self.current, self.previous = Sample(), half
        if not self.current.events:
            self.current.from_us = at_us
        self.since_us = self.since_us or self.from_us
        self.current.add(document, at_us)

    @property
    def from_us(self) -> int:
        """When the oldest event of the profile arrived."""
        return self.previous.from_us if self.previous.events else self.current.from_us

    @property
    def sample(self) -> Sample:
        """The events of both halves."""
        return self.current.plus(self.previous)

    @property
    def knows_days(self) -> bool:
        """Whether it has seen the hours and a change of the day; 12 hours after the first day, or earlier."""
        return self.current.from_us - self.since_us >= DAY

    def _note_varied(self, at_us: int) -> None:
        varied = {name: at_us for name, values in self.sample.values.items() if values.different > 1}
        recent = {name: us for name, us in self.varied.items() if us >= at_us - _VARIED_FOR_US}
        newest = sorted({**recent, **varied}.items(), key=lambda item: -item[1])
        self.varied = dict(newest[:_MOST_NAMES])


class _SampledFeatures:
    """The sampled features of one event, named and in the order of the event, and their namespaces."""

    def __init__(self) -> None:
        self.named: list[tuple[str, Any]] = []
        self.namespaces: dict[str, None] = {}

    def collect(self, node: Any, path: str, space: str) -> None:
        """Add the features of an object, or of a list of objects."""
        for group in [node] if isinstance(node, dict) else node:
            for name, value in group.items():
                self._add(name, value, path, space)

    def _add(self, name: str, value: Any, path: str, space: str) -> None:
        if len(self.named) >= _MOST_FEATURES:
            return
        if isinstance(value, dict):
            self.collect(value, f"{path}{name}.", name)
            return
        self.namespaces[name if isinstance(value, list) else space] = None
        self.named.append((path + name, value))


def _some[Item](items: Sequence[Item], number: int) -> Sequence[Item]:
    """At most three of the items; the number decides which."""
    if len(items) <= _MOST_ACTIONS:
        return items
    return [items[(number + place * len(items) // _MOST_ACTIONS) % len(items)] for place in range(_MOST_ACTIONS)]


def _is_name(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, int | float) and abs(value) >= _LARGE and value == int(value)


def _mark(value: Any) -> int:
    """A hash of a value, the same in every process; a number and its text have different hashes."""
    text = value if isinstance(value, str) else f"\0{value!r}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).digest())
