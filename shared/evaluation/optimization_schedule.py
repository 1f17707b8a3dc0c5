"""Automatic optimization: when the loop looks for better learning settings, and how sure it must be to take them.

Every look may be wrong: it finds settings better that are not. The probability of that, over the whole life of a loop,
is kept below `ERROR`: each look gets a share of it, and no share is spent twice. The shares are smallest at the first
looks, when only what is better by far could be told from chance, and largest at 16,000 events, when most of what is
clearly better can be.
"""

from dataclasses import dataclass, replace

from shared import durations, times
from shared.configuration.configuration import Configuration
from shared.times import DAY

ERROR = 0.025
"""The probability that a loop ever takes settings that are no better."""
FIRST = 1_000
"""Learned events before the first look; the next ones follow at twice as many, four times as many, and so on."""
MOST_DOUBLED = 1_024_000
"""Later looks follow the configured frequency alone."""
WINDOW_US = 14 * DAY
ENOUGH_BYTES = 2_000_000
"""Of log as it is stored, about a tenth of its text: with less than that in the window, more days are taken.

Source: two weeks, more if they have less than about 20 MB, as in the old service.
"""
KEPT = 24
"""How many of the loop's own evaluations are kept."""

_SHARES = (0.00005, 0.0001, 0.0004, 0.003, 0.018, 0.002)
"""Of the looks at 1,000, 2,000 … 32,000 learned events; what they leave of `ERROR` is for all later ones."""
_BY_FREQUENCY = FIRST * 2 ** (len(_SHARES) - 1)
"""From so many learned events on, looks follow the configured frequency too."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look for better settings.

    Attributes:
        number: Which one in the loop's life, from 1.
        at_us: When it was decided on.
        from_us: It looks at log from here on.
        to_us: Up to here.
        learned: Events that the loop had learned from.
        error: The probability with which it may take settings that are no better; 0 if it only tells what it finds.
    """

    number: int
    at_us: int
    from_us: int
    to_us: int
    learned: int
    error: float

    @property
    def evaluation_id(self) -> str:
        """The id of the evaluation that it is; always the same one, so that it is started once."""
        return f"auto-{self.number}-{times.compact(self.at_us)}"


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks of a loop so far.

    Attributes:
        last: The last one; None before the first.
        is_started: Whether its evaluation was started for certain.
        spent: The share of `ERROR` that is used up.
    """

    last: Look | None = None
    is_started: bool = True
    spent: float = 0.0

    def began(self, look: Look) -> "Looks":
        """The looks with a new one, whose evaluation is to be started."""
        return Looks(look, is_started=False, spent=self.spent + look.error)

    def without_last(self) -> "Looks":
        """The looks after the last one has decided nothing: its share is not used up."""
        return replace(self, spent=self.spent - self.last.error) if self.last else self

    def started(self) -> "Looks":
        """The looks after the evaluation of the last one was started."""
        return replace(self, is_started=True)


def is_due(looks: Looks, configuration: Configuration, learned: int, now_us: int) -> bool:
    """Whether it is time for a look.

    Args:
        learned: Events that the loop has learned from.
    """
    if why_never(configuration) is not None or now_us < start_us(configuration) or learned < FIRST:
        return False
    last = looks.last
    if last is None or learned >= next_events(looks):
        return True
    return last.learned < learned and now_us >= next_us(looks, configuration, learned)


def why_never(configuration: Configuration) -> str | None:
    """Why a loop is not looked at, in plain words; None if it is."""
    if not configuration.service.is_auto_optimization_enabled:
        return "isAutoOptimizationEnabled is false."
    if configuration.learning.problem_type == "ccb":
        return "A multi-slot loop has no automatic optimization."
    return None


def start_us(configuration: Configuration) -> int:
    """Before this moment, which lies between 1970 and the end of 9999, there is no look; 0 for none."""
    date = configuration.service.auto_optimization_start_date
    return min(max(times.from_iso(date), 0), times.LAST_US) if date else 0


def next_events(looks: Looks) -> float:
    """At how many learned events the next look is due, whenever that is; infinite if it is not by their number."""
    if looks.last is None:
        return FIRST
    following = FIRST * 2 ** (_doublings(looks.last.learned) + 1)
    return following if following <= MOST_DOUBLED else float("inf")


def next_us(looks: Looks, configuration: Configuration, learned: int) -> float:
    """When the next look is due, however few events come until then; infinite if that is not by time yet."""
    if looks.last is None or learned < _BY_FREQUENCY:
        return float("inf")
    return looks.last.at_us + durations.parse(configuration.service.auto_optimization_frequency)


def error_of(looks: Looks, learned: int) -> float:
    """The probability with which the next look may take settings that are no better.

    A look gets what was planned for it and for those that were missed: a loop that is looked at for the first time
    after long use has not spent anything yet. Of what is left then, later looks get less and less; all together, not
    more than there is.
    """
    planned = sum(_SHARES[: _doublings(learned) + 1]) - looks.spent
    before = looks.last.learned if looks.last else 0
    if learned < 2 * _BY_FREQUENCY and before < _BY_FREQUENCY:
        return max(planned, 0.0)
    number = looks.last.number if looks.last else 0
    return max(planned, (ERROR - looks.spent) / (number + 2))


def _doublings(learned: int) -> int:
    """How often `FIRST` can be doubled without passing so many events; at least 0."""
    return max(learned // FIRST, 1).bit_length() - 1
