"""The loop's metrics over HTTP: what it earns, interval by interval, and how well it imitates as an apprentice."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import Field

from shared import durations
from shared.metrics import comparison
from shared.metrics.apprentice import Apprentice, Imitation
from shared.metrics.bins import Bin, total
from shared.metrics.comparison import Estimate
from shared.metrics.intervals import Interval, Span
from shared.times import DAY, HOUR, MINUTE, from_iso, to_iso
from shared.web.errors import InvalidRequest
from shared.web.json_forms import Wire, moment

INTERVALS = {"PT5M": 5 * MINUTE, "PT1H": HOUR, "PT6H": 6 * HOUR, "P1D": DAY}
MOST_DAYS = 100
MOST_INTERVALS = 500

_LATEST_US = from_iso("9999-01-01")
_Pair = tuple[float, float]


class PolicyEstimate(Wire):
    """What a policy earns per event; null is what is not known, and `because` says why."""

    average_reward: float | None
    interval: _Pair | None
    non_zero_weights: int
    because: str | None


class Fates(Wire):
    """What became of the events, and of the rewards and activations that had none."""

    joined: int
    waiting: int
    learned: int
    not_activated: int
    refused: int
    passed_over: int
    late: int
    dangling: int


class Stretch(Wire):
    """The figures of one stretch of time."""

    from_: Annotated[datetime, Field(alias="from")]
    to: datetime
    count: int
    online: PolicyEstimate
    first_action: PolicyEstimate
    random: PolicyEstimate
    events: Fates


class Likeness(Wire):
    """How well the loop imitates as an apprentice; null is what is not known."""

    number_of_events: int
    match_rate: float | None
    match_rate_interval: _Pair | None
    match_rate_ceiling: float | None
    baseline_average_reward: float | None
    baseline_average_reward_interval: _Pair | None
    model_average_reward: float | None
    model_average_reward_interval: _Pair | None
    reward_achievement_ratio: float | None
    reward_achievement_ratio_interval: _Pair | None


class ApprenticeFigures(Wire):
    """Over the last events, and over all since the loop was made."""

    last: Likeness
    total: Likeness


class LoopMetrics(Wire):
    """The loop's metrics."""

    interval: str
    reward_span: _Pair
    total: Stretch
    intervals: list[Stretch]
    apprentice: ApprenticeFigures | None


class MetricsQuery(Wire):
    """Which figures are asked for."""

    from_: Annotated[datetime | None, Field(alias="from")] = None
    to: datetime | None = None
    interval: Annotated[str | None, Field(pattern="^(PT5M|PT1H|PT6H|P1D)$")] = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A range in whole intervals."""

    from_us: int
    to_us: int
    interval_us: int


def asked(first: str | None, last: str | None, interval: str | None, now_us: int) -> Asked:
    """Read a query; without `to` it goes on until now, without `from` it begins a day before its end.

    Raises:
        InvalidRequest: An end is no moment, the interval is none of those there are, or there is too much of it.
    """
    to_us = moment(last, "to", InvalidRequest) if last else now_us
    from_us = moment(first, "from", InvalidRequest) if first else to_us - DAY
    if to_us > _LATEST_US:
        raise InvalidRequest("The range ends too far ahead.", "to")
    if not 0 <= from_us < to_us:
        raise InvalidRequest("The range ends before it begins.", "to")
    if to_us - from_us > MOST_DAYS * DAY:
        raise InvalidRequest(f"A range has at most {MOST_DAYS} days.", "from")
    length_us = _interval(interval, to_us - from_us)
    from_us -= from_us % length_us
    to_us += -to_us % length_us
    if (to_us - from_us) // length_us > MOST_INTERVALS:
        raise InvalidRequest(f"A range has at most {MOST_INTERVALS} intervals: ask for longer ones.", "interval")
    return Asked(from_us, to_us, length_us)


def answer(wanted: Asked, bins: Sequence[Bin], apprentice: Apprentice) -> bytes:
    """The figures of a range, in total and interval by interval.

    Args:
        bins: Those of the range.
        apprentice: Told whatever the range is.
    """
    rewards = comparison.span(bins)
    of_interval: dict[int, list[Bin]] = defaultdict(list)
    for one in bins:
        of_interval[one.from_us - one.from_us % wanted.interval_us].append(one)
    starts = range(wanted.from_us, wanted.to_us, wanted.interval_us)
    stretches = [_stretch(of_interval.get(at, ()), at, at + wanted.interval_us, rewards) for at in starts]
    return orjson.dumps(
        {
            "interval": durations.to_iso(wanted.interval_us),
            "rewardSpan": list(rewards),
            "total": _stretch(bins, wanted.from_us, wanted.to_us, rewards),
            "intervals": stretches,
            "apprentice": _apprentice(apprentice),
        }
    )


def likeness(sums: Imitation) -> dict[str, Any]:
    """How well the loop imitates over some events."""
    told = comparison.likeness(sums)
    return {
        "numberOfEvents": sums.events,
        "matchRate": told.match_rate,
        "matchRateInterval": _pair(told.match_rate_interval),
        "matchRateCeiling": told.match_rate_ceiling,
        "baselineAverageReward": told.baseline_average,
        "baselineAverageRewardInterval": _pair(told.baseline_interval),
        "modelAverageReward": told.model_average,
        "modelAverageRewardInterval": _pair(told.model_interval),
        "rewardAchievementRatio": told.achievement,
        "rewardAchievementRatioInterval": _pair(told.achievement_interval),
    }


def _interval(text: str | None, range_us: int) -> int:
    if not text:
        return next(length for length in INTERVALS.values() if range_us <= 100 * length or length == DAY)
    if text not in INTERVALS:
        raise InvalidRequest(f"It has to be one of {', '.join(INTERVALS)}.", "interval")
    return INTERVALS[text]


def _stretch(bins: Sequence[Bin], from_us: int, to_us: int, rewards: Span) -> dict[str, Any]:
    sums = total(bins, from_us)
    told = comparison.comparison(sums, rewards)
    return {
        "from": to_iso(from_us),
        "to": to_iso(to_us),
        "count": sums.events,
        "online": _estimate(told.online),
        "firstAction": _estimate(told.first),
        "random": _estimate(told.random),
        "events": _fates(sums),
    }


def _estimate(told: Estimate) -> dict[str, Any]:
    return {
        "averageReward": told.average,
        "interval": _pair(told.interval),
        "nonZeroWeights": told.non_zero,
        "because": told.because,
    }


def _fates(sums: Bin) -> dict[str, int]:
    fates = sums.fates
    settled = fates.learned + fates.not_activated + fates.refused + fates.passed_over
    return {
        "joined": sums.joined,
        "waiting": sums.joined - settled,
        "learned": fates.learned,
        "notActivated": fates.not_activated,
        "refused": fates.refused,
        "passedOver": fates.passed_over,
        "late": fates.late,
        "dangling": fates.dangling,
    }


def _apprentice(apprentice: Apprentice) -> dict[str, Any] | None:
    if not apprentice.total.events:
        return None
    return {"last": likeness(apprentice.last), "total": likeness(apprentice.total)}


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
