"""When the steps of a loop last happened, and how often of late, with the stretch of time that was counted."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.log.join import BEFORE_US
from shared.metrics.bins import Bin, bin_us, day_us
from shared.status.learning_status import StatusInputs
from shared.times import HOUR, MINUTE
from shared.training.cursor import Counters
from shared.training.training_state import Snapshot, State

_OF_LATE_US = 15 * MINUTE
_LISTED_MODELS = 51
"""`published.json` names no more, so there may be others before them."""


@dataclass(frozen=True, slots=True)
class StageCount:
    """How often something happened in a stretch of time, which is longer than 0."""

    count: int
    from_us: int
    to_us: int

    @property
    def per_minute(self) -> float:
        """The average over the stretch."""
        return self.count * MINUTE / (self.to_us - self.from_us)


@dataclass(frozen=True, slots=True)
class RewardCount:
    """How many events are joined of a stretch of time, and the rewards that came for them in time."""

    events: int
    rewards: StageCount


def of_late_us(at_us: int) -> int:
    """Since when something happened of late: 15 to 20 minutes before a moment, when a bin begins."""
    return bin_us(at_us - _OF_LATE_US)


def count_ranks(inputs: StatusInputs) -> StageCount | None:
    """The Ranks of the last 15 to 20 minutes, or since the oldest that waits, if that came earlier.

    If so many wait that they were not all counted, up to where they were.
    """
    waiting, state = inputs.waiting, inputs.state
    joined_us, deleted_us = state.joined_up_to_us if state else 0, inputs.configuration.logs_deleted_before_us
    oldest_us = inputs.now_us if waiting.first_us is None else waiting.first_us
    from_us = _first_us(min(inputs.now_us - _OF_LATE_US, oldest_us), joined_us)
    if deleted_us > joined_us:
        from_us = max(from_us, deleted_us)
    count = waiting.counted + sum(a_bin.joined for a_bin in _since(from_us, state))
    return _stretch(count, from_us, min(waiting.counted_up_to_us or inputs.now_us, inputs.now_us))


def count_joined(inputs: StatusInputs, state: State) -> StageCount | None:
    """The events of the last 15 to 20 minutes up to which all are joined."""
    up_to_us = find_joined_us(inputs, state)
    from_us = _first_us(up_to_us - _OF_LATE_US, state.joined_up_to_us)
    return _stretch(sum(a_bin.joined for a_bin in _since(from_us, state)), from_us, up_to_us)


def count_learned(inputs: StatusInputs, state: State) -> StageCount | None:
    """The events that were learned of the last 15 to 20 minutes up to which all are learned."""
    unlearned = [pending.part_us for pending in state.metrics.pending]
    up_to_us = min([find_joined_us(inputs, state), *unlearned])
    from_us = _first_us(up_to_us - _OF_LATE_US, state.joined_up_to_us)
    return _stretch(sum(a_bin.outcomes.learned for a_bin in _since(from_us, state)), from_us, up_to_us)


def count_rewards(inputs: StatusInputs, state: State) -> RewardCount | None:
    """The rewards of events since one of the snapshots of the counters, of which there are some each day.

    None before the first event.
    """
    if not state.counters.events:
        return None
    since = _snapshot(state)
    counted = state.counters.minus(since.counters)
    rewards = _stretch(counted.rewards, since.at_us, find_joined_us(inputs, state))
    return None if rewards is None else RewardCount(counted.events, rewards)


def count_models(inputs: StatusInputs) -> StageCount | None:
    """The models of the last hour, or as far back as they are listed."""
    models, from_us = inputs.published.models, inputs.now_us - HOUR
    if len(models) >= _LISTED_MODELS:
        from_us = max(from_us, min(model.made_at_us for model in models))
    return _stretch(sum(model.made_at_us >= from_us for model in models), from_us, inputs.now_us)


def last_rank_us(inputs: StatusInputs) -> int | None:
    """When the last Rank came, whether it waits or is joined; None if none did, or if that is not known."""
    joined_us = inputs.state.metrics.last_rank_us if inputs.state else 0
    return max(inputs.waiting.last_us or 0, joined_us) or None


def last_reward_us(inputs: StatusInputs) -> int | None:
    """When the last reward came in time of those of joined events; before the first of these, the last of all."""
    joined_us = inputs.state.metrics.last_reward_us if inputs.state else 0
    return max(inputs.newest_reward_us or 0, joined_us) or None


def last_joined_us(state: State | None) -> int | None:
    """When a run last ended that joined events."""
    run = state.last_run if state else None
    return (run.joined_us or (run.ended_us if run.joined_events else None)) if run else None


def last_learned_us(state: State | None) -> int | None:
    """When a run last ended that learned some."""
    run = state.last_run if state else None
    return (run.learned_us or (run.ended_us if run.learned_events else None)) if run else None


def last_published_us(inputs: StatusInputs) -> int | None:
    """When the model in use was published; without one, the last that a trainer published."""
    model, state = inputs.published.model, inputs.state
    return model.made_at_us if model else state.published_at_us if state else None


def find_joined_us(inputs: StatusInputs, state: State) -> int:
    """The moment up to which all events are joined: the position moves on with events only, however late it gets."""
    ready_us = inputs.now_us - inputs.configuration.rewards.wait_us - inputs.grace_us
    oldest_us = inputs.waiting.first_us
    return max(state.joined_up_to_us, ready_us if oldest_us is None else min(ready_us, oldest_us))


def _stretch(count: int, from_us: int, to_us: int) -> StageCount | None:
    return StageCount(count, from_us, to_us) if from_us < to_us else None


def _first_us(at_us: int, joined_us: int) -> int:
    """When the bin of a moment begins; the bins of earlier days may have left the commit record."""
    return max(bin_us(at_us), day_us(joined_us - BEFORE_US) if joined_us else 0)


def _since(from_us: int, state: State | None) -> Iterator[Bin]:
    return (a_bin for a_bin in state.metrics.bins if a_bin.from_us >= from_us) if state else iter(())


def _snapshot(state: State) -> Snapshot:
    """The last snapshot that is an hour of log ago, with events since; else the first one."""
    for snapshot in reversed(state.snapshots[1:]):
        is_old = state.joined_up_to_us - snapshot.at_us >= HOUR
        if is_old and state.counters.events > snapshot.counters.events:
            return snapshot
    first = state.snapshots[0] if state.snapshots else Snapshot(0, Counters())
    if first.at_us or not state.metrics.bins:
        return first
    return Snapshot(state.metrics.bins[0].from_us, first.counters)
