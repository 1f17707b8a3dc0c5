"""Judging policies by an event: how likely each would have shown what was shown, and what it would have earned."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, sumprod

from shared.evaluation.names import FIRST, ONLINE, RANDOM
from shared.evaluation.replay.accumulator import Accumulator
from shared.evaluation.replay.logged_events import Choice, Event
from shared.evaluation.replay.predictions import OutOfStep, distribution, foretold
from shared.evaluation.tasks import Bins, Task
from shared.metrics.estimators.sums import MOST_WEIGHT

MAX_SLOTS = 100
"""Slots with sums of their own, the first ones that the log has: a caller that makes up ids cannot fill the memory."""

Listener = Callable[[Event, Sequence[Mapping[str, float]]], None]
"""Hears of each counted event what a policy that learns would have drawn: of each choice the probability of every
action, by its position as it is written (`"0"`)."""

_Worth = Mapping[str, float]
"""What a reward model foretold of each action."""


class Judge:
    """What a task's policies earn."""

    def __init__(self, task: Task, tell: Listener | None = None) -> None:
        self._tell = tell
        self._width_us = task.width_us
        self._predicts = task.arguments is not None
        self._sums: dict[str, dict[str, Accumulator]] = {}
        for policy in ("",) if self._predicts else (ONLINE, FIRST, RANDOM):
            self._sums[policy] = {"": Accumulator(task.width_us)}

    def take(self, event: Event, texts: Sequence[str], *, modelled: bool) -> None:
        """Take in an event.

        Args:
            texts: The policy's prediction, if it is one that learns, then the reward model's, if there is one.
            modelled: Whether there is one.

        Raises:
            OutOfStep: The predictions are not this event's.
        """
        try:
            worth = _worth(event.choices[0], texts[-1]) if modelled else None
            for policy, chances, chosen in self._judged(event, texts, worth):
                self._add(event, policy, chances, worth, chosen)
        except (ValueError, KeyError) as error:
            raise OutOfStep("Vowpal Wabbit wrote a prediction that cannot be read") from error

    def bins(self) -> dict[str, dict[str, Bins]]:
        """The sums by policy and slot."""
        return {
            policy: {slot: found.bins() for slot, found in of_policy.items()}
            for policy, of_policy in self._sums.items()
        }

    def _judged(
        self, event: Event, texts: Sequence[str], worth: _Worth | None
    ) -> Iterator[tuple[str, Sequence[float], float]]:
        """By policy: of each choice the probability of what was shown, and what the first one is worth on average."""
        choices = event.choices
        if self._predicts:
            lines = texts[0].split("\n")
            drawn = [distribution(line, choice.actions) for line, choice in zip(lines, choices, strict=True)]
            chances = [one[str(choice.action)] for one, choice in zip(drawn, choices, strict=True)]
            if self._tell:
                self._tell(event, drawn)
            yield "", chances, sumprod(drawn[0].values(), map(worth.__getitem__, drawn[0])) if worth else 0.0
            return
        first = choices[0]
        yield ONLINE, [one.probability for one in choices], worth[str(first.action)] if worth else 0.0
        by_first = [float(one.action == one.baseline) for one in choices]
        yield FIRST, by_first, worth[str(first.baseline)] if worth else 0.0
        yield RANDOM, [1 / one.actions for one in choices], sum(worth.values()) / first.actions if worth else 0.0

    def _add(
        self,
        event: Event,
        policy: str,
        chances: Sequence[float],
        worth: _Worth | None,
        chosen: float,
    ) -> None:
        """Weights of a slot are those of its choice and of those in slots before, multiplied; `MOST_WEIGHT` at most."""
        ratio, most, of_policy = 1.0, event.kept, self._sums[policy]
        for place, (choice, chance) in enumerate(zip(event.choices, chances, strict=True)):
            ratio = min(ratio * chance / choice.probability, MOST_WEIGHT)
            most = min(most / choice.least, MOST_WEIGHT)
            modelled = (chosen, worth[str(choice.action)]) if worth else None
            if place == 0:
                of_policy[""].add(event.at_us, event.kept, ratio, choice.reward, most, modelled)
            if choice.slot and (found := self._of_slot(of_policy, choice.slot)):
                found.add(event.at_us, event.kept, ratio, choice.reward, most)

    def _of_slot(self, of_policy: dict[str, Accumulator], slot: str) -> Accumulator | None:
        if slot not in of_policy and len(of_policy) <= MAX_SLOTS:
            of_policy[slot] = Accumulator(self._width_us)
        return of_policy.get(slot)


def _worth(choice: Choice, text: str) -> _Worth | None:
    """The foretold reward of each action; None where the reward model has lost itself."""
    costs = foretold(text, choice.actions)
    return {action: -cost for action, cost in costs.items()} if isfinite(sum(costs.values())) else None
