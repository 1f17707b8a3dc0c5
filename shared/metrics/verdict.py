"""The verdict: whether the loop earns more than its default, the first action, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.configuration.service_configuration import LearningMode
from shared.metrics import comparison
from shared.metrics.bins import Metrics
from shared.metrics.comparison import Likeness, PolicyEstimate
from shared.metrics.estimators import lift
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.intervals import Interval
from shared.metrics.last_change import LastChange
from shared.metrics.lift_record import Conclusion, Over, Window, conclude
from shared.times import to_iso_second
from shared.words import pluralize, round_figure, round_up

_NEARLY, _CERTAINLY = 0.95, 0.8
"""An apprentice has learned its default that matches in the one share of its ceiling, and for certain in the other."""
_APPRENTICE = "The loop is an apprentice: it shows the first action, and learns to choose as that does."
_READY = "It has learned its default."
_NOT_CERTAIN = "These events do not tell yet whether it has learned its default."
_NOT_READY = "It has not learned its default yet: as an Online loop it may begin below that."
_RETURNS = "It has not learned its default yet, but Online it goes on with the model that it had before."
_LOGS_ONLY = "The loop only logs: it shows the first action, and earns what that earns."
_NO_EVENT = "No event is joined yet that was ranked since mode, settings or model last changed."
BIASED = (
    "the first action was not drawn as often as its chances say, and that is no chance. So whether an event counts "
    "depends on the action that was drawn, and what the first action would have earned cannot be told. Activate "
    "deferred events whatever was drawn, and put no events into quarantine by the action that they showed."
)
_SPANS = {Over.DAY: "of the last day or so", Over.WEEK: "of the last week or so"}


@dataclass(frozen=True, slots=True)
class Advantage:
    """How much more per event a loop earned than a policy would have.

    Attributes:
        events: Those that speak for the policy.
        silent: Those that do not: the policy's action had no chance to be shown.
        lift: None without events, or if which events there are depends on what was drawn.
        interval: Where the mean lift is; valid however often it is looked at.
        more_events: About how many more events it takes to tell the loop from the policy; None if that is told, if no
            number can be given, or if the window lets go of events, and may never hold so many.
    """

    conclusion: Conclusion
    events: int
    silent: int
    lift: float | None
    interval: Interval | None
    more_events: int | None


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """The verdict over one window of events.

    Attributes:
        earned: What the loop earned per event, over the events that speak for the first action.
    """

    over: Over
    from_us: int
    earned: PolicyEstimate
    first: Advantage
    random: Advantage


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the loop earns above always the first action.

    Attributes:
        because: In one or two sentences.
        since_us: Since when the conclusion is the same, as a log position; None if there is none.
        over: The window of which the conclusion is and `because` tells; None if that is none.
        windows: Those in which there are events, the shortest first.
        apprentice: How well the loop imitates the first action, while it is an apprentice, since its settings last
            changed.
        change: With what the stretch begins that is judged; None if nothing has changed since the loop was made.
        life: What the loop earned in all of its life, under whatever settings; None before the first event.
    """

    conclusion: Conclusion
    because: str
    since_us: int | None
    windows: Sequence[WindowVerdict]
    apprentice: Likeness | None = None
    change: LastChange | None = None
    over: Over | None = None
    life: WindowVerdict | None = None


def judge(metrics: Metrics, mode: LearningMode, now_us: int, *, returns: bool = False) -> Verdict:
    """Judge what the loop earns, from the sums of its commit record.

    Args:
        mode: The learning mode that is configured.
        returns: Whether an apprentice goes on with the model that it had before, once it is Online.
    """
    life = measure(metrics.lift.life) if metrics.lift.life else None
    if mode is LearningMode.APPRENTICE:
        likeness = comparison.likeness(metrics.apprentice.newest(metrics.lift.sums.events))
        because = _describe_apprentice(likeness, returns=returns)
        return Verdict(Conclusion.UNKNOWN, because, None, (), likeness, life=life)
    if mode is LearningMode.LOGGING_ONLY:
        return Verdict(Conclusion.UNKNOWN, _LOGS_ONLY, None, (), life=life)
    windows = metrics.lift.windows(now_us)
    conclusion, window = conclude(windows)
    if window is None:
        return Verdict(conclusion, _NO_EVENT, None, (), life=life)
    since_us = metrics.lift.concluded_us if conclusion == metrics.lift.conclusion else None
    verdicts = [measure(each) for each in windows]
    because = describe(verdicts[windows.index(window)], since_us)
    return Verdict(conclusion, because, since_us, verdicts, over=window.over, life=life)


