"""How many events of a part got a reward, counted by stretches of the part while its log is written."""

from collections.abc import Sequence

from shared.training.reward_rate import RewardedEvents, width_us


class RewardTally:
    """The counts of one part, or of one shard of it, which begins and ends at some moments."""

    def __init__(self, from_us: int, to_us: int) -> None:
        self._width_us = width_us(from_us, to_us)
        self._end_us = from_us
        self._from_us = from_us
        self._stretches: list[list[int]] = []

    def add(self, at_us: int, *, is_rewarded: bool) -> None:
        """Count an event; to be called in order of arrival."""
        if at_us >= self._end_us:
            self._stretches.append([at_us, 0, 0])
            self._end_us = at_us - (at_us - self._from_us) % self._width_us + self._width_us
        counts = self._stretches[-1]
        counts[1] += 1
        counts[2] += is_rewarded

    def freeze(self) -> Sequence[RewardedEvents]:
        """The stretches that have events, in order of time."""
        return tuple(RewardedEvents(*counts) for counts in self._stretches)
