"""The sums of a bin while events are added to it, one call for each event."""

from collections.abc import Iterable
from operator import add

from shared.configuration.service_configuration import LearningMode
from shared.metrics.bins import Bin, EventOutcomes
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.lift_record import Lifts
from shared.metrics.model_rewards import ModelSums
from shared.metrics.policy_sums import PolicySums
from shared.ranking.decision import NO_MODEL

NO_EVENTS = [0, 0, 0, 0, 0]
"""The counts of a kind of events: learnable, not activated, answered otherwise; then in quarantine: learnable, not."""


class GrowingPolicySums:
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

    def absorb(self, other: "GrowingPolicySums") -> None:
        """Count the events of another bin, too."""
        self.silent += other.silent
        self.non_zero += other.non_zero
        self.weights += other.weights
        self.squares += other.squares
        self.rewards += other.rewards
        self.weighted_rewards += other.weighted_rewards
        self.squared_rewards += other.squared_rewards
        self.reward_squares += other.reward_squares
        self.silent_rewards += other.silent_rewards
        self.silent_squares += other.silent_squares
        self.largest = max(self.largest, other.largest)

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


class OpenBin:
    """The bin to which events are being added.

    Args:
        decided_by: The model that decided what was shown; `NO_MODEL` for the bin of all events of its time.

    Attributes:
        not_online: How many of the events were ranked in each learning mode that is not Online.
    """

    __slots__ = (
        "decided_by",
        "events",
        "first",
        "from_us",
        "highest",
        "kinds",
        "lowest",
        "not_online",
        "random",
        "relabelled",
        "rewards",
        "squares",
    )

    def __init__(self, from_us: int, decided_by: str = NO_MODEL) -> None:
        self.from_us = from_us
        self.decided_by = decided_by
        self.events = self.relabelled = 0
        self.rewards = self.squares = self.lowest = self.highest = 0.0
        self.first, self.random = GrowingPolicySums(), GrowingPolicySums()
        self.kinds: dict[str, list[int]] = {}
        self.not_online: dict[str, int] = {}

    def add(self, reward: float) -> None:
        """Count an event."""
        self.events += 1
        self.rewards += reward
        self.squares += reward * reward
        if reward < self.lowest:
            self.lowest = reward
        elif reward > self.highest:
            self.highest = reward

    def absorb(self, other: "OpenBin") -> None:
        """Count the events of another bin, too."""
        self.events += other.events
        self.relabelled += other.relabelled
        self.rewards += other.rewards
        self.squares += other.squares
        self.lowest, self.highest = min(self.lowest, other.lowest), max(self.highest, other.highest)
        self.first.absorb(other.first)
        self.random.absorb(other.random)
        for kind, counts in other.kinds.items():
            before = self.kinds.setdefault(kind, NO_EVENTS.copy())
            before[:] = map(add, before, counts)
        for mode, events in other.not_online.items():
            self.not_online[mode] = self.not_online.get(mode, 0) + events

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
            modes=self._modes(),
            relabelled=self.relabelled,
        )

    def _modes(self) -> dict[str, int]:
        online = self.events - sum(self.not_online.values())
        return ({LearningMode.ONLINE.value: online} if online else {}) | self.not_online

    def lifts(self) -> Lifts:
        """The sums for the lift above both policies."""
        return Lifts(_lift(self, self.first), _lift(self, self.random))

    def of_model(self, undecided: int) -> ModelSums:
        """The sums of a model, with the number of events in which it decided nothing."""
        if not self.events:
            return ModelSums(undecided=undecided)
        return ModelSums(self.events, self.rewards, self.squares, _lift(self, self.first), undecided)


def absorb[Key](bins: Iterable[tuple[Key, OpenBin]]) -> dict[Key, OpenBin]:
    """Count the events of the bins together that have the same key; each begins when its first bin does."""
    together: dict[Key, OpenBin] = {}
    for key, open_bin in bins:
        if key not in together:
            together[key] = OpenBin(open_bin.from_us)
        together[key].absorb(open_bin)
    return together


def _lift(into: OpenBin, policy: GrowingPolicySums) -> LiftSums:
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
