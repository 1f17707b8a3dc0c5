"""Changes of a loop's settings, and of its model by hand: who changed what, when, from what and to what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from shared.stored_objects import StoredObject
from shared.times import to_iso

AUTOMATIC = "automatic optimization"
MODE_CHANGE = "change of the learning mode"
"""Who changes settings, or the model, where no caller does."""
MOST_CHANGES = 500
"""How many changes are kept, the last ones."""
MOST_RECENT = 5
"""How many of them are in the document that they have changed, which every instance reads."""
_LONGEST_TEXT = 1024

type Value = str | float | bool | int | None


class Act(StrEnum):
    """What a change was made by."""

    SERVICE = "serviceConfiguration"
    LEARNING = "learningSettings"
    SHARES = "explorationShares"
    EVALUATION = "evaluationApplied"
    RESET = "modelReset"
    IMPORT = "modelImported"
    PUBLISH = "modelPublished"
    RETURN = "modelReturned"
    DELETE_LOGS = "logsDeleted"
    KEYS = "keysChanged"
    LOOP = "loopMade"
    QUARANTINE = "quarantineMade"
    LIFT = "quarantineLifted"
    RELABEL = "relabelActivated"
    UNDO_RELABEL = "relabelLifted"
    REDACT = "redaction"


class Cause(NamedTuple):
    """Who changes something, and by what.

    Attributes:
        by: The name of the caller's key, or what the caller's token says; or `AUTOMATIC` or `MODE_CHANGE`.
        about: What the act was asked for with, such as an evaluation and its policy; empty for nothing.
    """

    by: str
    act: Act
    about: str = ""


@dataclass(frozen=True, slots=True)
class ChangedValue(StoredObject):
    """A value that was changed; secrets are hidden.

    Attributes:
        name: The field's name, as in the stored document.
    """

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class SettingsChange(StoredObject):
    """A change that was made.

    Attributes:
        act: An `Act`; versions to come may have others.
        request: The `apim-request-id` of the call that made it; empty if no call did, or if a version before this one.
    """

    at_us: int
    by: str
    act: str
    about: str
    values: tuple[ChangedValue, ...]
    request: str = ""

    @classmethod
    def of(cls, cause: Cause, at_us: int, values: Iterable[ChangedValue], request: str = "") -> "SettingsChange":
        """The change that a cause made of some values, in a call or in none."""
        return cls(at_us, cause.by, cause.act.value, cause.about, tuple(values), request)


@dataclass(frozen=True, slots=True)
class SettingsHistory(StoredObject):
    """The content of `history.json`: changes that have left the document that they have changed, the oldest first."""

    changes: tuple[SettingsChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RedactedRange:
    """What one call of a redaction does, as the history tells it: nothing of it is what was redacted.

    Attributes:
        target: `event` or `feature`.
        name: Of the feature, if it is fit to be told; it is, once a line was found that has the feature.
        from_us: Where the call begins.
        to_us: Where the range ends; None for an open end.
        changed_lines, removed_lines, removed_rows: What was redacted so far.
        next_us: Where the next call is to go on; None if none is.
    """

    target: str
    name: str
    from_us: int
    to_us: int | None
    changed_lines: int = 0
    removed_lines: int = 0
    removed_rows: int = 0
    next_us: int | None = None

    def is_of(self, change: SettingsChange, by: str, request: str) -> bool:
        """Whether an entry is that of the redaction: it has come to where this begins, by this call or earlier ones.

        An entry of which no call has ended is for its own call only: who repeats that may have another target.
        """
        after, here = _values_after(change), to_iso(self.from_us)
        if change.act != Act.REDACT or (after.get("target"), after.get("next")) != (self.target, here):
            return False
        began_here = here == (after.get("range_from") or to_iso(0))
        is_next = not began_here and change.by == by and change.about in ("", self.name)
        return change.request == request or is_next

    def add_to(self, change: SettingsChange) -> SettingsChange:
        """The entry of a redaction after this."""
        before = _values_after(change)
        sums = {name: number + int(before.get(name) or 0) for name, number in self._numbers().items()}
        about = self.name if sums["changed_lines"] else change.about
        ends = {"range_from": before.get("range_from"), "range_to": before.get("range_to")}
        return replace(change, about=about, values=self._values(ends, sums))

    def begin(self, cause: Cause, at_us: int, request: str) -> SettingsChange:
        """The entry of a redaction that begins with this."""
        ends: dict[str, Value] = {
            "range_from": to_iso(self.from_us) if self.from_us else None,
            "range_to": None if self.to_us is None else to_iso(self.to_us),
        }
        return SettingsChange.of(cause, at_us, self._values(ends, self._numbers()), request)

    def _numbers(self) -> dict[str, int]:
        names = ("changed_lines", "removed_lines", "removed_rows")
        return {name: getattr(self, name) for name in names}

    def _values(self, ends: Mapping[str, Value], sums: Mapping[str, Value]) -> tuple[ChangedValue, ...]:
        going_on: dict[str, Value] = {} if self.next_us is None else {"next": to_iso(self.next_us)}
        values = {"target": self.target, **ends, **sums, **going_on}
        return tuple(ChangedValue(name, None, after) for name, after in values.items() if after is not None)


def _values_after(change: SettingsChange) -> dict[str, Value]:
    return {value.name: value.after for value in change.values}


def value_change(name: str, before: Value, after: Value) -> ChangedValue:
    """A value that was changed, as it is told: long texts are cut."""
    return ChangedValue(name, _plain(before), _plain(after))


def merge(*changes: Iterable[SettingsChange]) -> tuple[SettingsChange, ...]:
    """The last changes among some, each once, the oldest first."""
    different = dict.fromkeys(change for some in changes for change in some)
    return tuple(sorted(different, key=lambda change: change.at_us)[-MOST_CHANGES:])


def _plain(value: Value) -> Value:
    return str(value)[:_LONGEST_TEXT] if isinstance(value, str) else value
