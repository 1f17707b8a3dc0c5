"""Corrections of the log: what is learned and counted of some events, although their lines stay in the log as they are.

A quarantine takes the events of a bad hour out of all that is learned and counted; a relabel makes other rewards of
those that came. Both are a part of the configuration: whoever learns or counts notes under which corrections that was
done, and does it anew when these change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from shared.stored_objects import StoredObject

MOST_CORRECTIONS = 100
"""So many quarantines a loop has, those that were lifted included; a new one takes the place of the oldest of those. So
it is with relabels."""
_HIGHEST_REWARD = 1000.0

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
class RewardFormula(StoredObject):
    """What becomes of each reward that came: it is scaled and shifted, then clipped; or it becomes a fixed value.

    Attributes:
        scale_by: The reward is multiplied by this.
        plus: Then this is added.
        low: What is lower becomes this; None for no bound, as `high`.
        fixed: Every reward becomes this, whatever it was; None for none.
    """

    scale_by: float = 1.0
    plus: float = 0.0
    low: float | None = None
    high: float | None = None
    fixed: float | None = None

    def revise(self, reward: float) -> float:
        """What becomes of a reward; from -1000 to 1000, as rewards are."""
        if self.fixed is not None:
            return self.fixed
        low = -_HIGHEST_REWARD if self.low is None else self.low
        high = _HIGHEST_REWARD if self.high is None else self.high
        return min(max(reward * self.scale_by + self.plus, low), high)


@dataclass(frozen=True, slots=True)
class Correction(StoredObject):
    """The events that are corrected, and how.

    Attributes:
        id: Of the quarantine, or of the relabel.
        from_us: The events arrived in [from_us, to_us).
        action_id: Only those that showed this action, in any slot; None for all.
        feature: Only those that have this feature; None for all.
        formula: What becomes of their rewards; None for a quarantine.
    """

    id: str
    from_us: int
    to_us: int
    action_id: str | None = None
    feature: CorrectedFeature | None = None
    formula: RewardFormula | None = None

    @property
    def key(self) -> str:
        """What it is called among all corrections."""
        return f"{'quarantines' if self.formula is None else 'relabels'}/{self.id}"

    def touches(self, from_us: int, to_us: int) -> bool:
        """Whether events of [from_us, to_us) can be among its events; never if that is empty."""
        return max(self.from_us, from_us) < min(self.to_us, to_us)

    @property
    def members(self) -> dict[str, Any]:
        """The correction as JSON beside a model."""
        return {
            "id": self.id,
            "from_us": self.from_us,
            "to_us": self.to_us,
            "action_id": self.action_id,
            "feature": _members(self.feature) if self.feature else None,
            "formula": _members(self.formula) if self.formula else None,
        }

    @classmethod
    def of_members(cls, members: Mapping[str, Any]) -> Self:
        """The inverse of `members`."""
        feature = CorrectedFeature(**members["feature"]) if members["feature"] else None
        formula = RewardFormula(**members["formula"]) if members["formula"] else None
        return cls(members["id"], members["from_us"], members["to_us"], members["action_id"], feature, formula)


def _members(value: StoredObject) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value) if each.name != "unknown"}


@dataclass(frozen=True, slots=True)
class Quarantine(StoredObject):
    """A quarantine as the configuration has it: who made it and why.

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


@dataclass(frozen=True, slots=True)
class RelabelFigures(StoredObject):
    """What a relabel would do, as it was found when it was proposed.

    Attributes:
        up_to_us: What arrived later was not log, or was not looked at.
        events: The events of the relabel that are learned from.
        rewards: The rewards that came for them.
        changed: How many of these become others.
        before: Σr and Σr² over the events before, and their lowest and highest reward.
        after: The same after.
    """

    up_to_us: int
    events: int = 0
    rewards: int = 0
    changed: int = 0
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Relabel(StoredObject):
    """A relabel as the configuration has it: proposed, then active, then lifted.

    Attributes:
        figures: What it would do.
        at_us: When it was proposed.
        revision: The first revision of the configuration in which it was active; 0 before.
        activated_us: None before; the other fields are those of a `Quarantine`.
    """

    correction: Correction
    reason: str
    figures: RelabelFigures
    at_us: int
    by: str
    revision: int = 0
    activated_us: int | None = None
    activated_by: str = ""
    lifted_us: int | None = None
    lifted_by: str = ""
    lifted_revision: int = 0

    @property
    def is_proposed(self) -> bool:
        """Whether it waits to be activated."""
        return self.activated_us is None and self.lifted_us is None

    @property
    def is_active(self) -> bool:
        """Whether rewards are relabelled now."""
        return self.activated_us is not None and self.lifted_us is None

    def is_active_at(self, revision: int) -> bool:
        """Whether rewards were relabelled at a revision of the configuration."""
        return 0 < self.revision <= revision and (self.is_active or revision < self.lifted_revision)


def differences(some: Iterable[Correction], others: Iterable[Correction]) -> tuple[Correction, ...]:
    """The corrections that are among some or among others, and not among both."""
    some, others = tuple(some), tuple(others)
    return (*(each for each in some if each not in others), *(each for each in others if each not in some))


def agree(some: Iterable[Correction], others: Iterable[Correction], from_us: int, to_us: int) -> bool:
    """Whether the events of a range are the same under some corrections as under others."""
    return not any(each.touches(from_us, to_us) for each in differences(some, others))
