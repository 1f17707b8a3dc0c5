"""Late rewards: what is known of rewards that came after their event's wait, beside how many the log counts."""

from collections.abc import Iterable, Mapping, Sequence
from copy import replace
from dataclasses import dataclass

from shared import durations
from shared.intake.keys import canonical
from shared.intake.rows import Observation
from shared.log.join import BEFORE_US
from shared.times import DAY, HOUR, MINUTE, SECOND

_WAITS_US = (
    *(each * SECOND for each in (10, 20, 30)),
    *(each * MINUTE for each in (1, 2, 5, 10, 15, 20, 30)),
    *(each * HOUR for each in (1, 2, 3, 4, 6, 8, 12)),
    *(each * DAY for each in (1, 2, 3, 5, 7)),
)
"""The reward wait times that are suggested."""
_MARGIN = 1.1
_LONG_US = 10 * MINUTE
"""Longer ones are given in whole minutes."""


@dataclass(frozen=True, slots=True)
class LateRewards:
    """The late rewards of a loop of late.

    Attributes:
        waiting: The late rewards and activations that are not log yet: the join comes to them a reward wait time later.
        unknown: The late rewards that the join takes for those of no event, or has taken for such, since it looks back
            on two waits only; of those of the newest log, and of those that are not log yet.
        in_time: The rewards that are not log yet, and came within their event's wait.
        delays_us: How long after their Rank late rewards came, of those whose Rank was found, in ascending order.
    """

    waiting: int = 0
    unknown: int = 0
    in_time: int = 0
    delays_us: tuple[int, ...] = ()

    def describe(self) -> str:
        """A sentence about how late they came, with a space behind it; empty if that is not known."""
        if not self.delays_us:
            return ""
        first, last = (
            durations.in_words(delay - delay % (SECOND if delay < _LONG_US else MINUTE))
            for delay in (self.delays_us[0], self.delays_us[-1])
        )
        return f"They came {last if first == last else f'{first} to {last}'} after their Rank. "

    def longer_wait_us(self, wait_us: int) -> int | None:
        """The wait in which nine of ten of them would have come; None if that is not known, or too long."""
        if not self.delays_us:
            return None
        needed_us = max(self.delays_us[(len(self.delays_us) - 1) * 9 // 10] * _MARGIN, wait_us + 1)
        return next((each for each in _WAITS_US if each >= needed_us), None)


def without_repetitions(observations: Iterable[Observation]) -> list[Observation]:
    """The observations as they first came, under canonical ids, in order of arrival."""
    first: dict[tuple[str, str], Observation] = {}
    for observation in sorted(observations, key=lambda each: each.at_us):
        event_id = canonical(observation.event_id)
        first.setdefault((event_id, observation.observation_id), replace(observation, event_id=event_id))
    return [*first.values()]


def measure(
    unlogged: Iterable[Observation],
    joined_ids: Iterable[tuple[str, str]],
    logged: Sequence[tuple[Observation, bool]],
    events_us: Mapping[str, Sequence[int]],
    wait_us: int,
    lookback_us: int,
) -> LateRewards:
    """Measure what is late.

    Args:
        unlogged: What came since the log position, without repetitions.
        joined_ids: The event and observation ids of those that belong to an event of the log.
        logged: The rewards without event of the newest log, and whether the join took them for late.
        events_us: When the events of their ids came, as far as that is known, in order of arrival.
        wait_us: The reward wait time.
        lookback_us: The join takes what comes longer after its event for what belongs to none.
    """
    gone, waiting, unknown, in_time, delays_us = set(joined_ids), 0, 0, 0, list[int]()
    for observation in unlogged:
        is_reward, of_id_us = observation.value is not None, events_us.get(observation.event_id, ())
        delay_us = find_delay_us(observation.at_us, of_id_us, wait_us)
        if (observation.event_id, observation.observation_id) in gone or delay_us is None:
            in_time += is_reward and bool(of_id_us)
        else:
            waiting += delay_us < lookback_us
            unknown += is_reward and delay_us >= lookback_us
            delays_us += [delay_us] * is_reward
    for observation, is_late in logged:
        delay_us = find_delay_us(observation.at_us, events_us.get(observation.event_id, ()), wait_us)
        if delay_us is not None:
            unknown += not is_late
            delays_us.append(delay_us)
    return LateRewards(waiting, unknown, in_time, tuple(sorted(delays_us)))


def find_delay_us(observed_us: int, events_us: Sequence[int], wait_us: int) -> int | None:
    """How long after the last event of its id an observation came whose wait was over; None if it is not late.

    Args:
        events_us: When the events of its id came, in order of arrival.
    """
    before = [at_us for at_us in events_us if at_us - observed_us < BEFORE_US]
    if not before or observed_us - before[-1] < wait_us:
        return None
    return observed_us - before[-1]
