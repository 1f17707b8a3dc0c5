"""Running sums over the joined events, by the five minutes in which they arrived: all that the metrics follow from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import add, sub
from typing import Any, ClassVar, NamedTuple

from shared.log.join import BEFORE_US
from shared.metrics.apprentice import Apprentice, ImitatedEvent
from shared.metrics.breakdown import Breakdown
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.estimators.trial_sums import TrialSums
from shared.metrics.lift_record import LiftRecord, Lifts
from shared.metrics.model_rewards import ModelSums, Stint, with_part
from shared.metrics.policy_sums import PolicySums
from shared.stored_names import store_under
from shared.stored_objects import StoredObject
from shared.times import DAY, MINUTE, SECOND

BIN_US = 5 * MINUTE
FINE_US = 10 * SECOND
"""The length of the bins of the last day."""
_PATIENCE_US = 8 * DAY
"""How long a finished day waits for the training that says what became of its events."""


class EventOutcomes(NamedTuple):
    """How many events came to which end, and how many rewards and activations had no event."""

    learned: int = 0
    not_activated: int = 0
    refused: int = 0
    passed_over: int = 0
    late: int = 0
    dangling: int = 0

    def plus(self, other: "EventOutcomes") -> "EventOutcomes":
        """The sums of both."""
        return EventOutcomes(*map(add, self, other))

    def minus(self, other: "EventOutcomes") -> "EventOutcomes":
        """What is left without others that are among these."""
        return EventOutcomes(*map(sub, self, other))


@dataclass(frozen=True, slots=True)
class Bin(StoredObject):
    """The sums of five minutes, or of several such bins.

    Attributes:
        events: Those that count: neither deferred without activation, nor answered otherwise, nor damaged.
        squares: Of their rewards.
        lowest: Their lowest reward; at most 0, as `highest` is at least 0.
        first: For the policy that always shows the baseline: the first action, or the first slot's baseline action.
        random: For the policy that shows each action with the same chance.
        joined: Events joined, whatever their outcome.
        answered_otherwise: Events that are not learned, since they were answered again with another action or chance.
        modes: In which learning mode how many of the events were ranked. Those that an earlier version has added are
            not among them.
        quarantined: The outcomes that events would have that are in quarantine; they are in no other sum but `joined`.
        relabelled: Events whose rewards are others than those that came.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = store_under(outcomes="fates")

    from_us: int
    events: int = 0
    rewards: float = 0.0
    squares: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    first: PolicySums = field(default_factory=PolicySums)
    random: PolicySums = field(default_factory=PolicySums)
    joined: int = 0
    outcomes: EventOutcomes = field(default_factory=EventOutcomes)
    answered_otherwise: int = 0
    modes: Mapping[str, int] = field(default_factory=dict)
    quarantined: EventOutcomes = field(default_factory=EventOutcomes)
    relabelled: int = 0

    def plus(self, other: "Bin") -> "Bin":
        """The sums of both, from when the earlier bin begins."""
        return replace(
            self,
            from_us=min(self.from_us, other.from_us),
            events=self.events + other.events,
            rewards=self.rewards + other.rewards,
            squares=self.squares + other.squares,
            lowest=min(self.lowest, other.lowest),
            highest=max(self.highest, other.highest),
            first=self.first.plus(other.first),
            random=self.random.plus(other.random),
            joined=self.joined + other.joined,
            outcomes=self.outcomes.plus(other.outcomes),
            answered_otherwise=self.answered_otherwise + other.answered_otherwise,
            modes=add_counts(self.modes, other.modes),
            quarantined=self.quarantined.plus(other.quarantined),
            relabelled=self.relabelled + other.relabelled,
        )


_OTHERWISE, _QUARANTINED = "+answered_otherwise", "+quarantined"


