"""Some events of a log after the other, as columns, with what a reward model predicts of them."""

from collections.abc import Sequence
from math import nan
from operator import attrgetter, truediv

from shared.evaluation.replay.accumulator import Column, WeighedEvents, cut
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.predictions import Prediction, read_worth


class EventBatch:
    """Events that are judged together.

    Attributes:
        choices: The first choice of each event.
        has_slots: Whether events have slots.
        at_us: When each event came.
        worths: The predicted rewards of each event's actions; None where the reward model fails. Empty without a model.
        shown: The predicted reward of the action that was shown.
    """

    def __init__(self, events: Sequence[EvaluatedEvent], costs: Sequence[Prediction] = ()) -> None:
        """Take events, at least one, and what the reward model predicts of each, if there is a reward model.

        Raises:
            OutOfStep: The predictions are not about the events.
        """
        self.events = events
        self._predicted_costs = costs
        self.choices = [event.choices[0] for event in events]
        self.has_slots = any(choice.slot for event in events for choice in event.choices)
        self.at_us = [event.at_us for event in events]
        self._multiplicities = [event.multiplicity for event in events]
        self._rewards = [choice.reward for choice in self.choices]
        self._probabilities = [choice.probability for choice in self.choices]
        self._most = cut([*map(truediv, self._multiplicities, [choice.least for choice in self.choices])])
        self.worths = [*map(read_worth, events, costs)]
        self.shown = self.worths_at("action")

    def without_first(self, number: int) -> "EventBatch":
        """The same without the first events; at least one is left."""
        return EventBatch(self.events[number:], self._predicted_costs[number:]) if number else self

    def weigh(self, ratios: Column, chosen: Column = ()) -> WeighedEvents:
        """The events with the ratios of a policy, and with the reward that is predicted for the policy on average."""
        shown = self.shown if chosen else ()
        return WeighedEvents(self.at_us, self._multiplicities, self._rewards, self._most, ratios, chosen, shown)

    def ratios(self, chances: Column) -> Column:
        """The chances to show what was shown, each to the probability of it."""
        return cut([*map(truediv, chances, self._probabilities)])

    def worths_at(self, position: str) -> Column:
        """The predicted reward of the action at a position that each choice has; `nan` where the reward model fails."""
        positions = map(attrgetter(position), self.choices)
        return [worth[place] if worth else nan for worth, place in zip(self.worths, positions, strict=False)]
