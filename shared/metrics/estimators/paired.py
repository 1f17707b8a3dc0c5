"""Whether one policy earned more than another on the same events, or could have by chance."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from operator import sub

from shared.metrics.estimators.sums import Sums, total
from shared.metrics.intervals import CONFIDENCE
from shared.metrics.quantiles import f_quantile

BLOCKS = 40
"""The log is cut into as many stretches of time, with about as many events each."""
FEWEST_BLOCKS = 6
"""Fewer blocks cannot show how much is chance."""

type Estimator = Callable[[Sums], float | None]
type Bins = Mapping[int, Sums]


@dataclass(frozen=True, slots=True)
class Paired:
    """How much more one policy earned per event than another.

    Attributes:
        chance: The difference that chance alone stays within, in either direction; None if the log is too short.
    """

    difference: float
    chance: float | None

    @property
    def is_clear(self) -> bool:
        """Whether more was earned, and that is no chance."""
        return self.chance is not None and self.difference > self.chance


class Pairing:
    """A policy with which others are compared that were replayed over the same log in the same bins.

    The share of chance follows from how the difference changes if one block of the log after the other is left out (the
    jackknife): whatever both policies share cancels out there as in the difference itself.

    Source: Efron, Stein: The jackknife estimate of variance, 1981.
    """

    def __init__(self, bins: Bins, estimator: Estimator) -> None:
        self._estimator = estimator
        self._starts = _starts(bins)
        self._whole, self._parts = self._estimate(bins)

    def less(self, bins: Bins, confidence: float = CONFIDENCE) -> Paired:
        """How much more the policy earned than another policy."""
        whole, parts = self._estimate(bins)
        differences = list(map(sub, self._parts, parts))
        return Paired(self._whole - whole, _chance(differences, confidence))

    def _estimate(self, bins: Bins) -> tuple[float, list[float]]:
        """The estimate over all blocks, and those over all but one."""
        blocks: dict[int, list[Sums]] = defaultdict(list)
        for start, sums in bins.items():
            blocks[max(bisect_right(self._starts, start) - 1, 0)].append(sums)
        by_block = [total(blocks[block]) for block in range(len(self._starts))]
        without = (total(by_block[:block] + by_block[block + 1 :]) for block in range(len(by_block)))
        return self._estimator(total(by_block)) or 0.0, [self._estimator(sums) or 0.0 for sums in without]


def _starts(bins: Bins) -> list[int]:
    """Where blocks of about as many events begin."""
    target = fsum(sums.events for sums in bins.values()) / BLOCKS
    starts: list[int] = []
    before = 0.0
    for start in sorted(bins):
        if before >= target * len(starts):
            starts.append(start)
        before += bins[start].events
    return starts


def _chance(differences: Sequence[float], confidence: float) -> float | None:
    blocks = len(differences)
    if blocks < FEWEST_BLOCKS:
        return None
    mean = fsum(differences) / blocks
    variance = (blocks - 1) / blocks * fsum((difference - mean) ** 2 for difference in differences)
    return sqrt(f_quantile(confidence, blocks - 1) * variance)