class Pending(NamedTuple):
    """Events of a part that are in the log and not learned yet.

    Attributes:
        part_us: When the part begins.
        bin_us: When their five minutes begin.
        kind: Which models learn from them, as `ranked_event.line_kind`; with an ending if they were answered otherwise,
            and with another one if they are in quarantine.
        learnable: How many of them a model can learn from.
        skipped: How many a model of their kind passes over.
    """

    part_us: int
    bin_us: int
    kind: str
    learnable: int
    skipped: int

    @classmethod
    def of_answered_otherwise(cls, part_us: int, bin_us: int, kind: str, events: int) -> "Pending":
        """Events of a kind that were answered again with another action, or with another chance."""
        return cls(part_us, bin_us, kind + _OTHERWISE, 0, events)

    @classmethod
    def of_quarantined(cls, part_us: int, bin_us: int, kind: str, learnable: int, skipped: int) -> "Pending":
        """Events of a kind that are in quarantine."""
        return cls(part_us, bin_us, kind + _QUARANTINED, learnable, skipped)

    def outcomes(self, kind: str, learned_from_us: int) -> EventOutcomes:
        """What becomes of the events under a model, as `Metrics.settle`.

        Without those answered otherwise, and without those in quarantine.
        """
        is_counted_apart = self.kind in (kind + _OTHERWISE, kind + _QUARANTINED)
        if is_counted_apart and self.part_us >= learned_from_us:
            return EventOutcomes()
        if self.kind != kind or self.part_us < learned_from_us:
            return EventOutcomes(passed_over=self.learnable + self.skipped)
        return EventOutcomes(learned=self.learnable, not_activated=self.skipped)

    def count_answered_otherwise(self, kind: str, learned_from_us: int) -> int:
        """How many of the events a model would learn from, had they not been answered otherwise."""
        return self.skipped if self.kind == kind + _OTHERWISE and self.part_us >= learned_from_us else 0

    def count_quarantined(self, kind: str, learned_from_us: int) -> EventOutcomes:
        """What would become of the events under a model that are in quarantine, were they not."""
        if self.kind != kind + _QUARANTINED or self.part_us < learned_from_us:
            return EventOutcomes()
        return EventOutcomes(learned=self.learnable, not_activated=self.skipped)


@dataclass(frozen=True, slots=True)
class Details:
    """What a part adds to the metrics of the last day; follows from its log alone.

    Attributes:
        bins: Of ten seconds each; they do not tell what becomes of the events.
        lift: What it earned above random actions.
    """

    bins: Sequence[Bin] = ()
    breakdown: Breakdown = field(default_factory=Breakdown)
    lift: LiftSums = field(default_factory=LiftSums)


