"""Adds up a part's metrics while it is joined, one call for each event.

What an event says of a policy depends on the mode it was ranked in:

* Online. The drawn action was shown with its logged probability. So the event speaks for every policy whose action had
  a chance.
* Apprentice. The baseline was shown, so the event's reward is the baseline's, with weight 1. The draw that is logged
  beside it was hidden: no other action has a reward, so nothing is known of a random choice.
* LoggingOnly. The baseline was shown with probability 1, which is the same.

Of a multi-slot event its first slot counts. An event from which nothing is learned speaks for no policy, and its reward
is in no average: it was deferred and never activated, or answered again with another action, so that nobody knows which
action the reward is for.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import reduce

from shared.configuration.service_configuration import LearningMode
from shared.log.line_pieces import MAX_REWARD, EventLine
from shared.log.ranked_event import RankedEvent
from shared.metrics.apprentice import ImitatedEvent, ceiling
from shared.metrics.bins import BIN_US, Bin, EventOutcomes, PartMetrics, Pending, PolicySums, bin_us
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.lift_record import Lifts

LEAST_PROBABILITY = 1e-10
"""What had less of a chance is taken to have had none."""

_FIRST_CHOSEN = (b"[1,", b"[1]")


class _GrowingPolicySums:
    """The sums of one policy, as they grow."""

    __slots__ = (
        "largest",
        "non_zero",
        "reward_squares",
        "rewards",
        "silent",
        "silent_rewards",
        "silent_squares",
        "squared_rewards",
        "squares",
        "weighted_rewards",
        "weights",
    )

    def __init__(self) -> None:
        self.silent = self.non_zero = 0
        self.weights = self.squares = self.rewards = self.weighted_rewards = self.squared_rewards = self.largest = 0.0
        self.reward_squares = self.silent_rewards = self.silent_squares = 0.0

    def add(self, weight: float, reward: float) -> None:
        """Count an event of positive weight."""
        square, product = weight * weight, weight * reward
        self.non_zero += 1
        self.weights += weight
        self.squares += square
        self.rewards += product
        self.weighted_rewards += square * reward
        self.squared_rewards += product * product
        self.reward_squares += product * reward

    def pass_over(self, reward: float) -> None:
        """Count an event that cannot speak for the policy."""
        self.silent += 1
        self.silent_rewards += reward
        self.silent_squares += reward * reward

    def freeze(self) -> PolicySums:
        return PolicySums(
            self.silent,
            self.non_zero,
            self.weights,
            self.squares,
            self.rewards,
            self.weighted_rewards,
            self.squared_rewards,
            self.largest,
        )


def _lift(into: "_OpenBin", policy: _GrowingPolicySums) -> LiftSums:
    """The sums of a bin for how much more was earned than the policy would have."""
    return LiftSums(
        policy.silent,
        into.events - policy.silent,
        into.rewards - policy.silent_rewards,
        into.squares - policy.silent_squares,
        policy.weights,
        policy.squares,
        policy.rewards,
        policy.reward_squares,
        policy.weighted_rewards,
        policy.squared_rewards,
        max(policy.largest, 1.0),
        into.lowest,
        into.highest,
    )


class _OpenBin:
    """The bin to which events are being added."""

    __slots__ = ("events", "first", "from_us", "highest", "kinds", "lowest", "random", "rewards", "squares")

    def __init__(self, from_us: int) -> None:
        self.from_us = from_us
        self.events = 0
        self.rewards = self.squares = self.lowest = self.highest = 0.0
        self.first, self.random = _GrowingPolicySums(), _GrowingPolicySums()
        self.kinds: dict[str, list[int]] = {}

    def add(self, reward: float) -> None:
        """Count an event."""
        self.events += 1
        self.rewards += reward
        self.squares += reward * reward
        if reward < self.lowest:
            self.lowest = reward
        elif reward > self.highest:
            self.highest = reward

    def freeze(self, outcomes: EventOutcomes) -> Bin:
        joined = sum(sum(counts) for counts in self.kinds.values()) + outcomes.refused
        return Bin(
            self.from_us,
            self.events,
            self.rewards,
            self.squares,
            self.lowest,
            self.highest,
            self.first.freeze(),
            self.random.freeze(),
            joined,
            outcomes,
        )

    def lifts(self) -> Lifts:
        """The sums for the lift above both policies."""
        return Lifts(_lift(self, self.first), _lift(self, self.random))


class Tally:
    """The metrics of one part.

    Args:
        exploration: The configured one, for what a perfect apprentice could come to.
    """

    def __init__(self, exploration: float) -> None:
        self._exploration = exploration
        self._bins: dict[int, _OpenBin] = {}
        self._outcomes: dict[int, EventOutcomes] = defaultdict(EventOutcomes)
        self._imitated: list[ImitatedEvent] = []
        self._first_us = self._last_us = 0
        self._open = _OpenBin(-BIN_US)

    def add_event(self, event: RankedEvent, kind: str, line: EventLine) -> None:
        """Count an event of the part; to be called in order of arrival."""
        into = self._open
        if not 0 <= event.at_us - into.from_us < BIN_US:
            from_us = bin_us(event.at_us)
            into = self._open = self._bins.setdefault(from_us, _OpenBin(from_us))
        counts = into.kinds.get(kind)
        if counts is None:
            counts = into.kinds[kind] = [0, 0, 0]
        if not line.learnable:
            counts[2 if line.answered_otherwise else 1] += 1
            return
        counts[0] += 1
        reward = min(max(line.reward, -MAX_REWARD), MAX_REWARD)
        into.add(reward)
        if event.slots or event.mode is not LearningMode.ONLINE:
            self._add_other(into, event, reward)
        else:
            _add_online(into, event, reward)

    def add_lone(self, at_us: int, *, late: bool) -> None:
        """Count a reward or an activation that belongs to no event."""
        self._add(at_us, EventOutcomes(late=1) if late else EventOutcomes(dangling=1))

    def add_damaged(self, at_us: int) -> None:
        """Count an event that was damaged in storage."""
        self._add(at_us, EventOutcomes(refused=1))

    def freeze(self, part_us: int) -> PartMetrics:
        """The metrics of the part, which began at a moment."""
        places = sorted(self._bins.keys() | self._outcomes.keys())
        bins = [
            self._bins.get(at_us, _OpenBin(at_us)).freeze(self._outcomes.get(at_us, EventOutcomes()))
            for at_us in places
        ]
        pending = [
            events
            for at_us in sorted(self._bins)
            for kind, counts in sorted(self._bins[at_us].kinds.items())
            for events in _pending(part_us, at_us, kind, *counts)
        ]
        return PartMetrics(bins, pending, self._imitated, self._first_us, self._last_us, self._lifts())

    def _lifts(self) -> Lifts:
        return reduce(Lifts.plus, (self._bins[at_us].lifts() for at_us in sorted(self._bins)), Lifts())

    def _add(self, at_us: int, outcomes: EventOutcomes) -> None:
        at_us = bin_us(at_us)
        self._outcomes[at_us] = self._outcomes[at_us].plus(outcomes)

    def _add_other(self, into: _OpenBin, event: RankedEvent, reward: float) -> None:
        """Count an event of several slots, or one of which the baseline was shown whatever was drawn."""
        actions, probabilities = json.loads(event.actions), json.loads(event.probabilities)
        baseline = 1
        if event.slots:
            actions, probabilities = actions[0], probabilities[0]
            baseline = event.baselines[0] if event.baselines else min(actions)
        if event.mode is LearningMode.ONLINE:
            _add_by_probabilities(into, actions, probabilities, baseline, reward)
            return
        _add_certain(into, len(actions), reward)
        if event.mode is LearningMode.APPRENTICE:
            highest = ceiling(min(probabilities), len(probabilities), self._exploration)
            self._first_us = self._first_us if self._imitated else event.at_us
            self._last_us = event.at_us
            self._imitated.append(ImitatedEvent(reward, actions[0] == baseline, highest, event.at_us))


def _add_online(into: _OpenBin, event: RankedEvent, reward: float) -> None:
    """Count an event of which the drawn action was shown.

    The ranking is sorted by probability, but that the drawn action has changed places with the first. So the smallest
    probability is the first one or the last.
    """
    chances = event.probabilities
    count = chances.count(b",") + 1
    last = float(chances[chances.rfind(b",") + 1 : -1]) if count > 1 else 1.0
    drawn = float(chances[1 : chances.find(b",")]) if count > 1 else 1.0
    smallest = drawn if drawn < last else last
    if smallest < LEAST_PROBABILITY:
        _add_by_probabilities(into, json.loads(event.actions), json.loads(chances), 1, reward)
        return
    first, random = into.first, into.random
    largest = 1 / smallest
    if largest > first.largest:
        first.largest = largest
    if largest > random.largest * count:
        random.largest = largest / count
    weight = 1 / drawn
    if event.actions.startswith(_FIRST_CHOSEN):
        first.add(weight, reward)
    random.add(weight / count, reward)


def _add_by_probabilities(
    into: _OpenBin, actions: list[int], probabilities: list[float], baseline: int, reward: float
) -> None:
    """As `_add_online`, for any order of the ranking and for actions without a chance."""
    count, drawn, smallest = len(actions), probabilities[0], min(probabilities)
    of_baseline = probabilities[actions.index(baseline)] if baseline in actions else 0.0
    if drawn < LEAST_PROBABILITY or of_baseline < LEAST_PROBABILITY:
        into.first.pass_over(reward)
    else:
        least = smallest if smallest >= LEAST_PROBABILITY else of_baseline
        into.first.largest = max(into.first.largest, 1 / least)
        if actions[0] == baseline:
            into.first.add(1 / drawn, reward)
    if smallest < LEAST_PROBABILITY:
        into.random.pass_over(reward)
    else:
        into.random.largest = max(into.random.largest, 1 / (smallest * count))
        into.random.add(1 / (drawn * count), reward)


def _add_certain(into: _OpenBin, count: int, reward: float) -> None:
    """Count an event of which the baseline was shown, without a draw."""
    for policy, speaks in ((into.first, True), (into.random, count == 1)):
        if not speaks:
            policy.pass_over(reward)
            continue
        policy.largest = max(policy.largest, 1.0)
        policy.add(1.0, reward)


def _pending(part_us: int, at_us: int, kind: str, learnable: int, skipped: int, otherwise: int) -> Iterator[Pending]:
    """The events of a kind in some five minutes of a part."""
    if learnable or skipped:
        yield Pending(part_us, at_us, kind, learnable, skipped)
    if otherwise:
        yield Pending.of_answered_otherwise(part_us, at_us, kind, otherwise)
