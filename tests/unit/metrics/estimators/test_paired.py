"""Whether one policy earned more than another on the same events."""

import random
from math import isclose

from shared.metrics.estimators.paired import BLOCKS, FEWEST_BLOCKS, Pairing
from shared.metrics.estimators.sums import Sums, total

HIT, MISS = 2.0, 0.0


def sums(weight: float, reward: float) -> Sums:
    """Of one event."""
    w, r = weight, reward
    return Sums(
        lines=1,
        events=1.0,
        non_zero=int(w > 0),
        weights=w,
        squares=w * w,
        rewards=w * r,
        weighted_rewards=w * w * r,
        squared_rewards=(w * r) ** 2,
    )


def mean(event: Sums) -> float | None:
    return event.rewards / event.events if event.events else None


def bins(values: list[float]) -> dict[int, Sums]:
    return {10 * place: sums(1.0, value) for place, value in enumerate(values)}


def test_chance_is_that_of_the_differences_of_pairs() -> None:
    """With one event a block and a mean, the jackknife is the textbook's standard error, with Student's t."""
    draw = random.Random(1)
    own, its = ([draw.gauss(0, 1) for _ in range(BLOCKS)] for _ in range(2))
    differences = [a - b for a, b in zip(own, its, strict=True)]
    average = sum(differences) / BLOCKS
    error = (sum((event - average) ** 2 for event in differences) / (BLOCKS - 1) / BLOCKS) ** 0.5

    paired = Pairing(bins(own), mean).less(bins(its))

    assert isclose(average, paired.difference)
    assert paired.chance is not None
    assert isclose(2.0226909 * error, paired.chance, rel_tol=1e-6)


def test_what_both_share_is_no_noise() -> None:
    """Rewards that scatter widely hide no small difference that is there in every event."""
    draw = random.Random(2)
    its = [draw.gauss(0, 100) for _ in range(400)]
    own = [value + 0.1 + draw.gauss(0, 0.01) for value in its]

    assert Pairing(bins(own), mean).less(bins(its)).is_clear
    assert not Pairing(bins(its), mean).less(bins(own)).is_clear


def test_a_difference_by_chance_is_clear_in_one_of_forty() -> None:
    """That is the claim: more only, with a confidence of 97.5 %."""
    draw = random.Random(3)
    pairs = [([draw.gauss(0, 1) for _ in range(80)], [draw.gauss(0, 1) for _ in range(80)]) for _ in range(400)]

    clear = sum(Pairing(bins(own), mean).less(bins(its)).is_clear for own, its in pairs)

    assert 3 <= clear <= 18


def test_a_log_of_a_few_bins_tells_nothing_of_chance() -> None:
    """Nothing is clear then."""
    paired = Pairing(bins([1.0] * (FEWEST_BLOCKS - 1)), mean).less(bins([0.0] * (FEWEST_BLOCKS - 1)))

    assert (paired.difference, paired.chance, paired.is_clear) == (1.0, None, False)


def test_without_events_there_is_no_difference() -> None:
    """And no failure."""
    paired = Pairing({}, mean).less({})

    assert (paired.difference, paired.chance) == (0.0, None)


def test_busy_hours_and_quiet_ones_weigh_by_their_events() -> None:
    """Blocks have about as many events each, wherever in time they came."""
    busy = total([sums(1.0, 1.0)] * 50)
    log_sums = {0: busy, 1: busy, 2: busy, **{place: sums(1.0, 1.0) for place in range(3, 103)}}

    starts = Pairing(log_sums, mean)._starts

    assert starts[:3] == [0, 1, 2]
    assert BLOCKS * 0.4 <= len(starts) <= BLOCKS


def test_a_bin_that_the_first_policy_does_not_have_is_not_lost() -> None:
    """Lines that only one of them could read."""
    own = {10: sums(1.0, 1.0), 20: sums(1.0, 1.0)}
    its = {5: sums(1.0, 0.0), 20: sums(1.0, 0.0), 99: sums(1.0, 3.0)}

    assert Pairing(own, mean).less(its).difference == 0.0
