"""Running sums over the joined events, by the five minutes in which they arrived: all that the metrics follow from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

from shared.log.join import BEFORE_US
from shared.metrics.apprentice import Apprentice, Seen
from shared.times import DAY, MINUTE

BIN_US = 5 * MINUTE
_PATIENCE_US = 8 * DAY
"""How long a finished day waits for the training that tells what became of its events."""


class Policy(NamedTuple):
    """Sums for one policy: of its weights w, and of the rewards r, over the events that speak for it.

    Attributes:
        silent: Events that cannot speak for the policy: its action had no chance to be shown.
        non_zero: Events whose weight is not 0.
        squares: Σw².
        rewards: Σwr.
        weighted_rewards: Σw²r.
        squared_rewards: Σw²r².
        largest: The largest weight that an event could have had.
    """

    silent: int = 0
    non_zero: int = 0
    weights: float = 0.0
    squares: float = 0.0
    rewards: float = 0.0
    weighted_rewards: float = 0.0
    squared_rewards: float = 0.0
    largest: float = 0.0

    def plus(self, other: "Policy") -> "Policy":
        """The sums of both."""
        added = [mine + its for mine, its in zip(self[:-1], other[:-1], strict=True)]
        return Policy._make([*added, max(self.largest, other.largest)])


class Fates(NamedTuple):
    """What became of the events, and of the rewards and activations that had none."""

    learned: int = 0
    not_activated: int = 0
    refused: int = 0
    passed_over: int = 0
    late: int = 0
    dangling: int = 0

    def plus(self, other: "Fates") -> "Fates":
        """The sums of both."""
        return Fates(*(mine + its for mine, its in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Bin:
    """The sums of five minutes, or of several such stretches.

    Attributes:
        events: Those that count: neither deferred without activation nor damaged.
        squares: Of their rewards.
        lowest: Their lowest reward; at most 0, as `highest` is at least 0.
        first: For the policy that always shows the baseline: the first action, or the first slot's baseline action.
        random: For the policy that shows each action with the same chance.
        joined: All of them, whatever became of them.
    """

    from_us: int
    events: int = 0
    rewards: float = 0.0
    squares: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    first: Policy = field(default_factory=Policy)
    random: Policy = field(default_factory=Policy)
    joined: int = 0
    fates: Fates = field(default_factory=Fates)

    def plus(self, other: "Bin") -> "Bin":
        """The sums of both, from when the earlier one begins."""
        return Bin(
            min(self.from_us, other.from_us),
            self.events + other.events,
            self.rewards + other.rewards,
            self.squares + other.squares,
            min(self.lowest, other.lowest),
            max(self.highest, other.highest),
            self.first.plus(other.first),
            self.random.plus(other.random),
            self.joined + other.joined,
            self.fates.plus(other.fates),
        )


class Pending(NamedTuple):
    """Events of a part that are in the log and not learned yet.

    Attributes:
        part_us: When the part begins.
        bin_us: When their five minutes begin.
        kind: Which models learn from them, as `ranked_event.line_kind`.
        learnable: How many of them can be learned from.
        skipped: How many were deferred and not activated in time.
    """

    part_us: int
    bin_us: int
    kind: str
    learnable: int
    skipped: int

    def fates(self, kind: str, learned_from_us: int) -> Fates:
        """What becomes of them under a model; as `Metrics.settled`."""
        if self.kind != kind or self.part_us < learned_from_us:
            return Fates(passed_over=self.learnable + self.skipped)
        return Fates(learned=self.learnable, not_activated=self.skipped)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one part adds.

    Attributes:
        seen: Its events of an apprentice, in order of arrival, the first at `first_us`, the last at `last_us`.
    """

    bins: Sequence[Bin]
    pending: Sequence[Pending] = ()
    seen: Sequence[Seen] = ()
    first_us: int = 0
    last_us: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """The bins of a day to which nothing is added any more."""

    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The sums that are not put away yet.

    Attributes:
        bins: In order of time; only those in which anything came.
        pending: In order of their parts.
    """

    bins: tuple[Bin, ...] = ()
    pending: tuple[Pending, ...] = ()
    apprentice: Apprentice = field(default_factory=Apprentice)

    def plus(self, counted: Counted) -> "Metrics":
        """Now with what a part adds."""
        apprentice = self.apprentice
        if counted.seen:
            apprentice = apprentice.plus(counted.seen, counted.first_us, counted.last_us)
        return Metrics(merged([*self.bins, *counted.bins]), (*self.pending, *counted.pending), apprentice)

    def settled(self, part_us: int, kind: str, learned_from_us: int, refused: int) -> "Metrics":
        """Now that a model has learned a part: its events have their fate, and so have those of the parts before.

        Args:
            kind: What the model learns from; events of another kind are passed over.
            learned_from_us: Parts before this are none the model has learned from.
            refused: How many of the part's events Vowpal Wabbit refused; taken to be its last ones.
        """
        due = [one for one in self.pending if one.part_us <= part_us]
        fates: list[Bin] = []
        for one in reversed(due):
            told = one.fates(kind, learned_from_us)
            gone = min(refused, told.learned) if one.part_us == part_us else 0
            refused -= gone
            fates.append(Bin(one.bin_us, fates=told._replace(learned=told.learned - gone, refused=gone)))
        left = tuple(one for one in self.pending if one.part_us > part_us)
        return replace(self, bins=merged([*self.bins, *fates]), pending=left) if due else self

    def told(self, before_us: int, kind: str, learned_from_us: int) -> Fates:
        """What `settled` would tell of the parts that begin before a moment; nothing of them refused."""
        told = Fates()
        for one in self.pending:
            if one.part_us < before_us:
                told = told.plus(one.fates(kind, learned_from_us))
        return told

    def finished(self, joined_up_to_us: int) -> Mapping[int, Day]:
        """The days to which nothing is added any more, by their first moment."""
        days = {day: tuple(found) for day, found in groupby(self.bins, key=lambda one: day_us(one.from_us))}
        unsettled = {day_us(one.bin_us) for one in self.pending}
        return {
            day: Day(found)
            for day, found in days.items()
            if joined_up_to_us >= day + DAY + (_PATIENCE_US if day in unsettled else BEFORE_US)
        }

    def without(self, days: Iterable[int]) -> "Metrics":
        """Now without the bins of some days."""
        gone = set(days)
        bins = tuple(one for one in self.bins if day_us(one.from_us) not in gone)
        return replace(self, bins=bins, pending=tuple(one for one in self.pending if day_us(one.bin_us) not in gone))


def merged(bins: Iterable[Bin]) -> tuple[Bin, ...]:
    """The bins in order of time, those of the same five minutes added up in the order given."""
    by_time: dict[int, Bin] = {}
    for one in bins:
        before = by_time.get(one.from_us)
        by_time[one.from_us] = one if before is None else before.plus(one)
    return tuple(by_time[at_us] for at_us in sorted(by_time))


def total(bins: Sequence[Bin], from_us: int) -> Bin:
    """The sums of some bins, which do not begin before a moment."""
    sums = Bin(from_us)
    for one in bins:
        sums = sums.plus(one)
    return sums


def bin_us(at_us: int) -> int:
    """When the five minutes of a moment begin."""
    return at_us - at_us % BIN_US


def day_us(at_us: int) -> int:
    """When the day of a moment begins."""
    return at_us - at_us % DAY
