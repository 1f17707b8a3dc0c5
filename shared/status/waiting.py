"""Ranks that wait in the intake, counted."""

from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.scan import FAR_US, RowQuery, Tables
from shared.status.learning_status import Waiting
from shared.training.training_state import State


def count_waiting(tables: Tables, configuration: Configuration, state: State | None, most: int) -> Waiting:
    """Count the Ranks that are not log yet. Blocking.

    Args:
        state: None before the first training run.
        most: Where counting stops.
    """
    start_us = max(state.joined_up_to_us if state else 0, configuration.logs_deleted_before_us)
    shards = range(max(configuration.shard_numbers(start_us, FAR_US)))
    ranks = RowQuery("events", shards, start_us, keys_only=True)
    count, first_us = scan.count_rows(tables, ranks, most)
    return Waiting(min(count, most), count > most, first_us)
