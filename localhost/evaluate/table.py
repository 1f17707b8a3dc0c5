"""What an evaluation found, as a table."""

from collections.abc import Iterator

from localhost.columns import align
from localhost.evaluate.remarks import remarks
from shared.evaluation.lead import confidence
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts
from shared.metrics.estimators import difference
from shared.metrics.estimators.estimates import estimates
from shared.metrics.estimators.point_estimators import POINT_ESTIMATORS
from shared.metrics.intervals import Interval, Span
from shared.words import pluralize

_FIRST = "cressie_read"
"""The estimator whose column comes first, with the interval that decisions go by."""
_OTHERS = [estimator for estimator in POINT_ESTIMATORS if estimator.heading and estimator.name != _FIRST]
_HEADINGS = (
    "policy",
    "events",
    "effective",
    *(estimator.heading for estimator in POINT_ESTIMATORS if estimator.name == _FIRST),
    "95 % interval",
    *(estimator.heading for estimator in _OTHERS),
    "above online",
)
_UNKNOWN = "-"


def table(outcome: Outcome, exploration: float | None) -> str:
    """Lines, a row a policy, remarks, and the arguments of each.

    Args:
        exploration: That of the log; None without events.
    """
    return "\n".join(
        [
            describe_counts(outcome.lines),
            "",
            *align([_HEADINGS, *_rows(outcome)]),
            "",
            *remarks(outcome, exploration),
            *_arguments(outcome),
        ]
    )


def describe_counts(lines: LineCounts) -> str:
    """Say how many lines there were, and what became of them."""
    others = (
        (lines.skipped, "never activated or answered otherwise"),
        (lines.dangling, "rewards without event"),
        (lines.damaged, "damaged"),
        (lines.passed_over, "of another kind"),
        (lines.refused, "refused by the learner"),
    )
    text = "".join(f", {number} {what}" for number, what in others if number)
    return f"{pluralize(lines.read, 'line', 'lines')}: {pluralize(lines.used, 'event', 'events')} evaluated{text}."


def _rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    rewards, of_difference = outcome.rewards, confidence(outcome)
    for policy in outcome.policies:
        yield _row(policy, rewards, of_difference)


def _row(policy: PolicyOutcome, rewards: Span, of_difference: float) -> tuple[str, ...]:
    sums = policy.total
    estimated = estimates(sums, rewards)
    above = difference.interval(sums, rewards, of_difference)
    return (
        f"  slot {policy.slot_id}" if policy.slot_id else policy.policy.name,
        f"{sums.events:,.0f}",
        _UNKNOWN if estimated.effective_events is None else f"{estimated.effective_events:,.0f}",
        write_number(estimated.points[_FIRST]),
        write_interval(estimated.interval),
        *(write_number(estimated.points[estimator.name]) for estimator in _OTHERS),
        write_interval(above, "+"),
    )


def write_number(value: float | None) -> str:
    """Write an estimate; a dash for none."""
    return _UNKNOWN if value is None else f"{value:.4f}"


def write_interval(interval: Interval | None, sign: str = "") -> str:
    """Write both ends of an interval; a dash for none."""
    return _UNKNOWN if interval is None else f"{interval.low:{sign}.4f} … {interval.high:{sign}.4f}"


def _arguments(outcome: Outcome) -> Iterator[str]:
    arguments = {policy.policy.name: policy.policy.arguments for policy in outcome.policies if policy.policy.arguments}
    width = max(map(len, arguments), default=0)
    yield from ([""] if arguments else [])
    yield from (f"{name.ljust(width)}  {arguments}" for name, arguments in arguments.items())
