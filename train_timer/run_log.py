"""The run log: one line in the log of the functions for each run, from which charts and alerts are made."""

import logging
from collections.abc import Callable

from shared.configuration.configuration import Configuration
from shared.intake.scan import Tables
from shared.models import published_store
from shared.settings import settings
from shared.status import run_record
from shared.status.learning_status import StatusInputs
from shared.status.run_record import LoopSummary, TrainingRun
from shared.status.waiting import count_waiting
from shared.storage.paths import this_loop
from shared.times import MINUTE
from shared.training.training_state import State

_MOST_COUNTED = 4_000
"""One page of each of four shards: the status counts further, but less often than once a minute."""

_log = logging.getLogger(run_record.NAME)


class Recorder:
    """Logs the records of this process's runs; at most one a minute of those that did nothing."""

    def __init__(self) -> None:
        """Begin before the first record."""
        self._logged_minute = -1

    def record(self, run: TrainingRun, summary: Callable[[], LoopSummary | None], *, idle: bool) -> None:
        """Log the record of one run.

        Args:
            summary: Called if the record is logged, and gives the summary of the loop in it; None without a summary.
            idle: Whether the run did nothing.
        """
        minute = run.started_us // MINUTE
        if idle and minute == self._logged_minute:
            return
        line = run_record.line(this_loop().name, run, summary())
        self._logged_minute = minute
        _log.info("%s", line)


def summarize(state: State, configuration: Configuration, tables: Tables, now_us: int) -> LoopSummary:
    """The summary of the loop in the record of a run.

    Raises:
        StorageUnavailable: Storage did not answer.
    """
    published, unlearned = published_store.read_published(), count_waiting(tables, configuration, state, _MOST_COUNTED)
    return run_record.summarize(
        StatusInputs(state, configuration, published, unlearned, now_us, settings().join_grace_us)
    )
