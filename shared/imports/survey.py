"""A survey of a log: which actions it shows, which features change, how many rewards came."""

from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.log.line_keys import DOCUMENT_ACTIONS

_MOST_NAMES = 1000
"""Actions and features beyond so many are not followed: where names are ids, they would fill the memory."""
_LONGEST_NAME = 200
"""Longer ones are cut, and told apart by a checksum: features can make a name of megabytes, for each event another."""
_CHANGING = object()
_ID_PLACES = ("i", "id"), ("_tag",), ("id",)


class Survey:
    """What is counted over the usable events of a log.

    Attributes:
        events: How many there were.
        rewarded: Those with a reward of their own, or one that is not 0.
        without_chance: Those in which some action had no chance to be shown.
        imitated: Those whose label is not what they earned, as in apprentice mode.
        lone: Those with a single action, where there is nothing to choose.
        lowest, highest: The rewards; None without events.
        offered, shown: By action's id: in how many events the action could be, and was, shown.
    """

    def __init__(self) -> None:
        """Begin with no events."""
        self.events = self.rewarded = self.imitated = self.without_chance = self.lone = 0
        self.lowest: float | None = None
        self.highest: float | None = None
        self.offered: dict[str, int] = {}
        self.shown: dict[str, int] = {}
        self._values: dict[str, Any] = {}

    def add(self, event: EvaluatedEvent, features: Mapping[str, Any], *, has_reward: bool, earned: float) -> None:
        """Add an event with one choice.

        Args:
            features: Of the event's line (`c`).
            has_reward: Whether a reward came, or the event got only what stands for none.
            earned: What was earned, whatever the label says.
        """
        choice = event.choices[0]
        self.events += 1
        self.rewarded += has_reward or choice.reward != 0
        self.imitated += earned != choice.reward
        self.lone += choice.actions == 1
        self.without_chance += choice.exploration == 0 and choice.actions > 1
        self.lowest = choice.reward if self.lowest is None else min(self.lowest, choice.reward)
        self.highest = choice.reward if self.highest is None else max(self.highest, choice.reward)
        for position, action in enumerate(features[DOCUMENT_ACTIONS]):
            self._add_action(_name(action), is_shown=position == choice.action)
        for name, value in _context(features):
            self._add_value(name, value)

    @property
    def changing(self) -> list[str]:
        """The features of the context that have had several values."""
        return [name for name, value in self._values.items() if value is _CHANGING]

    @property
    def constant(self) -> list[str]:
        """The features of the context that had the same value whenever they were there."""
        return [name for name, value in self._values.items() if value is not _CHANGING]

    @property
    def never_shown(self) -> list[str]:
        """The actions that could have been shown and never were, the most often offered first."""
        missing = [name for name in self.offered if name not in self.shown]
        return sorted(missing, key=lambda name: -self.offered[name])

    def _add_action(self, name: str, *, is_shown: bool) -> None:
        if name in self.offered or len(self.offered) < _MOST_NAMES:
            self.offered[name] = self.offered.get(name, 0) + 1
            if is_shown:
                self.shown[name] = self.shown.get(name, 0) + 1

    def _add_value(self, name: str, value: Any) -> None:
        if name in self._values:
            if self._values[name] is not _CHANGING and self._values[name] != value:
                self._values[name] = _CHANGING
        elif len(self._values) < _MOST_NAMES:
            self._values[name] = value if self.events == 1 else _CHANGING


def _name(action: Any) -> str:
    """The action's id, where logs have it; else its features."""
    for place in _ID_PLACES:
        value = action
        for key in place:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str | int | float):
            return _cut(str(value))
    return _cut(str(action))


def _cut(name: str) -> str:
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}...{crc32(name.encode(errors='replace')):08x}"


def _context(features: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each feature of the context by its path, with its value; a list of objects is like one object."""
    for namespace, value in features.items():
        if not namespace.startswith("_"):
            yield from _flat("" if namespace == "FromUrl" else _cut(namespace), value)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    left = [(path, value)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(_cut(f"{path}.{name}" if path else name), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            left += [(path, inner) for inner in reversed(value)]
        elif value is not None:
            yield path, value
