"""The recount of metrics: where the log is corrected otherwise than when it was joined, bins are made anew from it.

What became of the events is not in the log. So of a bin that is made anew, the sums are those of the log, and events
that are in quarantine now leave the outcome that they had. A bin notes which outcomes were taken out: they come back
when a quarantine is lifted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.metrics.bins import BIN_US, Bin, EventOutcomes, bin_us
from shared.stored_objects import StoredObject
from shared.times import to_iso_second


@dataclass(frozen=True, slots=True)
class Recount(StoredObject):
    """How far the metrics are counted anew.

    Attributes:
        from_us: Bins of [from_us, to_us) are counted anew.
        up_to_us: Bins before this are.
        left_from_us: When the first bin begins that could not be, for its log is not there any more; None without any.
        left_to_us: When the last of them ends.
        ever_from_us: The metrics that were ever counted anew begin then.
        ever_to_us: They end then.
    """

    from_us: int
    to_us: int
    up_to_us: int
    left_from_us: int | None = None
    left_to_us: int = 0
    ever_from_us: int = 0
    ever_to_us: int = 0

    @classmethod
    def over(cls, from_us: int, to_us: int) -> "Recount":
        """A new recount, of all bins that a range touches."""
        begin_us, end_us = bin_us(max(from_us, 0)), to_us + -to_us % BIN_US
        return cls(begin_us, end_us, begin_us, ever_from_us=begin_us, ever_to_us=end_us)

    def after(self, before: "Recount | None") -> "Recount":
        """This recount with what is left of one before."""
        if before is None:
            return self
        merged = replace(
            before,
            from_us=self.from_us,
            to_us=self.to_us,
            up_to_us=self.up_to_us,
            ever_from_us=min(self.ever_from_us, before.ever_from_us),
            ever_to_us=max(self.ever_to_us, before.ever_to_us),
        )
        if before.is_done:
            return merged
        return replace(
            merged,
            from_us=min(self.from_us, before.from_us),
            to_us=max(self.to_us, before.to_us),
            up_to_us=min(self.up_to_us, before.up_to_us),
        )

    @property
    def is_done(self) -> bool:
        """Whether all bins are counted anew."""
        return self.up_to_us >= self.to_us

    def describe(self, from_us: int, to_us: int) -> str | None:
        """What of a range is not counted as the log is corrected now, in plain words; None for nothing."""
        if self.up_to_us < to_us and from_us < self.to_us and not self.is_done:
            return (
                f"What came from {to_iso_second(max(self.up_to_us, from_us))} to "
                f"{to_iso_second(min(self.to_us, to_us))} is being counted anew, for a quarantine or a relabel changed."
            )
        if self.left_from_us is not None and self.left_from_us < to_us and from_us < self.left_to_us:
            return (
                f"Between {to_iso_second(self.left_from_us)} and {to_iso_second(self.left_to_us)}, some intervals are "
                "as they were before a quarantine or a relabel changed: the log has not all of their events any more."
            )
        return None

    def describe_models(self) -> str:
        """What of models' earnings is counted as the log was corrected when it was joined, in plain words."""
        return (
            f"What models earned from {to_iso_second(self.ever_from_us)} to {to_iso_second(self.ever_to_us)} is "
            "counted as it was when it was joined: quarantines and relabels made or lifted later are not in it."
        )

    def advance(self, up_to_us: int, left: Sequence[int]) -> "Recount":
        """The recount after more bins; some of them, by their beginnings, could not be counted."""
        moved = replace(self, up_to_us=up_to_us)
        if not left:
            return moved
        first_us = left[0] if self.left_from_us is None else min(self.left_from_us, left[0])
        return replace(moved, left_from_us=first_us, left_to_us=max(self.left_to_us, left[-1] + BIN_US))


@dataclass(frozen=True, slots=True)
class LoggedBin:
    """What the log says of a bin as it is corrected now.

    Attributes:
        sums: Of the events that count.
        events: All of its events.
        learnable: Those in quarantine from which a model would learn, and that have an outcome.
        skipped: Those in quarantine that were not activated, and have an outcome.
    """

    sums: Bin
    events: int
    learnable: int
    skipped: int

    def without_outcomes(self) -> "LoggedBin":
        """The same for events that no model has come to yet."""
        return replace(self, learnable=0, skipped=0)

    def plus_waiting(self, other: "LoggedBin") -> "LoggedBin":
        """The same with those of a part that no model has come to yet."""
        return replace(self, sums=self.sums.plus(other.sums), events=self.events + other.events)


def count_anew(before: Bin, logged: LoggedBin) -> Bin:
    """A bin with the sums of its log, and with the outcomes of those events that are not in quarantine."""
    base = before.outcomes.plus(before.quarantined)
    learned = min(logged.learnable, base.learned)
    refused = min(logged.learnable - learned, base.refused)
    not_activated = min(logged.skipped, base.not_activated)
    quarantined = EventOutcomes(learned=learned, not_activated=not_activated, refused=refused)
    return replace(
        before,
        events=logged.sums.events,
        rewards=logged.sums.rewards,
        squares=logged.sums.squares,
        lowest=logged.sums.lowest,
        highest=logged.sums.highest,
        first=logged.sums.first,
        random=logged.sums.random,
        modes=logged.sums.modes,
        relabelled=logged.sums.relabelled,
        outcomes=base.minus(quarantined),
        quarantined=quarantined,
    )


def is_countable(before: Bin, logged: LoggedBin) -> bool:
    """Whether the log still has all events of a bin; those that storage had damaged never were in it."""
    return logged.events >= before.joined - before.outcomes.plus(before.quarantined).refused