@dataclass(frozen=True, slots=True)
class PartMetrics:
    """The metrics that one joined part adds.

    Attributes:
        imitated: Its events of an apprentice, in order of arrival, the first at `first_us`, the last at `last_us`.
        lifts: What it earned above the first action and above random ones.
        details: For the metrics of the last day; None if an earlier version has joined the part, or a shard of it.
        models: What it earned by the models that its events were ranked with.
        last_rank_us: When its last event arrived; 0 without any, as `last_reward_us`: the last reward of its events.
        trials: What it says of challengers, by the ids of their trials.
    """

    bins: Sequence[Bin]
    pending: Sequence[Pending] = ()
    imitated: Sequence[ImitatedEvent] = ()
    first_us: int = 0
    last_us: int = 0
    lifts: Lifts = field(default_factory=Lifts)
    details: Details | None = None
    models: Mapping[str, ModelSums] = field(default_factory=dict)
    last_rank_us: int = 0
    last_reward_us: int = 0
    trials: Mapping[str, TrialSums] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Day(StoredObject):
    """The bins of a day to which nothing is added any more."""

    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Metrics(StoredObject):
    """The sums of the commit record: those of days that have no blob of their own yet.

    Attributes:
        bins: In order of time; only those in which anything came.
        pending: In order of their parts.
        models: What the models in use last earned, in order of their last events.
        last_rank_us: When the last event arrived; 0 if that is not known, as `last_reward_us`: the last reward that
            came in time.
    """

    bins: tuple[Bin, ...] = ()
    pending: tuple[Pending, ...] = ()
    apprentice: Apprentice = field(default_factory=Apprentice)
    lift: LiftRecord = field(default_factory=LiftRecord)
    models: tuple[Stint, ...] = ()
    last_rank_us: int = 0
    last_reward_us: int = 0

    def plus(self, part: PartMetrics, from_us: int, to_us: int) -> "Metrics":
        """The metrics with those of one more part, which begins and ends at two moments."""
        apprentice = self.apprentice
        if part.imitated:
            apprentice = apprentice.plus(part.imitated, part.first_us, part.last_us)
        bins, pending = merge([*self.bins, *part.bins]), (*self.pending, *part.pending)
        lift = self.lift.plus(part.lifts, from_us, to_us)
        models = with_part(self.models, part.models, from_us, to_us)
        return replace(
            self,
            bins=bins,
            pending=pending,
            apprentice=apprentice,
            lift=lift,
            models=models,
            last_rank_us=max(self.last_rank_us, part.last_rank_us),
            last_reward_us=max(self.last_reward_us, part.last_reward_us),
        )

    def settle(self, part_us: int, kind: str, learned_from_us: int, refused: int) -> "Metrics":
        """The metrics once a model has learned a part: the outcomes of its events, and of all earlier parts, are known.

        Args:
            kind: What the model learns from; events of another kind are passed over.
            learned_from_us: The model has learned no part that begins before this.
            refused: How many of the part's events Vowpal Wabbit refused; taken to be its last events.
        """
        ready = [pending for pending in self.pending if pending.part_us <= part_us]
        settled: list[Bin] = []
        for pending in reversed(ready):
            outcomes = pending.outcomes(kind, learned_from_us)
            refused_here = min(refused, outcomes.learned) if pending.part_us == part_us else 0
            refused -= refused_here
            outcomes = outcomes._replace(learned=outcomes.learned - refused_here, refused=refused_here)
            otherwise = pending.count_answered_otherwise(kind, learned_from_us)
            quarantined = pending.count_quarantined(kind, learned_from_us)
            settled.append(
                Bin(pending.bin_us, outcomes=outcomes, answered_otherwise=otherwise, quarantined=quarantined)
            )
        left = tuple(pending for pending in self.pending if pending.part_us > part_us)
        return replace(self, bins=merge([*self.bins, *settled]), pending=left) if ready else self

    def outcomes(self, before_us: int, kind: str, learned_from_us: int) -> EventOutcomes:
        """The outcomes that `settle` would add for the parts that begin before a moment, if no event were refused."""
        outcomes = EventOutcomes()
        for pending in self.pending:
            if pending.part_us < before_us:
                outcomes = outcomes.plus(pending.outcomes(kind, learned_from_us))
        return outcomes

    def count_answered_otherwise(self, before_us: int, kind: str, learned_from_us: int) -> int:
        """How many events `settle` would count as answered otherwise; as `outcomes`."""
        ready = (pending for pending in self.pending if pending.part_us < before_us)
        return sum(pending.count_answered_otherwise(kind, learned_from_us) for pending in ready)

    def count_quarantined(self, before_us: int, kind: str, learned_from_us: int) -> EventOutcomes:
        """The outcomes that `settle` would take out for quarantines; as `outcomes`."""
        outcomes = EventOutcomes()
        for pending in self.pending:
            if pending.part_us < before_us:
                outcomes = outcomes.plus(pending.count_quarantined(kind, learned_from_us))
        return outcomes

    def whole_days(self, joined_up_to_us: int) -> Mapping[int, Day]:
        """The days to which nothing is added any more, by their first moment."""
        days = {day: Day(tuple(bins)) for day, bins in groupby(self.bins, key=lambda a_bin: day_us(a_bin.from_us))}
        unsettled = {day_us(pending.bin_us) for pending in self.pending}
        return {
            day: bins
            for day, bins in days.items()
            if joined_up_to_us >= day + DAY + (_PATIENCE_US if day in unsettled else BEFORE_US)
        }

    def without(self, days: Iterable[int]) -> "Metrics":
        """The metrics without the bins of some days."""
        gone = set(days)
        bins = tuple(a_bin for a_bin in self.bins if day_us(a_bin.from_us) not in gone)
        pending = tuple(pending for pending in self.pending if day_us(pending.bin_us) not in gone)
        return replace(self, bins=bins, pending=pending)


def merge(bins: Iterable[Bin]) -> tuple[Bin, ...]:
    """The bins in order of time, those of the same five minutes added up in the order given."""
    by_time: dict[int, Bin] = {}
    for a_bin in bins:
        before = by_time.get(a_bin.from_us)
        by_time[a_bin.from_us] = a_bin if before is None else before.plus(a_bin)
    return tuple(by_time[at_us] for at_us in sorted(by_time))


def add_counts(some: Mapping[str, int], others: Mapping[str, int]) -> Mapping[str, int]:
    """The sums of both, name by name."""
    return {name: some.get(name, 0) + others.get(name, 0) for name in (*some, *others)} if others else some


def total(bins: Sequence[Bin], from_us: int) -> Bin:
    """The sums of some bins, which do not begin before a moment."""
    sums = Bin(from_us)
    for a_bin in bins:
        sums = sums.plus(a_bin)
    return sums


def bin_us(at_us: int) -> int:
    """When the five minutes of a moment begin."""
    return at_us - at_us % BIN_US


def day_us(at_us: int) -> int:
    """When the day of a moment begins."""
    return at_us - at_us % DAY
