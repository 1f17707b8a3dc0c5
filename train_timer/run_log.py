"""The record of each run: one line in the log of the functions, from which charts and alerts are made."""

import logging
from collections.abc import Callable

from shared.configuration.configuration import Configuration
from shared.intake.scan import Tables
from shared.models import published_store
from shared.settings import settings
from shared.status import run_record
from shared.status.learning_status import StatusInputs
from shared.status.run_record import LoopSummary, Run
from shared.status.waiting import count_waiting
from shared.storage import paths
from shared.times import MINUTE
from shared.training.training_state import State

_MOST_COUNTED = 4_000
"""One page of each of four shards: the status counts further, but is not asked once a minute."""

_log = logging.getLogger(run_record.NAME)


class Recorder:
    """Tells the records of this process's runs; of those that did nothing, at most one a minute."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._told_minute = -1

    def tell(self, run: Run, stands: Callable[[], LoopSummary | None], *, idle: bool) -> None:
        """Tell one run.

        Args:
            stands: Looks up how the loop stands; None if that cannot be known.
            idle: Whether the run did nothing.
        """
        minute = run.started_us // MINUTE
        if idle and minute == self._told_minute:
            return
        line = run_record.line(paths.LOOP, run, stands())
        self._told_minute = minute
        _log.info("%s", line)


def standing(state: State, configuration: Configuration, known: Tables, now_us: int) -> LoopSummary:
    """How the loop stands.

    Raises:
        StorageUnavailable: Storage does not tell.
    """
    published, told = published_store.read_published(), count_waiting(known, configuration, state, _MOST_COUNTED)
    return run_record.summarize(StatusInputs(state, configuration, published, told, now_us, settings().join_grace_us))
