"""Changes of a loop's settings, and of its model by hand: who changed what, when, from what and to what."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from shared.stored_objects import StoredObject

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


def value_change(name: str, before: Value, after: Value) -> ChangedValue:
    """A value that was changed, as it is told: long texts are cut."""
    return ChangedValue(name, _plain(before), _plain(after))


def merge(*changes: Iterable[SettingsChange]) -> tuple[SettingsChange, ...]:
    """The last changes among some, each once, the oldest first."""
    different = dict.fromkeys(change for some in changes for change in some)
    return tuple(sorted(different, key=lambda change: change.at_us)[-MOST_CHANGES:])


def _plain(value: Value) -> Value:
    return str(value)[:_LONGEST_TEXT] if isinstance(value, str) else value
