"""The stretches of a log: what a policy earned in each, beside what was done, while it learned."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.evaluation.replay.accumulator import Accumulator
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.event_batch import EventBatch
from shared.evaluation.replay.predictions import Chances
from shared.imports.replicated_sums import POLICY, ReplicatedSums
from shared.imports.widening import widen_level
from shared.metrics.estimators import answerable, cressie_read
from shared.metrics.estimators.estimates import decision_interval, span_of
from shared.metrics.estimators.sums import Sums, total
from shared.metrics.intervals import Interval, Span

MOST_STRETCHES = 10
FEWEST_EVENTS = 20
"""Stretches are not shorter."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the log.

    Attributes:
        first, last: Its events, counted from 1.
        from_us, to_us: When they came; 0 if the log does not say.
        done: What was earned per event, with its interval.
        reward: What the policy would have earned, as it had learned up to each event; None, as the interval, if actions
            that it would have shown had no chance.
        effective_events: How many events of equal weight would tell as much of the policy.
    """

    first: int
    last: int
    from_us: int
    to_us: int
    done: float
    done_interval: Interval | None
    reward: float | None
    interval: Interval | None
    effective_events: float | None


class StretchSums:
    """Sums up events by stretches; gets them with what the policy predicts of each."""

    def __init__(self, size: int, replicates: Sequence[float] = ()) -> None:
        """Take how many events a stretch has, and, if chances were estimated, their replicates, `PARTS` an event."""
        self._size = size
        self._policy, self._done = Accumulator(size), Accumulator(size)
        self._replicated = ReplicatedSums(replicates, 0, size) if replicates else None
        self._times: list[tuple[int, int]] = []
        self._events = 0

    def __call__(self, events: Sequence[EvaluatedEvent], drawn: Sequence[Chances]) -> None:
        """Add events."""
        batch, numbers = EventBatch(events), range(self._events, self._events + len(events))
        chances = [of_event[0][choice.action] for of_event, choice in zip(drawn, batch.choices, strict=True)]
        self._policy.add(batch.weigh(batch.ratios(chances))._replace(at_us=numbers))
        self._done.add(batch.weigh([1.0] * len(events))._replace(at_us=numbers))
        if self._replicated:
            self._replicated(events, drawn)
        for number, at_us in zip(numbers, batch.at_us, strict=True):
            if number % self._size == 0:
                self._times.append((at_us, at_us))
            first_us, last_us = self._times[-1]
            self._times[-1] = (min(first_us, at_us), max(last_us, at_us))
        self._events = numbers.stop

    def stretches(self) -> list[Stretch]:
        """The stretches, in the order of the log."""
        policy, done = self._policy.bins(), self._done.bins()
        rewards, is_answerable = span_of(total(done.values())), not answerable.has_no_chance(total(policy.values()))
        return [
            Stretch(
                start + 1,
                min(start + self._size, self._events),
                *times,
                done[start].rewards / done[start].events,
                decision_interval(done[start], rewards),
                cressie_read.estimate(policy[start]) if is_answerable else None,
                self._interval(policy[start], start, rewards) if is_answerable else None,
                answerable.effective_events(policy[start]),
            )
            for start, times in zip(done, self._times, strict=True)
        ]

    def _interval(self, sums: Sums, start: int, rewards: Span) -> Interval | None:
        interval = decision_interval(sums, rewards)
        if interval is None or self._replicated is None:
            return interval
        return widen_level(interval, sums, self._replicated.bins(POLICY)[start], rewards)


def size_of_stretches(events: int) -> int:
    """How many events a stretch has, so that there are at most `MOST_STRETCHES`, none of them too short."""
    return max(-(-events // MOST_STRETCHES), FEWEST_EVENTS)
