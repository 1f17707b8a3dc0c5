"""Automatic optimization: when a round of it comes, and how sure the loop must be to take what the round finds.

In a round the loop searches for better learning settings. Every round may be wrong: it may find settings better that
are not. The probability of that, over the whole life of a loop, is kept below `ERROR`: each round gets a share of it,
and no share is spent twice. The shares are smallest in the first rounds, when only settings that are better by far can
be distinguished from chance, and largest at 16,000 events, when most of what is clearly better can be.
"""

from dataclasses import dataclass, replace

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

_SHARES = (0.00005, 0.0001, 0.0004, 0.003, 0.018, 0.002)
"""Of the rounds at 1,000, 2,000 … 32,000 learned events; what they leave of `ERROR` is for all later rounds."""
_BY_FREQUENCY = FIRST_EVENTS * 2 ** (len(_SHARES) - 1)
"""From so many learned events on, rounds follow the configured frequency too."""


@dataclass(frozen=True, slots=True)
class OptimizationRound(StoredObject):
    """One search for better learning settings over a range of the log.

    Attributes:
        number: Counted over the loop's life, from 1.
        at_us: When the round was decided on.
        from_us: The log of the round begins here.
        to_us: And ends here.
        learned: Events that the loop had learned from.
        error: The probability with which the round may take settings that are no better; 0 if it only reports.
    """

    number: int
    at_us: int
    from_us: int
    to_us: int
    learned: int
    error: float

    @property
    def evaluation_id(self) -> str:
        """The id of the round's evaluation; always the same, so that the evaluation is started once."""
        return f"auto-{self.number}-{times.compact(self.at_us)}"


@dataclass(frozen=True, slots=True)
class OptimizationRounds(StoredObject):
    """The optimization rounds of a loop so far.

    Attributes:
        last: The last round; None before the first.
        is_started: Whether the last round's evaluation was started for certain.
        spent: The share of `ERROR` that is used up.
    """

    last: OptimizationRound | None = None
    is_started: bool = True
    spent: float = 0.0

    def begin(self, new: OptimizationRound) -> "OptimizationRounds":
        """Add a round, whose evaluation is to be started."""
        return replace(self, last=new, is_started=False, spent=self.spent + new.error)

    def refund_last(self) -> "OptimizationRounds":
        """Give back the share of the last round, which has decided nothing."""
        return replace(self, spent=self.spent - self.last.error) if self.last else self

    def mark_started(self) -> "OptimizationRounds":
        """Note that the evaluation of the last round was started."""
        return replace(self, is_started=True)


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


def error_share(rounds: OptimizationRounds, learned: int) -> float:
    """The probability with which the next round may take settings that are no better.

    A round gets its own share and those of the rounds that were missed: a loop that is optimized for the first time
    after long use has not spent anything yet. Of what is left then, later rounds get less and less; all together, not
    more than there is.
    """
    planned = sum(_SHARES[: _doublings(learned) + 1]) - rounds.spent
    before = rounds.last.learned if rounds.last else 0
    if learned < 2 * _BY_FREQUENCY and before < _BY_FREQUENCY:
        return max(planned, 0.0)
    number = rounds.last.number if rounds.last else 0
    return max(planned, (ERROR - rounds.spent) / (number + 2))


def _doublings(learned: int) -> int:
    """How often `FIRST_EVENTS` can be doubled without passing so many events; at least 0."""
    return max(learned // FIRST_EVENTS, 1).bit_length() - 1
