"""How much more a challenger earns per event than the settings in use: the paired evidence of a trial.

In a trial, actions are drawn from a mixture of what both policies would show, π₁ of the settings in use and π₂ of the
challenger, so every event speaks for both. Its surplus u = (π₂(a) − π₁(a)) / p(a), for the action a that was shown with
the probability p, is 0 on average, and u·r has the difference of their rewards as its mean. Where both would show the
same, u is 0 and the event adds nothing, neither to the difference nor to its spread.

Source: the difference of two policies as in `difference`, whose interval this uses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import fsum, sumprod
from operator import mul

from shared.metrics.estimators import difference
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Interval, Span, reach
from shared.stored_objects import StoredObject

_UNLIKELY = 1e-6
_ROUNDING = 1e-5
"""Smaller surpluses are none: chances are single precision numbers, and whoever shows the same is not better."""


@dataclass(frozen=True, slots=True)
class TrialSums(StoredObject):
    """Sums over the events of a trial: of their surpluses u, and of their rewards r.

    Attributes:
        surpluses: Σu.
        surplus_squares: Σu².
        surplus_rewards: Σur.
        weighted_surplus_rewards: Σu²r.
        squared_surplus_rewards: Σu²r².
        lowest: The lowest reward; at most 0, as `highest` is at least 0.
    """

    events: int = 0
    surpluses: float = 0.0
    surplus_squares: float = 0.0
    surplus_rewards: float = 0.0
    weighted_surplus_rewards: float = 0.0
    squared_surplus_rewards: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0

    @classmethod
    def of(cls, events: Sequence[tuple[float, float]]) -> "TrialSums":
        """The sums over events, each with its surplus and its reward; at least one."""
        surpluses, rewards = zip(*((_without_rounding(surplus), reward) for surplus, reward in events), strict=True)
        earned = [*map(mul, surpluses, rewards)]
        return cls(
            events=len(events),
            surpluses=fsum(surpluses),
            surplus_squares=sumprod(surpluses, surpluses),
            surplus_rewards=fsum(earned),
            weighted_surplus_rewards=sumprod(earned, surpluses),
            squared_surplus_rewards=sumprod(earned, earned),
            lowest=min(0.0, *rewards),
            highest=max(0.0, *rewards),
        )

    def plus(self, other: "TrialSums") -> "TrialSums":
        """The sums of both."""
        return replace(
            self,
            **{name: getattr(self, name) + getattr(other, name) for name in _ADDED},
            lowest=min(self.lowest, other.lowest),
            highest=max(self.highest, other.highest),
        )

    def times(self, factor: float) -> "TrialSums":
        """The sums if as many more events were like these, their number rounded."""
        grown = {name: getattr(self, name) * factor for name in _ADDED}
        return replace(self, **{**grown, "events": round(grown["events"])})

    @property
    def span(self) -> Span:
        """The rewards that are considered possible: from 0 to 1, or further where such came."""
        return Span(min(UNIT.low, self.lowest), max(UNIT.high, self.highest))


_ADDED = tuple(field.name for field in fields(TrialSums) if field.name not in {"lowest", "highest", "unknown"})


def combine(parts: Iterable[Mapping[str, TrialSums]]) -> dict[str, TrialSums]:
    """The sums of several shards of a part, by the ids of trials."""
    sums: dict[str, TrialSums] = {}
    for part in parts:
        for trial_id, more in part.items():
            sums[trial_id] = sums[trial_id].plus(more) if trial_id in sums else more
    return sums


def gain(sums: TrialSums) -> float | None:
    """How much more per event the challenger is estimated to earn; None without events."""
    return difference.difference(_as_sums(sums, 1.0))


def interval(sums: TrialSums, largest: float, confidence: float) -> Interval | None:
    """Where the gain lies, two-sided; None without events.

    Args:
        largest: The largest surplus that an event could have had, in either direction.
        confidence: Up to 1 − 1e-6; of one analysis of the sums.
    """
    return difference.interval(_as_sums(sums, largest), sums.span, confidence, least=-largest)


def is_biased(sums: TrialSums, largest: float) -> bool:
    """Whether surpluses are not 0 on average, for certain: then which events there are depends on what was drawn.

    Nothing follows from such sums.

    Args:
        largest: As in `interval`.
    """
    return abs(sums.surpluses) > reach(sums.surplus_squares + largest**2, largest, 1 - _UNLIKELY) + largest


def _without_rounding(surplus: float) -> float:
    return surplus if abs(surplus) > _ROUNDING else 0.0


def _as_sums(sums: TrialSums, largest: float) -> Sums:
    return Sums(
        lines=sums.events,
        events=sums.events,
        surpluses=sums.surpluses,
        surplus_squares=sums.surplus_squares,
        surplus_rewards=sums.surplus_rewards,
        weighted_surplus_rewards=sums.weighted_surplus_rewards,
        squared_surplus_rewards=sums.squared_surplus_rewards,
        most=largest + 1,
        lowest=sums.lowest,
        highest=sums.highest,
    )
