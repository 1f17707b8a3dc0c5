"""What each model earned while it was in use: sums over the events that were ranked with it.

Of an event in Apprentice or LoggingOnly mode, the model decided nothing: the first action was shown. Such events are
only counted.

The sums of the models that were in use last are in the commit record. Those of a model before them move to a document
of the model, where they stay apart by stints: the stretches of log over which they were in the commit record. So a
stint that is written again, after a crash, takes its own place and counts once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from shared.metrics.estimators.lift import LiftSums
from shared.stored_objects import StoredObject

MOST_RECENT = 4
"""So many models may be in the commit record; if there are more, half as many stay."""
MOST_STINTS = 20


@dataclass(frozen=True, slots=True)
class ModelSums(StoredObject):
    """Sums over the events that were ranked with a model.

    Attributes:
        events: Those in which the model decided what was shown.
        rewards: Σr over them.
        squares: Σr² over them.
        lift: Of those that speak for always the first action.
        undecided: Events of another mode than Online.
    """

    events: int = 0
    rewards: float = 0.0
    squares: float = 0.0
    lift: LiftSums = field(default_factory=LiftSums)
    undecided: int = 0

    def plus(self, other: "ModelSums") -> "ModelSums":
        """The sums of both."""
        return replace(
            self,
            events=self.events + other.events,
            rewards=self.rewards + other.rewards,
            squares=self.squares + other.squares,
            lift=self.lift.plus(other.lift),
            undecided=self.undecided + other.undecided,
        )


@dataclass(frozen=True, slots=True)
class Stint(StoredObject):
    """The sums of a model over a stretch of the log, from the beginning of a part to the end of one."""

    model_id: str
    from_us: int
    up_to_us: int
    sums: ModelSums

    def covers(self, other: "Stint") -> bool:
        """Whether another stint is a part of this one."""
        is_within = self.from_us <= other.from_us and other.up_to_us <= self.up_to_us
        return is_within and (self.from_us, self.up_to_us) != (other.from_us, other.up_to_us)

    def plus(self, other: "Stint") -> "Stint":
        """Both together; the other one is later."""
        return replace(self, up_to_us=other.up_to_us, sums=self.sums.plus(other.sums))


@dataclass(frozen=True, slots=True)
class ModelRecord(StoredObject):
    """The content of a model's document: its stints, in order of time."""

    stints: tuple[Stint, ...] = ()

    def with_stint(self, stint: Stint) -> "ModelRecord":
        """The record with a stint, unless it has more of it already; if there are too many, the oldest become one."""
        if any(before.covers(stint) for before in self.stints):
            return self
        others = [before for before in self.stints if before.from_us != stint.from_us]
        stints = sorted([*others, stint], key=lambda each: each.from_us)
        if len(stints) > MOST_STINTS:
            stints[:2] = [stints[0].plus(stints[1])]
        return replace(self, stints=tuple(stints))

    @property
    def sums(self) -> ModelSums:
        """The sums over all stints."""
        return total(stint.sums for stint in self.stints)


def with_part(recent: Sequence[Stint], part: Mapping[str, ModelSums], from_us: int, to_us: int) -> tuple[Stint, ...]:
    """The stints of the commit record with the sums of one more part; those that the part adds to come last."""
    before = {stint.model_id: stint for stint in recent}
    grown = [Stint(model_id, from_us, to_us, sums) for model_id, sums in sorted(part.items())]
    added = [before.pop(stint.model_id).plus(stint) if stint.model_id in before else stint for stint in grown]
    return (*before.values(), *added)


def too_many(recent: Sequence[Stint]) -> Sequence[Stint]:
    """The stints that are to leave the commit record: none, or all but those of the models that were used last."""
    return recent[: len(recent) - MOST_RECENT // 2] if len(recent) > MOST_RECENT else ()


def combine(parts: Iterable[Mapping[str, ModelSums]]) -> dict[str, ModelSums]:
    """The sums of several parts or shards, by model."""
    sums: dict[str, ModelSums] = {}
    for part in parts:
        for model_id, more in part.items():
            sums[model_id] = sums[model_id].plus(more) if model_id in sums else more
    return sums


def total(sums: Iterable[ModelSums]) -> ModelSums:
    """The sums of all."""
    return reduce(ModelSums.plus, sums, ModelSums())
