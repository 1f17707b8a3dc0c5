"""That rewards have stopped is said as soon as it is certain, and of no loop whose rewards go on."""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from shared.configuration.configuration import new_configuration
from shared.models.published import Published
from shared.status.warnings import LoopWarning, counter_warnings
from shared.times import DAY, HOUR, MINUTE, SECOND, to_iso_second
from shared.training.configuration_changes import new_state
from shared.training.reward_rate import RewardedEvents, RewardRate, combine
from shared.training.training_state import State

BEGAN_US = 20_000 * DAY
_CONFIGURATION = new_configuration(4)


class Loop:
    """A loop whose events come one by one, and are joined in parts of five minutes."""

    def __init__(self, apart_us: int = 20 * SECOND) -> None:
        """Take the time from one event to the next."""
        self.rate = RewardRate()
        self.warned = 0
        self._apart_us = apart_us
        self._now_us = BEGAN_US
        self._chance = random.Random(7)

    def live(self, events: int, share: float | Callable[[float], float]) -> "Loop":
        """Let events come of which a share gets rewards; the share may depend on the hour of the day."""
        for _ in range(events):
            self._now_us += self._apart_us
            at_us = self._now_us - self._now_us % (5 * MINUTE)
            hour = self._now_us % DAY / HOUR
            is_rewarded = self._chance.random() < (share if isinstance(share, float) else share(hour))
            self.rate = self.rate.plus([RewardedEvents(at_us, 1, int(is_rewarded))])
            self.warned += self.rate.has_stopped
        return self

    def count_until(self, *, stopped: bool, share: float = 0.0) -> int:
        """How many more events come until it is so."""
        for number in range(1, 20_000):
            if self.live(1, share).rate.has_stopped == stopped:
                return number
        raise AssertionError

    def warnings(self, logs_deleted_before_us: int = 0) -> list[LoopWarning]:
        """The warnings of the loop about its rewards having stopped."""
        state = State(0, new_state(_CONFIGURATION, Published()).running, reward_rate=self.rate)
        configuration = replace(_CONFIGURATION, logs_deleted_before_us=logs_deleted_before_us)
        return [warning for warning in counter_warnings(state, configuration) if warning.code == "RewardsStopped"]


@pytest.mark.parametrize(("share", "most"), [(1.0, 25), (0.5, 65), (1 / 3, 100), (0.1, 350), (0.01, 6000)])
@pytest.mark.parametrize("past", [1, 5, 20])
def test_that_rewards_have_stopped_is_said_within_few_events(share: float, most: int, past: int) -> None:
    """After about thirty rewards that did not come; the sentence tells how many events, since when, and what was."""
    loop = Loop().live(round(past * 50 / share), share)
    before, assumed = loop.rate.total, loop.count_until(stopped=True)
    (warning,) = loop.warnings()

    assert 13.8 / share < assumed <= most
    assert f"{before.rewarded:,} of {before.events:,} did" in warning.message
    assert f"events in a row, since {_text(loop)}, none got a reward" in warning.message


def _text(loop: Loop) -> str:
    assert loop.rate.silence is not None
    return to_iso_second(loop.rate.silence.from_us)


@pytest.mark.parametrize(
    "share",
    [
        0.8,
        0.3,
        0.05,
        lambda hour: 0.3 if 7 <= hour < 22 else 0.1,
        lambda hour: 0.2 * (1 + 0.6 * math.sin(hour * math.pi / 12)),
        lambda hour: 0.6 if hour < 2 else 0.25,
    ],
)
def test_ordinary_ups_and_downs_are_not_warned_of(share: float | Callable[[float], float]) -> None:
    """Nights that bring a third, campaigns that double the rate."""
    assert Loop().live(20_000, share).warned == 0


def test_a_rate_that_falls_to_a_third_for_good_is_not_warned_of() -> None:
    """It is another world, not a broken one."""
    assert Loop().live(3000, 0.3).live(20_000, 0.1).warned == 0


def test_the_warning_goes_when_rewards_come_again() -> None:
    """After a few, however long none came."""
    loop = Loop().live(1000, 0.3).live(10_000, 0.0)
    assert loop.warnings() != []

    assert loop.count_until(stopped=False, share=0.3) < 30
    assert loop.warnings() == []


def test_a_lonely_reward_is_not_rewards_that_come_again() -> None:
    """Such as that of a test."""
    loop = Loop().live(1000, 0.3).live(150, 0.0).live(1, 1.0).live(100, 0.0)
    (warning,) = loop.warnings()

    assert "1 got a reward in time" in warning.message


def test_the_past_is_not_forgotten_in_a_week_of_silence() -> None:
    """Nor does the silence belong to it, once it is over: the next one is seen as soon."""
    loop = Loop().live(1000, 0.3)
    before = loop.rate.total

    first = loop.live(30_000, 0.0).warnings()
    loop.live(200, 0.3)
    again = loop.count_until(stopped=True)

    assert f"{before.rewarded:,} of {before.events:,} did" in first[0].message
    assert again < 150


def test_a_loop_with_ten_events_a_day_is_judged_by_weeks() -> None:
    """As soon as there is evidence, and not by a part of it that is a day long."""
    loop = Loop(DAY // 10).live(300, 0.3)

    assert loop.warned == 0
    assert loop.count_until(stopped=True) < 150


def test_the_time_before_the_first_reward_is_no_past() -> None:
    """An application that sends its first rewards after a week is not one with few rewards."""
    assert Loop().live(30_000, 0.0).live(300, 0.5).count_until(stopped=True) < 80


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_loop_whose_past_says_little_is_not_warned_of(share: float) -> None:
    """Nine rewards are no rate."""
    assert Loop().live(9, share).live(2000, 0.0).warned == 0


def test_deleted_log_is_no_past() -> None:
    """A loop that begins anew is judged by what comes then."""
    loop = Loop().live(1000, 0.3).live(300, 0.0)

    assert len(loop.warnings()) == 1
    assert loop.warnings(BEGAN_US + HOUR) == []
    assert loop.rate.since(BEGAN_US) == loop.rate
    assert loop.rate.since(BEGAN_US + HOUR) == RewardRate()


def test_the_record_is_small_however_old_the_loop_is() -> None:
    """A week of it, in periods of six hours."""
    loop = Loop(MINUTE).live(15_000, 0.3)

    assert len(loop.rate.past) == 28
    assert 6 * DAY < loop._now_us - loop.rate.past[0].from_us < 8 * DAY


def test_shards_add_up_to_the_part() -> None:
    """Whoever joined which event."""
    from_us, to_us = BEGAN_US, BEGAN_US + 10 * MINUTE
    chance = random.Random(1)
    events = [RewardedEvents(chance.randrange(from_us, to_us), 1, chance.randrange(2)) for _ in range(500)]
    stretches = combine(events, from_us, to_us)

    assert len(stretches) == 10
    assert [stretch.from_us for stretch in stretches] == sorted(stretch.from_us for stretch in stretches)
    assert _sums(stretches) == _sums(events)
    assert combine(stretches, from_us, to_us) == stretches


def _sums(stretches: Iterable[RewardedEvents]) -> tuple[int, int]:
    return sum(stretch.events for stretch in stretches), sum(stretch.rewarded for stretch in stretches)
