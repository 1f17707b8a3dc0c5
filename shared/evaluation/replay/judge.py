"""Judges policies by events: the chance of each policy to show the action that was shown, and what that would earn."""

from collections.abc import Callable, Sequence
from math import nan, sumprod

from shared.evaluation.names import FIRST, ONLINE, RANDOM
from shared.evaluation.replay.accumulator import Accumulator, Column, WeighedEvents
from shared.evaluation.replay.evaluated_events import EvaluatedChoice, EvaluatedEvent
from shared.evaluation.replay.event_batch import EventBatch
from shared.evaluation.replay.predictions import Chances, Prediction, Worth, read_chances
from shared.evaluation.tasks import Bins, Task
from shared.evaluation.time_bins import widen
from shared.metrics.estimators.sums import MOST_WEIGHT

MAX_SLOTS = 100
"""Slots with sums of their own, the first of the log: a caller that makes up ids cannot fill the memory."""

Listener = Callable[[Sequence[EvaluatedEvent], Sequence[Chances]], None]
"""Gets counted events, some after the other, with the probabilities that a policy that learns predicts of each."""


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
        self._narrowest_us = task.width_us
        self._predicts = task.arguments is not None
        self._sums: dict[str, dict[str, Accumulator]] = {}
        for policy in ("",) if self._predicts else (ONLINE, FIRST, RANDOM):
            self._sums[policy] = {"": Accumulator(task.width_us)}

    def take(self, batch: EventBatch, predictions: Sequence[Prediction] = ()) -> None:
        """Add events to the sums.

        Args:
            predictions: Those of the policy, if the policy learns.

        Raises:
            OutOfStep: The predictions are not about the events.
        """
        if self._predicts:
            self._judge_learner(batch, predictions)
            return
        self._judge(ONLINE, batch, _chance_online, batch.shown)
        self._judge(FIRST, batch, _chance_of_first, batch.worths_at("baseline"))
        self._judge(RANDOM, batch, _chance_at_random, [*map(_average, batch.worths)])

    @property
    def width_us(self) -> int:
        """Of all bins: that of whole events, which are as far apart as those of any slot, or farther."""
        return max(of_policy[""].width_us for of_policy in self._sums.values())

    def bins(self) -> dict[str, dict[str, Bins]]:
        """The sums by policy and slot."""
        return {
            policy: {slot: self._bins(sums) for slot, sums in of_policy.items()}
            for policy, of_policy in self._sums.items()
        }

    def _bins(self, sums: Accumulator) -> Bins:
        return sums.bins() if sums.width_us == self.width_us else widen(sums.bins(), self.width_us)

    def _judge_learner(self, batch: EventBatch, predictions: Sequence[Prediction]) -> None:
        drawn = [self._read(event, prediction) for event, prediction in zip(batch.events, predictions, strict=True)]
        if self._listener:
            self._listener(batch.events, drawn)
        chosen = [_expect(chances[0], worth) for chances, worth in zip(drawn, batch.worths, strict=False)]
        shown = [chances[0][choice.action] for chances, choice in zip(drawn, batch.choices, strict=True)]
        self._add("", batch, shown, chosen)
        if batch.has_slots:
            self._add_slots("", batch.events, [_of_shown(*pair) for pair in zip(batch.events, drawn, strict=True)])

    def _judge(
        self, policy: str, batch: EventBatch, chance: Callable[[EvaluatedChoice], float], chosen: Column
    ) -> None:
        self._add(policy, batch, [*map(chance, batch.choices)], chosen)
        if batch.has_slots:
            self._add_slots(policy, batch.events, [[*map(chance, event.choices)] for event in batch.events])

    def _read(self, event: EvaluatedEvent, prediction: Prediction) -> Chances:
        """The chances of a prediction; the share of the first action comes from what all actions alike have."""
        chances = read_chances(event, prediction)
        if not (share := self._default_share):
            return chances
        return [_give_first(share, *pair) for pair in zip(chances, event.choices, strict=True)]

    def _add(self, policy: str, batch: EventBatch, chances: Column, chosen: Column) -> None:
        """Add events to a policy: those with slots by their first one."""
        self._sums[policy][""].add(batch.weigh(batch.ratios(chances), chosen))

    def _add_slots(self, policy: str, events: Sequence[EvaluatedEvent], chances: Sequence[Column]) -> None:
        """Add events to the slots of a policy: the weights of a slot and of the slots before it multiply."""
        rows: dict[str, list[tuple[int, float, float, float, float]]] = {}
        for event, of_event in zip(events, chances, strict=True):
            ratio, most = 1.0, event.multiplicity
            for choice, chance in zip(event.choices, of_event, strict=True):
                ratio = min(ratio * chance / choice.probability, MOST_WEIGHT)
                most = min(most / choice.least, MOST_WEIGHT)
                row = event.at_us, event.multiplicity, choice.reward, most, ratio
                rows.setdefault(choice.slot, []).append(row)
        for slot, of_slot in rows.items():
            if slot and (sums := self._of_slot(self._sums[policy], slot)):
                sums.add(WeighedEvents(*zip(*of_slot, strict=True)))

    def _of_slot(self, of_policy: dict[str, Accumulator], slot: str) -> Accumulator | None:
        if slot not in of_policy and len(of_policy) <= MAX_SLOTS:
            of_policy[slot] = Accumulator(self._narrowest_us)
        return of_policy.get(slot)


def _chance_online(choice: EvaluatedChoice) -> float:
    return choice.probability


def _chance_of_first(choice: EvaluatedChoice) -> float:
    return float(choice.action == choice.baseline)


def _chance_at_random(choice: EvaluatedChoice) -> float:
    return 1 / choice.actions


def _average(worth: Worth | None) -> float:
    return sum(worth) / len(worth) if worth else nan


def _expect(chances: Column, worth: Worth | None) -> float:
    """The reward that is predicted on average."""
    return sumprod(chances, worth) if worth else nan


def _of_shown(event: EvaluatedEvent, drawn: Chances) -> Column:
    return [chances[choice.action] for chances, choice in zip(drawn, event.choices, strict=True)]


def _give_first(share: float, chances: Column, choice: EvaluatedChoice) -> Column:
    moved = [chance - share / choice.actions for chance in chances]
    moved[choice.baseline] += share
    return moved
