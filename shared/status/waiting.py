"""Ranks that wait in the intake, counted; and when the newest of its rows came."""

from collections.abc import Sequence
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.scan import FAR_US, RowQuery, Tables
from shared.status.learning_status import Waiting
from shared.times import MINUTE, SECOND
from shared.training.training_state import State

_ENOUGH = 1000
_STRETCHES_US = (4 * SECOND, MINUTE)
"""How far back the newest Rank of a crowd is looked for."""


def count_waiting(tables: Tables, configuration: Configuration, state: State | None, most: int) -> Waiting:
    """Count the Ranks that are not log yet. Blocking.

    Args:
        state: None before the first training run.
        most: Where counting stops.
    """
    start_us = _begin_us(configuration, state)
    ranks = RowQuery("events", _shards(configuration, start_us), start_us, keys_only=True)
    counted = scan.count_rows(tables, ranks, most)
    number, is_cut = counted.number, counted.number > most
    return Waiting(min(number, most), is_cut, counted.first_us, counted.last_us, number, counted.up_to_us)


def with_newest(waiting: Waiting, tables: Tables, now_us: int) -> Waiting:
    """The Ranks that wait, with when the newest came, also where counting stopped before that. Blocking.

    It is the newest of one shard, which is as good where so many wait; if the last minute has none, the last that was
    counted.
    """
    if not waiting.at_least:
        return waiting
    for length_us in _STRETCHES_US:
        crowd = RowQuery("events", (0,), now_us - length_us, now_us + MINUTE, keys_only=True, exact=True)
        if (last_us := scan.count_rows(tables, crowd, _ENOUGH).last_us) is not None:
            return replace(waiting, last_us=max(last_us, waiting.last_us or 0))
    return waiting


def find_newest_reward(tables: Tables, configuration: Configuration, state: State | None) -> int | None:
    """When the newest reward came, in a loop of which no reward is log yet; None for any other loop. Blocking.

    It is the newest of the first thousand or so.
    """
    if state is not None and state.counters.rewards:
        return None
    start_us = _begin_us(configuration, state)
    rewards = RowQuery("rewards", _shards(configuration, start_us), start_us, keys_only=True, valued=True)
    return scan.count_rows(tables, rewards, _ENOUGH).last_us


def _begin_us(configuration: Configuration, state: State | None) -> int:
    """From when on rows are no log yet."""
    return max(state.joined_up_to_us if state else 0, configuration.logs_deleted_before_us)


def _shards(configuration: Configuration, from_us: int) -> Sequence[int]:
    """The shards in which rows can be from a moment on."""
    return range(max(configuration.shard_numbers(from_us, FAR_US)))
