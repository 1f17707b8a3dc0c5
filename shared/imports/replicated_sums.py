"""Sums of policies with the chances as they are if one part of the log after the other is left out."""

from collections.abc import Mapping, Sequence
from operator import truediv

from shared.evaluation.names import FIRST, RANDOM
from shared.evaluation.replay.accumulator import Accumulator, cut
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.event_batch import EventBatch
from shared.evaluation.replay.predictions import Chances
from shared.imports.chances import PARTS
from shared.metrics.estimators.sums import Sums, total

POLICY = ""
"""The policy that learns; the baselines have their own names."""


class ReplicatedSums:
    """Sums up events once for each part of the log that is left out; gets them with what a policy predicts of each."""

    def __init__(self, replicates: Sequence[float], counted_from: int, width: int = 0) -> None:
        """Take the chances of the actions that were shown, `PARTS` an event.

        Args:
            counted_from: The event that comes first, counted from 0.
            width: How many events a bin has; 0 for one bin over all.
        """
        self._replicates = replicates
        self._first = self._events = counted_from
        self._sums = {name: [Accumulator(width) for _ in range(PARTS)] for name in (POLICY, FIRST, RANDOM)}

    def __call__(self, events: Sequence[EvaluatedEvent], drawn: Sequence[Chances]) -> None:
        """Add events."""
        batch, end = EventBatch(events), self._events + len(events)
        chances = {
            POLICY: [of_event[0][choice.action] for of_event, choice in zip(drawn, batch.choices, strict=True)],
            FIRST: [float(choice.action == choice.baseline) for choice in batch.choices],
            RANDOM: [1 / choice.actions for choice in batch.choices],
        }
        places = range(self._events - self._first, end - self._first)
        for part in range(PARTS):
            chance_of_shown = self._replicates[PARTS * self._events + part : PARTS * end : PARTS]
            for name, of_policy in chances.items():
                ratios = cut([*map(truediv, of_policy, chance_of_shown)])
                self._sums[name][part].add(batch.weigh(ratios)._replace(at_us=places))
        self._events = end

    def bins(self, name: str) -> Mapping[int, list[Sums]]:
        """The sums of a policy by bins, each with one for each part that was left out."""
        by_part = [sums.bins() for sums in self._sums[name]]
        return {start: [bins[start] for bins in by_part] for start in by_part[0]}

    def totals(self, name: str) -> list[Sums]:
        """The sums of a policy over all events, one for each part that was left out."""
        return [total(sums.bins().values()) for sums in self._sums[name]]
