"""The metrics of the last day in detail: bins of ten seconds and the breakdown, hour by hour.

They follow from the log alone. So they need not be written with each part that is joined: what a trainer that died had
not written is read from the log, like the last day of a loop that an earlier version has run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from shared.metrics.bins import Bin, Details, merge
from shared.metrics.breakdown import Choices, Step
from shared.metrics.breakdown import merge as merge_steps
from shared.metrics.estimators.lift import LiftSums
from shared.stored_objects import StoredObject
from shared.times import DAY, HOUR

_PAIRS_OF_CHUNK = 250
_MOST_CHUNKS = 16


@dataclass(frozen=True, slots=True)
class Hour(StoredObject):
    """The metrics of an hour.

    Attributes:
        up_to_us: The log position: all parts that end earlier, or then, have added what they have of the hour.
    """

    from_us: int
    up_to_us: int = 0
    bins: tuple[Bin, ...] = ()
    steps: tuple[Step, ...] = ()

    def plus(self, bins: Sequence[Bin], steps: Sequence[Step]) -> "Hour":
        """The hour with more of its bins and steps."""
        return replace(self, bins=merge([*self.bins, *bins]), steps=merge_steps([*self.steps, *steps]))


@dataclass(frozen=True, slots=True)
class Chunk(StoredObject):
    """Some hundred events in sequence.

    Attributes:
        choices: How much their most probable action changed with the context.
        lift: What they earned above random actions.
    """

    from_us: int
    choices: Choices
    lift: LiftSums

    def plus(self, later: "Chunk") -> "Chunk":
        """The events of both."""
        return replace(self, choices=self.choices.plus(later.choices), lift=self.lift.plus(later.lift))


@dataclass(frozen=True, slots=True)
class Collapse(StoredObject):
    """What the log says of the events of some chunks in which a model preferred one action.

    Attributes:
        chunk_us: When the last of the chunks begins, which had `pairs` pairs.
        feature: A feature of the context that matters nevertheless; None if none does, as far as can be told.
    """

    chunk_us: int
    pairs: int
    feature: str | None = None


@dataclass(frozen=True, slots=True)
class Recent(StoredObject):
    """What the commit record knows of the metrics of the last day.

    Attributes:
        from_us: Since when they are there.
        up_to_us: The log position: all parts that end earlier, or then, are in the stored hours.
        chunks: Of the last events that a model ranked Online, the oldest first.
        collapse: What was last found where these looked as if the context did not matter.
    """

    from_us: int
    up_to_us: int
    chunks: tuple[Chunk, ...] = ()
    collapse: Collapse | None = None

    def plus(self, details: Details, from_us: int, to_us: int) -> "Recent":
        """After a part was added."""
        chunks, choices = self.chunks, details.breakdown.choices
        if choices.pairs:
            chunk = Chunk(from_us, choices, details.lift)
            is_full = not chunks or chunks[-1].choices.pairs >= _PAIRS_OF_CHUNK
            chunks = (*chunks, chunk)[-_MOST_CHUNKS:] if is_full else (*chunks[:-1], chunks[-1].plus(chunk))
        return replace(self, up_to_us=to_us, chunks=chunks)


@dataclass(slots=True)
class PieceOfHour:
    """What a part adds to an hour."""

    bins: list[Bin] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def by_hours(details: Details) -> Mapping[int, PieceOfHour]:
    """What a part adds to each hour, by when the hour begins."""
    pieces: dict[int, PieceOfHour] = {}
    for from_us, bins in groupby(details.bins, key=lambda a_bin: hour_us(a_bin.from_us)):
        pieces.setdefault(from_us, PieceOfHour()).bins.extend(bins)
    for from_us, steps in groupby(details.breakdown.steps, key=lambda step: hour_us(step.from_us)):
        pieces.setdefault(from_us, PieceOfHour()).steps.extend(steps)
    return pieces


def hour_us(at_us: int) -> int:
    """When the hour of a moment begins."""
    return at_us - at_us % HOUR


def oldest_us(now_us: int) -> int:
    """When the oldest hour begins that is kept: there is always a whole day."""
    return hour_us(now_us) - DAY
