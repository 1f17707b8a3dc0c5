"""Reads what learners predict of an event."""

from collections.abc import Sequence

from shared.evaluation.replay.evaluated_events import EvaluatedChoice, EvaluatedEvent

Numbers = Sequence[float | None]
"""A number of each action, by the action's position; None for what is no finite number. An action that an earlier slot
shows, or that the slot is not to show, has 0."""
Prediction = Sequence[Numbers]
"""The numbers of each choice of an event."""
Chances = Sequence[Sequence[float]]
"""For each choice of an event the probability of every action, by the action's position."""
Worth = Sequence[float]
"""The reward that a reward model predicts of each action, by the action's position."""


class OutOfStep(Exception):
    """Predictions do not belong to the events that were written: the learner refused some lines.

    Attributes:
        reason: In one line.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def read_chances(event: EvaluatedEvent, prediction: Prediction) -> Chances:
    """Read the probabilities of an event's actions.

    Raises:
        OutOfStep: The prediction is not about the event.
    """
    _demand_fit(event, prediction)
    return [_distribution(numbers, choice.actions) for numbers, choice in zip(prediction, event.choices, strict=True)]


def read_worth(event: EvaluatedEvent, prediction: Prediction) -> Worth | None:
    """Read the rewards that a reward model predicts for an event; None if they are no finite numbers.

    Raises:
        OutOfStep: The prediction is not about the event.
    """
    _demand_fit(event, prediction)
    costs = prediction[0]
    return None if None in costs else [-cost for cost in costs if cost is not None]


def _demand_fit(event: EvaluatedEvent, prediction: Prediction) -> None:
    fits = len(prediction) == len(event.choices)
    if not fits or not all(map(_fits, prediction, event.choices)):
        raise OutOfStep("Vowpal Wabbit predicted an event that it was not given")


def _fits(numbers: Numbers, choice: EvaluatedChoice) -> bool:
    """Whether there is a number of each action; a slot can show no more of them."""
    count = len(numbers)
    return choice.action < count >= choice.actions if choice.slot else count == choice.actions


def _distribution(numbers: Numbers, count: int) -> Sequence[float]:
    """The probability of each action, as Rank would use it.

    A number that is no probability counts as 0, and all sum up to 1; where no number is usable, all are the same.

    Args:
        count: How many actions could be chosen.
    """
    chances = [number if number is not None and number > 0 else 0.0 for number in numbers]
    total = sum(chances)
    return [chance / total for chance in chances] if total else [1.0 / count] * len(chances)
