"""Sums of policies with the chances as they are if one part of the log after the other is left out."""

from collections.abc import Mapping, Sequence

from shared.evaluation.names import FIRST, RANDOM
from shared.evaluation.replay.accumulator import Accumulator
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.imports.chances import PARTS
from shared.metrics.estimators.sums import MOST_WEIGHT, Sums, total

POLICY = ""
"""The policy that learns; the baselines have their own names."""


class ReplicatedSums:
    """Sums up events once for each part of the log that is left out; gets each with the prediction of a policy."""

    def __init__(self, replicates: Sequence[float], counted_from: int, width: int = 0) -> None:
        """Take the chances of the actions that were shown, `PARTS` an event.

        Args:
            counted_from: The event that comes first, counted from 0.
            width: How many events a bin has; 0 for one bin over all.
        """
        self._replicates = replicates
        self._first = self._events = counted_from
        self._sums = {name: [Accumulator(width) for _ in range(PARTS)] for name in (POLICY, FIRST, RANDOM)}

    def __call__(self, event: EvaluatedEvent, drawn: Sequence[Mapping[str, float]]) -> None:
        """Add an event."""
        choice, begin = event.choices[0], PARTS * self._events
        chances = {
            POLICY: drawn[0][str(choice.action)],
            FIRST: float(choice.action == choice.baseline),
            RANDOM: 1 / choice.actions,
        }
        most = min(event.multiplicity / choice.least, MOST_WEIGHT)
        for part, noted in enumerate(self._replicates[begin : begin + PARTS]):
            for name, chance in chances.items():
                ratio = min(chance / noted, MOST_WEIGHT)
                self._sums[name][part].add(self._events - self._first, event.multiplicity, ratio, choice.reward, most)
        self._events += 1

    def bins(self, name: str) -> Mapping[int, list[Sums]]:
        """The sums of a policy by bins, each with one for each part that was left out."""
        by_part = [sums.bins() for sums in self._sums[name]]
        return {start: [bins[start] for bins in by_part] for start in by_part[0]}

    def totals(self, name: str) -> list[Sums]:
        """The sums of a policy over all events, one for each part that was left out."""
        return [total(sums.bins().values()) for sums in self._sums[name]]
