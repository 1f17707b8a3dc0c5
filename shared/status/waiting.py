"""Ranks that wait in the intake, counted; and when the newest of its rows came."""

from collections.abc import Sequence
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.scan import FAR_US, RowQuery, Tables
from shared.status.learning_status import Waiting
from shared.times import DAY, HOUR, MINUTE, SECOND
from shared.training.training_state import State

_ENOUGH = 1000
_SHORT_US = (4 * SECOND, MINUTE)
_LONG_US = (16 * MINUTE, 4 * HOUR, 3 * DAY)
"""How far back the newest row of a crowd is looked for, before all of it is looked at."""


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


def with_newest(waiting: Waiting, tables: Tables, configuration: Configuration, now_us: int) -> Waiting:
    """The Ranks that wait, with when the newest came, also where counting stopped before that. Blocking."""
    if waiting.counted_up_to_us is None:
        return waiting
    shards = _shards(configuration, waiting.counted_up_to_us)
    crowd = RowQuery("events", shards, waiting.counted_up_to_us, now_us + MINUTE, keys_only=True, exact=True)
    return replace(waiting, last_us=_find_newest(tables, crowd, now_us) or waiting.last_us)


def find_newest_reward(tables: Tables, configuration: Configuration, state: State | None, now_us: int) -> int | None:
    """When the newest reward came, in a loop of which no reward is log yet; None for any other loop. Blocking."""
    if state is not None and state.counters.rewards:
        return None
    start_us = _begin_us(configuration, state)
    shards = _shards(configuration, start_us)
    rewards = RowQuery("rewards", shards, start_us, now_us + MINUTE, keys_only=True, exact=True, valued=True)
    counted = scan.count_rows(tables, rewards, _ENOUGH)
    if counted.up_to_us is None:
        return counted.last_us
    return _find_newest(tables, replace(rewards, from_us=counted.up_to_us), now_us) or counted.last_us


def _find_newest(tables: Tables, crowd: RowQuery, now_us: int) -> int | None:
    """When the newest of many rows came, to the minute; None without any.

    Of the last minute it is the newest of one shard, which is as good where so many come.
    """
    for length_us in (*_SHORT_US, *_LONG_US, now_us):
        shards = (0,) if length_us in _SHORT_US else crowd.shards
        newest = replace(crowd, shards=shards, from_us=max(now_us - length_us, crowd.from_us))
        if newest.from_us < newest.to_us and (at_us := _read_newest(tables, newest)) is not None:
            return at_us
    return None


def _read_newest(tables: Tables, rows: RowQuery) -> int | None:
    """The same of rows of which there are not so many, or of which only the later ones are read then, by halves."""
    counted, end_us = scan.count_rows(tables, rows, _ENOUGH), rows.to_us
    while counted.up_to_us is not None and end_us - counted.up_to_us > 2 * MINUTE:
        middle_us = (counted.up_to_us + end_us) // 2
        later = scan.count_rows(tables, replace(rows, from_us=middle_us, to_us=end_us), _ENOUGH)
        if later.last_us is None:
            end_us = middle_us
        else:
            counted = later
    return counted.last_us


def _begin_us(configuration: Configuration, state: State | None) -> int:
    """From when on rows are no log yet."""
    return max(state.joined_up_to_us if state else 0, configuration.logs_deleted_before_us)


def _shards(configuration: Configuration, from_us: int) -> Sequence[int]:
    """The shards in which rows can be from a moment on."""
    return range(max(configuration.shard_numbers(from_us, FAR_US)))
