"""A learner that predicts each event of a log before learning from the event.

It calls Vowpal Wabbit for one event after the other. VW's driver parses in a thread of its own, which waits for the
thread that learns, and is waited for, at each action: that takes a third of the driver's time.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from shared.learner import driver
from shared.learner.vowpal_wabbit import PredictionType

Numbers = list[float | None]
"""A number of each action, by the action's position: a probability, or the cost that a reward model predicts. None is
what is no finite number; actions that earlier slots show, or that the slot is not to show, have 0."""
Prediction = list[Numbers]
"""The numbers of each choice of an event."""

_STEPS = 1e6
"""Numbers have six decimals, as the driver writes them."""
_TO_WHOLE = 1.5 * 2.0**52
"""Added and subtracted again, it rounds a number to a whole number, several times faster than `round`; single precision
numbers have so few digits that this is exact for all of them."""


class EventLearner:
    """Learns from one event after the other; for one thread."""

    def __init__(self, options: Sequence[str], metrics: str, state: str | None = None) -> None:
        """Begin with nothing learned.

        Args:
            options: How to learn.
            metrics: A file that VW writes, of no use here.
            state: Where the training state goes at the end.

        Raises:
            RuntimeError: VW does not take the options.
        """
        self._workspace = driver.open_workspace(options, metrics, state)
        self._has_slots = self._workspace.get_prediction_type() == PredictionType.DECISION_SCORES
        self._learned = 0

    def predict(self, line: bytes) -> Prediction:
        """Predict the event of a line, then learn from it; no choices if VW reads no event in the line.

        Raises:
            RuntimeError: VW cannot learn from the event.
        """
        # VW's own calls, without the Python objects that its package wraps around every example: half the time.
        workspace = self._workspace
        examples = workspace._parse(line.decode())
        prediction: Prediction = []
        if len(examples) > 1:
            workspace.learn_multi(examples)
            prediction = _by_slots(examples) if self._has_slots else [round_numbers(examples[0].get_action_scores())]
            self._learned += 1
        workspace._finish_example_multi_ex(examples)
        return prediction

    def finish(self) -> dict[str, Any]:
        """Write the state, and give the counts, as `driver.learn` does."""
        return driver.close_workspace(self._workspace) | {"learned": self._learned}


def _by_slots(examples: Sequence[Any]) -> Prediction:
    """The numbers of each slot, from the examples of an event: one of the context, of each action, of each slot."""
    slots = [dict(scores) for scores in examples[0].get_decision_scores()]
    actions = range(len(examples) - 1 - len(slots))
    return [round_numbers([scores.get(action, 0.0) for action in actions]) for scores in slots]


def round_numbers(numbers: Sequence[float]) -> Numbers:
    """Round single precision numbers to six decimals."""
    if isfinite(sum(numbers)):
        return [(number * _STEPS + _TO_WHOLE - _TO_WHOLE) / _STEPS for number in numbers]
    return [round(number, 6) if isfinite(number) else None for number in numbers]
