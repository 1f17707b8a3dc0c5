"""Corrections of the log: from which events nothing is learned, although their lines stay in the log as they are.

A quarantine takes the events of a bad hour out of all that is learned and counted. It is a part of the configuration:
whoever learns or counts notes under which corrections that was done, and does it anew when these change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.stored_objects import StoredObject

MOST_CORRECTIONS = 100
"""So many corrections a loop has, those that were lifted included; a new one takes the place of the oldest of those."""

type FeatureValue = str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class CorrectedFeature(StoredObject):
    """A feature with one value: the events that have it.

    Attributes:
        value: As it was sent.
        namespace: Only directly under this name; None for anywhere.
    """

    name: str
    value: FeatureValue
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Correction(StoredObject):
    """The events that are corrected, and how.

    Attributes:
        id: Of the quarantine.
        from_us: The events arrived in [from_us, to_us).
        action_id: Only those that showed this action, in any slot; None for all.
        feature: Only those that have this feature; None for all.
    """

    id: str
    from_us: int
    to_us: int
    action_id: str | None = None
    feature: CorrectedFeature | None = None

    def touches(self, from_us: int, to_us: int) -> bool:
        """Whether events of a range can be among its events."""
        return self.from_us < to_us and from_us < self.to_us

    @property
    def members(self) -> dict[str, Any]:
        """The correction as JSON beside a model."""
        feature = self.feature and {name: getattr(self.feature, name) for name in ("name", "value", "namespace")}
        return {
            "id": self.id,
            "from_us": self.from_us,
            "to_us": self.to_us,
            "action_id": self.action_id,
            "feature": feature,
        }

    @classmethod
    def of_members(cls, members: Mapping[str, Any]) -> Self:
        """The inverse of `members`."""
        feature = members["feature"] and CorrectedFeature(**members["feature"])
        return cls(members["id"], members["from_us"], members["to_us"], members["action_id"], feature)


@dataclass(frozen=True, slots=True)
class Quarantine(StoredObject):
    """A correction as the configuration has it: who made it and why.

    Attributes:
        by: As a `Cause` has it.
        revision: The first revision of the configuration with the correction.
        lifted_us: When it was lifted; None while it is active.
        lifted_revision: The first revision without it again; 0 while it is active.
    """

    correction: Correction
    reason: str
    at_us: int
    by: str
    revision: int
    lifted_us: int | None = None
    lifted_by: str = ""
    lifted_revision: int = 0

    @property
    def is_active(self) -> bool:
        """Whether its events are taken out now."""
        return self.lifted_us is None

    def is_active_at(self, revision: int) -> bool:
        """Whether its events were taken out at a revision of the configuration."""
        return self.revision <= revision and (self.is_active or revision < self.lifted_revision)


def differences(some: Iterable[Correction], others: Iterable[Correction]) -> tuple[Correction, ...]:
    """The corrections that are among some or among others, and not among both."""
    some, others = tuple(some), tuple(others)
    return (*(each for each in some if each not in others), *(each for each in others if each not in some))


def agree(some: Iterable[Correction], others: Iterable[Correction], from_us: int, to_us: int) -> bool:
    """Whether the events of a range are the same under some corrections as under others."""
    return not any(each.touches(from_us, to_us) for each in differences(some, others))
