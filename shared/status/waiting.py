"""What waits in the intake."""

from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.scan import Stretch, Tables
from shared.status.learning_status import Waiting
from shared.training.training_state import State


def waiting(tables: Tables, configuration: Configuration, state: State | None, most: int) -> Waiting:
    """The Ranks that are not log yet. Blocking.

    Args:
        state: None before the first training run.
        most: More than these are not counted.
    """
    start_us = max(state.joined_up_to_us if state else 0, configuration.logs_deleted_before_us)
    since = Stretch("events", range(configuration.shards), start_us, keys_only=True)
    counted, first_us = scan.counted(tables, since, most)
    return Waiting(min(counted, most), counted > most, first_us)
