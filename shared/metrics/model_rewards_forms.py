"""What a model earned while it was in use, over HTTP."""

from shared.metrics.comparison import estimate_average
from shared.metrics.estimators import lift
from shared.metrics.intervals import CONFIDENCE, Interval
from shared.metrics.model_rewards import ModelSums
from shared.metrics.verdict import BIASED
from shared.web.json_forms import Wire
from shared.words import pluralize

_NO_EVENT = "No event is joined that was ranked with this model."
_NO_CHANCE = "The first action had no chance to be shown, so nothing is known of what it would have earned."


class AboveFirstAction(Wire):
    """How much more per event was earned than always the first action would have, over the events that tell."""

    events: int
    lift: float | None
    interval: tuple[float, float] | None
    because: str | None


class Earned(Wire):
    """What was earned per event that the model decided; null is what is not known, and `because` says why."""

    events: int
    undecided_events: int
    average_reward: float | None
    interval: tuple[float, float] | None
    above_first_action: AboveFirstAction
    because: str | None

    @classmethod
    def of(cls, sums: ModelSums) -> "Earned":
        """The answer about a model."""
        average = estimate_average(sums.events, sums.rewards, sums.squares, sums.lift.span)
        because = None if sums.events else _explain(sums)
        return cls(
            events=sums.events,
            undecided_events=sums.undecided,
            average_reward=average.average_reward,
            interval=average.interval,
            above_first_action=_above_first_action(sums, because),
            because=because,
        )


def _above_first_action(sums: ModelSums, because: str | None) -> AboveFirstAction:
    value, interval = lift.lift(sums.lift), lift.interval(sums.lift, 1 - CONFIDENCE)
    if value is None or interval is None:
        return AboveFirstAction(events=0, lift=None, interval=None, because=because or _NO_CHANCE)
    if lift.is_biased(sums.lift):
        return AboveFirstAction(events=sums.lift.events, lift=None, interval=None, because=f"Here {BIASED}")
    held: Interval = interval.with_value(value)
    return AboveFirstAction(events=sums.lift.events, lift=value, interval=held, because=None)


def _explain(sums: ModelSums) -> str:
    if not sums.undecided:
        return _NO_EVENT
    events = pluralize(sums.undecided, "event", "events")
    return f"The model decided nothing: in the {events} ranked with it, the baseline was shown whatever it said."