def describe(window: WindowVerdict, since_us: int | None = None) -> str:
    """Describe how a window compares with always the first action.

    Args:
        since_us: Since when the conclusion is the same; None to leave that out.
    """
    first = window.first
    if first.lift is None or first.interval is None:
        if first.events:
            return f"In {_describe_events(window)}, {BIASED}"
        return (
            f"The first action had no chance to be shown in {_events(window, first.silent)}, so nothing is known of "
            "what it would have earned. An exploration above 0 gives it one."
        )
    low, high = (round_figure(bound) for bound in first.interval)
    earned = (
        f"Over {_describe_events(window)}, the loop earned {round_figure(abs(first.lift))} "
        f"{'more' if first.lift >= 0 else 'less'} per event than always the first action would have "
        f"(95 % interval {low} to {high})"
    )
    if first.conclusion is Conclusion.NOT_DISTINGUISHABLE:
        return f"{earned}, which may be chance. {_outlook(first)}"
    return f"{earned}. So it has been since {to_iso_second(since_us)}." if since_us else f"{earned}."


def measure(window: Window) -> WindowVerdict:
    """Measure what the loop earned over a window."""
    first = _advantage(window, window.sums.first, window.against_first)
    random = _advantage(window, window.sums.random, window.against_random)
    sums = window.sums.first
    earned = comparison.estimate_average(sums.events, sums.rewards, sums.reward_squares, sums.span)
    return WindowVerdict(window.over, window.from_us, earned, first, random)


def _advantage(window: Window, sums: LiftSums, conclusion: Conclusion) -> Advantage:
    value, interval = lift.lift(sums), lift.interval(sums, window.error)
    if value is None or interval is None or conclusion is Conclusion.UNKNOWN:
        return Advantage(conclusion, sums.events, sums.silent, None, None, None)
    grows = conclusion is Conclusion.NOT_DISTINGUISHABLE and window.over in {Over.CHANGE, Over.LIFE}
    more = _more_events(sums, window.error) if grows else None
    return Advantage(conclusion, sums.events, sums.silent, value, interval.with_value(value), more)


def _more_events(sums: LiftSums, error: float) -> int | None:
    """So many of which as large a share is silent as of these."""
    times = lift.times_as_many(sums, error)
    return None if times is None else round_up((times - 1) * (sums.events + sums.silent))


def _outlook(advantage: Advantage) -> str:
    if advantage.more_events is None:
        return "No difference shows yet that a foreseeable number of events could tell."
    return f"If it stays so, about {advantage.more_events:,} more events will tell."


def _describe_events(window: WindowVerdict) -> str:
    """Which events tell how the loop compares with the first action."""
    first = window.first
    events = _events(window, first.events + first.silent)
    if not first.silent:
        return events
    return f"those {first.events:,} of {events} in which the first action had a chance to be shown"


def _events(window: WindowVerdict, number: int) -> str:
    events = f"{number:,} {'event' if number == 1 else 'events'}"
    if window.over is Over.EVENTS:
        return f"the last {events}"
    if window.over is Over.CHANGE:
        return f"{events} since {to_iso_second(window.from_us)} (all since mode, settings or model last changed)"
    if window.over is Over.LIFE:
        return f"{events} since {to_iso_second(window.from_us)} (the loop's whole life)"
    return f"{events} {_SPANS[window.over]}"


def _describe_apprentice(likeness: Likeness, *, returns: bool) -> str:
    rate, ceiling = likeness.match_rate, likeness.match_rate_ceiling
    if rate is None or ceiling is None or likeness.match_rate_interval is None:
        return f"{_APPRENTICE} {_NO_EVENT}"
    low, high = likeness.match_rate_interval
    not_ready = _RETURNS if returns else _NOT_READY
    near, far = rate >= _NEARLY * ceiling and low >= _CERTAINLY * ceiling, high < _NEARLY * ceiling
    return (
        f"{_APPRENTICE} In {rate:.0%} of the last {pluralize(likeness.number_of_events, 'event', 'events')} "
        f"(95 % interval {low:.0%} to {high:.0%}) it would have shown the first action itself; with its exploration, "
        f"at most {ceiling:.0%} is possible. {_READY if near else not_ready if far else _NOT_CERTAIN}"
    )
