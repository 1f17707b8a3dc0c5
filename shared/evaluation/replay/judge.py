"""Judges policies by events: the chance of each policy to show the action that was shown, and what that would earn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, sumprod

from shared.evaluation.names import FIRST, ONLINE, RANDOM
from shared.evaluation.replay.accumulator import Accumulator
from shared.evaluation.replay.evaluated_events import EvaluatedChoice, EvaluatedEvent
from shared.evaluation.replay.predictions import OutOfStep, read_distribution, read_prediction
from shared.evaluation.tasks import Bins, Task
from shared.metrics.estimators.sums import MOST_WEIGHT

MAX_SLOTS = 100
"""Slots with sums of their own, the first of the log: a caller that makes up ids cannot fill the memory."""

Listener = Callable[[EvaluatedEvent, Sequence[Mapping[str, float]]], None]
"""Gets each counted event with the prediction of a policy that learns: for each choice the probability of every action,
by the action's position as text (`"0"`)."""

_Worth = Mapping[str, float]
"""The reward that a reward model predicts, by action."""


class Judge:
    """Sums up what the policies of a task would earn."""

    def __init__(self, task: Task, listener: Listener | None = None, default_share: float = 0.0) -> None:
        """Sum up nothing yet.

        Args:
            default_share: The share of events in which a policy that learns shows the first action by exploration;
                its predictions have all of their exploration for all actions alike.
        """
        self._listener = listener
        self._default_share = default_share
        self._width_us = task.width_us
        self._predicts = task.arguments is not None
        self._sums: dict[str, dict[str, Accumulator]] = {}
        for policy in ("",) if self._predicts else (ONLINE, FIRST, RANDOM):
            self._sums[policy] = {"": Accumulator(task.width_us)}

    def take(self, event: EvaluatedEvent, texts: Sequence[str], *, modelled: bool) -> None:
        """Add an event to the sums.

        Args:
            texts: The prediction of the policy, if the policy learns, then the prediction of the reward model, if any.
            modelled: Whether there is a reward model.

        Raises:
            OutOfStep: The predictions are not this event's.
        """
        try:
            worth = _worth(event.choices[0], texts[-1]) if modelled else None
            for policy, chances, chosen in self._predictions(event, texts, worth):
                self._add(event, policy, chances, worth, chosen)
        except (ValueError, KeyError) as error:
            raise OutOfStep("Vowpal Wabbit wrote a prediction that cannot be read") from error

    def bins(self) -> dict[str, dict[str, Bins]]:
        """The sums by policy and slot."""
        return {
            policy: {slot: sums.bins() for slot, sums in of_policy.items()} for policy, of_policy in self._sums.items()
        }

    def _predictions(
        self, event: EvaluatedEvent, texts: Sequence[str], worth: _Worth | None
    ) -> Iterator[tuple[str, Sequence[float], float]]:
        """By policy: for each choice the chance of the action shown, and the predicted reward of the first choice."""
        choices = event.choices
        if self._predicts:
            lines = texts[0].split("\n")
            drawn = [self._read(line, choice) for line, choice in zip(lines, choices, strict=True)]
            chances = [by_action[str(choice.action)] for by_action, choice in zip(drawn, choices, strict=True)]
            if self._listener:
                self._listener(event, drawn)
            yield "", chances, sumprod(drawn[0].values(), map(worth.__getitem__, drawn[0])) if worth else 0.0
            return
        first = choices[0]
        yield ONLINE, [choice.probability for choice in choices], worth[str(first.action)] if worth else 0.0
        by_first = [float(choice.action == choice.baseline) for choice in choices]
        yield FIRST, by_first, worth[str(first.baseline)] if worth else 0.0
        yield RANDOM, [1 / choice.actions for choice in choices], sum(worth.values()) / first.actions if worth else 0.0

    def _read(self, line: str, choice: EvaluatedChoice) -> Mapping[str, float]:
        """The chances of a prediction; the share of the first action comes from what all actions alike have."""
        by_action = read_distribution(line, choice.actions)
        if not (share := self._default_share):
            return by_action
        lowered = {action: chance - share / choice.actions for action, chance in by_action.items()}
        first = str(choice.baseline)
        return {**lowered, first: lowered[first] + share}

    def _add(
        self,
        event: EvaluatedEvent,
        policy: str,
        chances: Sequence[float],
        worth: _Worth | None,
        chosen: float,
    ) -> None:
        """Add an event to a policy: the weights of a slot and of the slots before it multiply, up to `MOST_WEIGHT`."""
        ratio, most, of_policy = 1.0, event.multiplicity, self._sums[policy]
        for place, (choice, chance) in enumerate(zip(event.choices, chances, strict=True)):
            ratio = min(ratio * chance / choice.probability, MOST_WEIGHT)
            most = min(most / choice.least, MOST_WEIGHT)
            modelled = (chosen, worth[str(choice.action)]) if worth else None
            if place == 0:
                of_policy[""].add(event.at_us, event.multiplicity, ratio, choice.reward, most, modelled)
            if choice.slot and (sums := self._of_slot(of_policy, choice.slot)):
                sums.add(event.at_us, event.multiplicity, ratio, choice.reward, most)

    def _of_slot(self, of_policy: dict[str, Accumulator], slot: str) -> Accumulator | None:
        if slot not in of_policy and len(of_policy) <= MAX_SLOTS:
            of_policy[slot] = Accumulator(self._width_us)
        return of_policy.get(slot)


def _worth(choice: EvaluatedChoice, text: str) -> _Worth | None:
    """The predicted reward of each action; None where the reward model predicts no finite numbers."""
    costs = read_prediction(text, choice.actions)
    return {action: -cost for action, cost in costs.items()} if isfinite(sum(costs.values())) else None
