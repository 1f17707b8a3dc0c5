"""The rate at which a loop's events get rewards, and whether rewards have stopped, by the loop's own past.

A sum of evidence grows with each event without a reward and falls with each reward; it begins anew when it comes to 0.
It is that of Page (Continuous inspection schemes, Biometrika 1954): the logarithm of how much more likely the events
are if next to no rewards come than if they come half as often as they did in the leanest time of the past.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

from shared.stored_objects import StoredObject
from shared.times import HOUR, MINUTE

_CERTAIN = math.log(1e6)
"""If rewards come half as often as in the leanest time, this much evidence comes less than once in a million events."""
_LEAN, _NEXT_TO_NOTHING = 0.5, 0.01
"""Of the lowest rate of the past."""
_ENOUGH = 10
"""Rewarded events from which on a past tells a rate."""
_OF_PERIOD, _PERIOD_US, _MOST_PERIODS = 50, 6 * HOUR, 28
"""The rewarded events and the time that a period of the past has at least, and how many periods are kept."""
_MOST_STRETCHES = 32


@dataclass(frozen=True, slots=True)
class RewardedEvents(StoredObject):
    """How many events of a stretch of log got a reward in time.

    Attributes:
        from_us: When the first of them arrived.
        events: Those that were shown, so far as is known: not deferred, or activated; and answered once.
        rewarded: Those with at least one reward.
    """

    from_us: int
    events: int
    rewarded: int

    def plus(self, other: "RewardedEvents") -> "RewardedEvents":
        """The events of both."""
        return replace(
            self,
            from_us=min(self.from_us, other.from_us),
            events=self.events + other.events,
            rewarded=self.rewarded + other.rewarded,
        )

    @property
    def rate(self) -> float:
        """The share of rewarded events."""
        return self.rewarded / self.events


@dataclass(frozen=True, slots=True)
class RewardRate(StoredObject):
    """The record of a loop's rate of rewards.

    Attributes:
        past: The rate of the past by periods, the oldest first: a week, or longer if there were few rewards. The time
            before the first reward is left out, and so are times in which rewards had stopped.
        silence: The events since the evidence was 0 last; None if it is 0. They are not in the past.
        evidence: How much speaks for it that rewards have stopped.
        has_stopped: Whether the evidence was enough, and rewards have not come again.
    """

    past: tuple[RewardedEvents, ...] = ()
    silence: RewardedEvents | None = None
    evidence: float = 0.0
    has_stopped: bool = False

    def plus(self, stretches: Iterable[RewardedEvents]) -> "RewardRate":
        """The record with some more of the log, in order of time."""
        return reduce(RewardRate._add, stretches, self)

    def since(self, moment_us: int) -> "RewardRate":
        """The record, or an empty one if the record has events of before a moment."""
        first = self.past[0] if self.past else self.silence
        return RewardRate() if first is not None and first.from_us < moment_us else self

    @property
    def total(self) -> RewardedEvents:
        """All events of the past."""
        first_us = self.past[0].from_us if self.past else 0
        return RewardedEvents(
            first_us, sum(period.events for period in self.past), sum(period.rewarded for period in self.past)
        )

    def _add(self, stretch: RewardedEvents) -> "RewardRate":
        lowest = self._lowest_rate()
        if lowest is None:
            return self._pass(stretch) if self.past or stretch.rewarded else self
        evidence = self.evidence + _weigh(stretch, lowest)
        silence = stretch if self.silence is None else self.silence.plus(stretch)
        if self.has_stopped and evidence < _CERTAIN / 2:  # after two rewards that come as they used to
            return replace(self, silence=None, evidence=0.0, has_stopped=False)
        if not self.has_stopped and evidence <= 0:
            return self._pass(silence)
        certain = self.has_stopped or evidence >= _CERTAIN
        return replace(self, silence=silence, evidence=min(evidence, _CERTAIN), has_stopped=certain)

    def _pass(self, stretch: RewardedEvents) -> "RewardRate":
        """The record once a stretch belongs to the past."""
        return replace(self, past=_append(self.past, stretch), silence=None, evidence=0.0)

    def _lowest_rate(self) -> float | None:
        """The rate of the leanest period; no more than what the whole past is certain of. None for a short past."""
        total = self.total
        if total.rewarded < _ENOUGH:
            return None
        return min([_lower_bound(total), *(period.rate for period in self.past if period.rewarded >= _OF_PERIOD)])


def width_us(from_us: int, to_us: int) -> int:
    """How long the stretches are into which a part of the log is divided."""
    return max(MINUTE, (to_us - from_us) // _MOST_STRETCHES)


def combine(stretches: Iterable[RewardedEvents], from_us: int, to_us: int) -> list[RewardedEvents]:
    """The stretches of a part, in order of time, from those of its shards."""
    by_place: dict[int, RewardedEvents] = {}
    for stretch in stretches:
        place = (stretch.from_us - from_us) // width_us(from_us, to_us)
        by_place[place] = by_place[place].plus(stretch) if place in by_place else stretch
    return [by_place[place] for place in sorted(by_place)]


def _weigh(stretch: RewardedEvents, lowest: float) -> float:
    """The evidence of a stretch: the logarithm of the ratio of its likelihoods."""
    lean, nothing = _LEAN * lowest, _NEXT_TO_NOTHING * lowest
    silent = stretch.events - stretch.rewarded
    return silent * math.log((1 - nothing) / (1 - lean)) + stretch.rewarded * math.log(nothing / lean)


def _append(past: tuple[RewardedEvents, ...], stretch: RewardedEvents) -> tuple[RewardedEvents, ...]:
    if past and not (past[-1].rewarded >= _OF_PERIOD and stretch.from_us >= past[-1].from_us + _PERIOD_US):
        return (*past[:-1], past[-1].plus(stretch))
    return (*past, stretch)[-_MOST_PERIODS:]


def _lower_bound(events: RewardedEvents) -> float:
    """Where the rate lies above, as far as the events can tell: Wilson's interval of two standard errors."""
    count, rate, square = events.events, events.rate, 4.0
    centre, spread = rate + square / (2 * count), math.sqrt(rate * (1 - rate) / count + square / (4 * count * count))
    return (centre - 2 * spread) / (1 + square / count)
