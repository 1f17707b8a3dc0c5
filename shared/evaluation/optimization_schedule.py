"""Automatic optimization: when the loop searches for better learning settings, and when it analyses a trial of them.

In a round the loop searches its log, and the winner goes on trial as the challenger: it learns from the same log, and a
part of the exploration shows its choices. Every analysis of a trial may be wrong: it may find a challenger better that
is not. The probability of that, over the whole life of a loop and over all challengers, is kept below `ERROR`: each
analysis gets a share of it, and no share is spent twice.
"""

from dataclasses import dataclass, replace
from math import ceil, sqrt

from shared import durations, times
from shared.configuration.configuration import Configuration
from shared.stored_objects import StoredObject
from shared.times import DAY

ERROR = 0.025
"""The probability that a loop ever takes settings that are no better."""
FIRST_EVENTS = 1_000
"""Learned events before the first round; the next rounds follow at twice as many, four times as many, and so on."""
MAX_DOUBLED_EVENTS = 1_024_000
"""Later rounds follow the configured frequency alone."""
WINDOW_US = 14 * DAY
ENOUGH_BYTES = 2_000_000
"""Of log as it is stored, about a tenth of its text: with less than that in the window, more days are taken.

Source: two weeks, more if they have less than about 20 MB, as in the old service.
"""
MAX_EVALUATIONS = 24
"""How many of the loop's own evaluations are kept."""

_BY_FREQUENCY = 32_000
"""From so many learned events on, rounds follow the configured frequency too."""
FIRST_ANALYSIS = 250
"""Events of a trial before it is first analysed; later it is after ever `_BETWEEN_ANALYSES` times as many."""
_BETWEEN_ANALYSES = sqrt(2)
_PLANNED_EVENTS = 32_000
"""Up to so many learned events `_PLANNED` of the error is spent, in proportion to them; then what is left is shared."""
_PLANNED = 0.9 * ERROR


@dataclass(frozen=True, slots=True)
class OptimizationRound(StoredObject):
    """One search for better learning settings over a range of the log.

    Attributes:
        number: Counted over the loop's life, from 1.
        at_us: When the round was decided on.
        from_us: The log of the round begins here.
        to_us: And ends here.
        learned: Events that the loop had learned from.
        error: With which probability the round itself may take settings that are no better: 0, but for rounds of
            earlier versions, which had no trials and want to read this.
    """

    number: int
    at_us: int
    from_us: int
    to_us: int
    learned: int
    error: float = 0.0

    @property
    def evaluation_id(self) -> str:
        """The id of the round's evaluation; always the same, so that the evaluation is started once."""
        return f"auto-{self.number}-{times.compact(self.at_us)}"


@dataclass(frozen=True, slots=True)
class OptimizationRounds(StoredObject):
    """The optimization rounds of a loop so far, and the analyses of trials.

    Attributes:
        last: The last round; None before the first.
        is_started: Whether the last round's evaluation was started for certain.
        is_settled: Whether the loop has drawn its conclusion from what the last round found.
        spent: The share of `ERROR` that is used up.
        analyses: How many analyses of trials there were.
    """

    last: OptimizationRound | None = None
    is_started: bool = True
    spent: float = 0.0
    is_settled: bool = True
    analyses: int = 0

    def begin(self, new: OptimizationRound) -> "OptimizationRounds":
        """Add a round, whose evaluation is to be started."""
        return replace(self, last=new, is_started=False, is_settled=False)

    def mark_started(self) -> "OptimizationRounds":
        """Note that the evaluation of the last round was started."""
        return replace(self, is_started=True)

    def settle(self) -> "OptimizationRounds":
        """Note that a conclusion was drawn from the last round."""
        return replace(self, is_settled=True)

    def spend(self, error: float) -> "OptimizationRounds":
        """Add an analysis of a trial."""
        return replace(self, spent=self.spent + error, analyses=self.analyses + 1)


def is_time_for_round(rounds: OptimizationRounds, configuration: Configuration, learned: int, now_us: int) -> bool:
    """Whether the next optimization round is to begin now.

    Args:
        learned: Events that the loop has learned from.
    """
    if why_disabled(configuration) is not None or now_us < start_us(configuration) or learned < FIRST_EVENTS:
        return False
    last = rounds.last
    if last is None or learned >= next_round_events(rounds):
        return True
    return last.learned < learned and now_us >= next_round_us(rounds, configuration, learned)


def why_disabled(configuration: Configuration) -> str | None:
    """Why a loop has no automatic optimization, in plain words; None if it has."""
    if not configuration.service.is_auto_optimization_enabled:
        return "isAutoOptimizationEnabled is false."
    if configuration.learning.problem_type == "ccb":
        return "A multi-slot loop has no automatic optimization."
    return None


def start_us(configuration: Configuration) -> int:
    """Before this moment, which lies between 1970 and the end of 9999, no round begins; 0 if none is configured."""
    date = configuration.service.auto_optimization_start_date
    return min(max(times.from_iso(date), 0), times.LAST_US) if date else 0


def next_round_events(rounds: OptimizationRounds) -> float:
    """At how many learned events the next round comes, whenever that is; infinite if their number brings none."""
    if rounds.last is None:
        return FIRST_EVENTS
    following = FIRST_EVENTS * 2 ** (_doublings(rounds.last.learned) + 1)
    return following if following <= MAX_DOUBLED_EVENTS else float("inf")


def next_round_us(rounds: OptimizationRounds, configuration: Configuration, learned: int) -> float:
    """When the next round comes, however few events are learned until then; infinite if time does not bring one yet."""
    if rounds.last is None or learned < _BY_FREQUENCY:
        return float("inf")
    return rounds.last.at_us + durations.parse(configuration.service.auto_optimization_frequency)


def next_analysis(events: int) -> int:
    """After how many events of a trial it is analysed next.

    Args:
        events: How many it had at the last analysis; 0 before the first.
    """
    return max(FIRST_ANALYSIS, ceil(events * _BETWEEN_ANALYSES))


def analysis_error(rounds: OptimizationRounds, learned: int) -> float:
    """The probability with which the next analysis may find a challenger better that is not.

    What was planned for as many learned events, and not spent, is for this analysis: a loop that is optimized for the
    first time after long use has not spent anything yet. Of what is left then, later analyses get less and less; all
    together, not more than there is.

    Args:
        learned: Events that the loop has learned from.
    """
    planned = _PLANNED * min(learned / _PLANNED_EVENTS, 1.0) - rounds.spent
    if learned < _PLANNED_EVENTS:
        return max(planned, 0.0)
    return max(planned, (ERROR - rounds.spent) / (rounds.analyses + 2), 0.0)


def _doublings(learned: int) -> int:
    """How often `FIRST_EVENTS` can be doubled without passing so many events; at least 0."""
    return max(learned // FIRST_EVENTS, 1).bit_length() - 1
