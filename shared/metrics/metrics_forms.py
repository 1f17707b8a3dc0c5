"""The loop's metrics over HTTP: what it earns, interval by interval, and how well it imitates as an apprentice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Literal

from pydantic import Field

from shared import durations
from shared.configuration.service_configuration import LearningMode
from shared.metrics import comparison
from shared.metrics.apprentice import Apprentice
from shared.metrics.bins import BIN_US, Bin, total
from shared.metrics.comparison import AddedLift, Likeness, PolicyEstimate
from shared.metrics.estimators.lift import LiftSums, is_biased
from shared.metrics.intervals import Span
from shared.metrics.verdict import Verdict
from shared.metrics.verdict_forms import VerdictAnswer
from shared.times import DAY, HOUR, MINUTE, SECOND, from_iso
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import read_moment
from shared.web.json_forms import Moment, SentMoment, Wire

FINE_INTERVALS = {"PT10S": 10 * SECOND, "PT1M": MINUTE}
"""Of the last day only."""
INTERVALS = {"PT5M": 5 * MINUTE, "PT1H": HOUR, "PT6H": 6 * HOUR, "P1D": DAY}
MOST_DAYS = 100
MOST_INTERVALS = 500

_LATEST_US = from_iso("9999-01-01")


class Fates(Wire):
    """What became of the events, and of the rewards and activations that had none; null in intervals below PT5M."""

    joined: int
    waiting: int | None
    learned: int | None
    not_activated: int | None
    answered_otherwise: int | None
    refused: int | None
    passed_over: int | None
    quarantined: int | None
    relabelled: int
    late: int
    dangling: int


class Stretch(Wire):
    """The figures of one stretch of time.

    Attributes:
        learning_modes: Those in which the events that count were ranked; null if it is not known of all of them.
        added_lift: From the beginning of the range to the end of this stretch.
    """

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    count: int
    learning_modes: list[LearningMode] | None
    online: PolicyEstimate
    first_action: PolicyEstimate
    random: PolicyEstimate
    added_lift: AddedLift
    events: Fates


class ApprenticeFigures(Wire):
    """Over the last events, and over all since the loop was made."""

    last: Likeness
    total: Likeness


class LoopMetrics(Wire):
    """The loop's metrics.

    Attributes:
        missing: What of the log is not in intervals below PT5M yet, or what a quarantine was to take out of longer ones
            and is in them still; null for nothing.
    """

    interval: str
    missing: str | None
    reward_span: tuple[float, float]
    verdict: VerdictAnswer
    total: Stretch
    intervals: list[Stretch]
    apprentice: ApprenticeFigures | None


class MetricsQuery(Wire):
    """Which figures are asked for."""

    from_: Annotated[SentMoment | None, Field(alias="from")] = None
    to: SentMoment | None = None
    interval: Literal["PT10S", "PT1M", "PT5M", "PT1H", "PT6H", "P1D"] | None = None


@dataclass(frozen=True, slots=True)
class MetricsRange:
    """A range in whole intervals."""

    from_us: int
    to_us: int
    interval_us: int

    @property
    def is_fine(self) -> bool:
        """Whether there are such intervals of the last day only."""
        return self.interval_us < BIN_US


def read_range(first: str | None, last: str | None, interval: str | None, now_us: int) -> MetricsRange:
    """Read the range of a query; without `to` it ends now, without `from` it is as long as `_usual_us` says.

    Raises:
        InvalidRequest: An end is no moment, the interval is not one of `INTERVALS`, or the range has too many of them.
    """
    to_us = read_moment(last, "to", InvalidRequest) if last else now_us
    from_us = read_moment(first, "from", InvalidRequest) if first else to_us - _usual_us(interval)
    if to_us > _LATEST_US:
        raise InvalidRequest("The range ends too far ahead.", "to")
    if from_us >= to_us and last:
        raise InvalidRequest("The range ends before it begins.", "to")
    if from_us >= to_us:
        raise InvalidRequest("It is not before now, and a range without to ends now.", "from")
    if to_us - from_us > MOST_DAYS * DAY:
        raise InvalidRequest(f"A range has at most {MOST_DAYS} days.", "from")
    if from_us < 0:
        raise InvalidRequest("The range begins before 1970.", "from" if first else "to")
    length_us = _interval(interval, to_us - from_us)
    from_us -= from_us % length_us
    to_us += -to_us % length_us
    if (to_us - from_us) // length_us > MOST_INTERVALS:
        raise InvalidRequest(f"A range has at most {MOST_INTERVALS} intervals: ask for longer ones.", "interval")
    return MetricsRange(from_us, to_us, length_us)


def _usual_us(interval: str | None) -> int:
    """The length of a range that names none: a day, or as long as there may be intervals, if they are that short."""
    most_us = (MOST_INTERVALS - 1) * FINE_INTERVALS.get(interval or "", DAY)  # one more if it is widened
    return min(DAY, most_us)


def answer(
    wanted: MetricsRange, bins: Sequence[Bin], apprentice: Apprentice, verdict: Verdict, missing: str | None = None
) -> LoopMetrics:
    """The figures of a range, in total and interval by interval.

    Args:
        bins: Those of the range.
        apprentice: Of all time, whatever the range is.
        verdict: As of now, whatever the range is.
        missing: What is not in the bins yet.
    """
    rewards, lift = comparison.span(bins), _plus(LiftSums(), bins)
    is_comparable = not is_biased(lift)
    by_interval: dict[int, list[Bin]] = defaultdict(list)
    for a_bin in bins:
        by_interval[a_bin.from_us - a_bin.from_us % wanted.interval_us].append(a_bin)
    return LoopMetrics(
        interval=durations.to_iso(wanted.interval_us),
        missing=missing,
        reward_span=rewards,
        verdict=VerdictAnswer.of(verdict),
        total=_stretch(bins, wanted.from_us, wanted.to_us, wanted, rewards, lift if is_comparable else LiftSums()),
        intervals=[*_stretches(by_interval, wanted, rewards, is_comparable=is_comparable)],
        apprentice=_apprentice(apprentice),
    )


def _interval(text: str | None, range_us: int) -> int:
    if not text:
        return next(length for length in INTERVALS.values() if range_us <= 100 * length or length == DAY)
    intervals = FINE_INTERVALS | INTERVALS
    if text not in intervals:
        raise InvalidRequest(f"It has to be one of {', '.join(intervals)}.", "interval")
    return intervals[text]


def _stretches(
    bins: Mapping[int, Sequence[Bin]], wanted: MetricsRange, rewards: Span, *, is_comparable: bool
) -> Iterator[Stretch]:
    """The intervals of a range, each with the lift that is added up until its end, if it can be told at all."""
    lift = LiftSums()
    for at_us in range(wanted.from_us, wanted.to_us, wanted.interval_us):
        here = bins.get(at_us, ())
        lift = _plus(lift, here) if is_comparable else lift
        yield _stretch(here, at_us, at_us + wanted.interval_us, wanted, rewards, lift)


def _plus(lift: LiftSums, bins: Sequence[Bin]) -> LiftSums:
    return reduce(LiftSums.plus, map(comparison.lift_sums, bins), lift)


def _stretch(
    bins: Sequence[Bin], from_us: int, to_us: int, wanted: MetricsRange, rewards: Span, lift: LiftSums
) -> Stretch:
    sums = total(bins, from_us)
    policies = comparison.compare(sums, rewards)
    return Stretch(
        from_=from_us,
        to=to_us,
        count=sums.events,
        learning_modes=_learning_modes(sums),
        online=policies.online,
        first_action=policies.first,
        random=policies.random,
        added_lift=comparison.add_lift(lift),
        events=_fine_outcomes(sums) if wanted.is_fine else _outcomes(sums),
    )


def _learning_modes(sums: Bin) -> list[LearningMode] | None:
    if sum(sums.modes.values()) != sums.events:
        return None
    return [mode for mode in LearningMode if sums.modes.get(mode.value)]


def _fine_outcomes(sums: Bin) -> Fates:
    names = ("waiting", "learned", "not_activated", "answered_otherwise", "refused", "passed_over", "quarantined")
    unknown = dict.fromkeys(names)
    outcomes = sums.outcomes
    return Fates(
        joined=sums.joined,
        relabelled=sums.relabelled,
        late=outcomes.late,
        dangling=outcomes.dangling,
        **unknown,
    )


def _outcomes(sums: Bin) -> Fates:
    outcomes = sums.outcomes
    otherwise = sums.answered_otherwise
    quarantined = sum(sums.quarantined)
    settled = sum(outcomes) - outcomes.late - outcomes.dangling + otherwise + quarantined
    return Fates(
        joined=sums.joined,
        waiting=sums.joined - settled,
        answered_otherwise=otherwise,
        quarantined=quarantined,
        relabelled=sums.relabelled,
        **outcomes._asdict(),
    )


def _apprentice(apprentice: Apprentice) -> ApprenticeFigures | None:
    if not apprentice.total.events:
        return None
    return ApprenticeFigures(last=comparison.likeness(apprentice.last), total=comparison.likeness(apprentice.total))
