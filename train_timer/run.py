"""One run of the trainer: what the last one left, then join, train and publish until all is done."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.loop.configuration import Configuration
from shared.loop.training_state import LastRun, State, caught_up, new_state, steered
from shared.loop.trouble import StorageUnavailable
from shared.settings import settings
from shared.storage import documents, lease, scan
from shared.storage.lease import LeaseLost, Trainer
from shared.storage.models import DamagedModel
from train_timer import keeping, publishing, training, workplace
from train_timer.history import History
from train_timer.joining import Joiner

_TIME_SECONDS = 300

_log = logging.getLogger(__name__)
_history = History()


def run(stop: Event) -> None:
    """Catch up with the intake, until nothing is left, the run's time is used, or it is told to stop.

    A second trainer ends quietly; so does one that was overtaken. What a crash leaves, the next run finishes.
    """
    try:
        trainer = lease.take(_first_state)
        if trainer is None:
            _log.info("another trainer is at work")
            return
        try:
            _Run(trainer, stop).go()
        finally:
            trainer.release()
    except LeaseLost as lost:
        _log.warning("the run ends here: %s", lost)
    except StorageUnavailable as trouble:
        _log.error("the run ends here, the next one goes on: %s", trouble)


def _first_state() -> State:
    return new_state(documents.read_configuration(), documents.read_published())


class _Run:
    """The steps of one run; each leaves a commit record from which another run can go on."""

    def __init__(self, trainer: Trainer, stop: Event) -> None:
        self._trainer = trainer
        self._stop = stop
        self._started_us = lease.storage_now_us()
        self._started = time.monotonic()
        self._before = trainer.state

    def go(self) -> None:
        """Pass after pass, until one finds nothing to do."""
        workplace.tidy()
        with self._told():
            publishing.finish(self._trainer, self._started_us)
        while self._pass() and self._has_time():
            continue
        self._note()

    def _pass(self) -> bool:
        """Join up to a new watermark, and learn what came of it; False if there was nothing to do."""
        now_us = lease.storage_now_us()
        known = scan.tables()
        configuration = self._steer()
        before = self._trainer.state
        watermark_us = now_us - configuration.rewards.wait_us - settings().join_grace_us
        joiner = Joiner(self._trainer, known, configuration, watermark_us, _history)
        try:
            while joiner.join_part() and self._has_time():
                self._learn(configuration)
        finally:
            joiner.close()
        self._learn(configuration)
        publishing.announce(self._trainer)
        keeping.drop_tables(self._trainer, known)
        keeping.keep(self._trainer, configuration, now_us)
        return self._trainer.state.joined_up_to_us > before.joined_up_to_us

    def _steer(self) -> Configuration:
        """Obey what was published and configured meanwhile."""
        configuration, published = documents.read_configuration(), documents.read_published()
        if published.model is None:
            published = publishing.withdraw()
        self._trainer.commit(steered(self._trainer.state, configuration, published))
        return configuration

    def _learn(self, configuration: Configuration) -> None:
        """Train both models on what is in the log, and publish what is due; trouble of one ends nothing else."""
        deleted_us = configuration.logs_deleted_before_us
        with self._told():
            while training.train_running(self._trainer, deleted_us) and self._has_time():
                publishing.publish(self._trainer, configuration, lease.storage_now_us())
        with self._told():
            while training.train_next(self._trainer, deleted_us) and self._has_time():
                continue
        with self._told():
            self._trainer.commit(caught_up(self._trainer.state))
            publishing.publish(self._trainer, configuration, lease.storage_now_us())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Keep why a model cannot be trained or published, for the status."""
        try:
            yield
        except (TrainingFailed, DamagedModel, InvalidLearningArguments) as problem:
            _log.error("the model cannot be trained: %s", problem)
            self._trainer.commit(replace(self._trainer.state, problem=str(problem)))

    def _has_time(self) -> bool:
        return not self._stop.is_set() and time.monotonic() - self._started < _TIME_SECONDS

    def _note(self) -> None:
        """Keep when this run was, if it did anything."""
        state, before = self._trainer.state, self._before
        joined = state.counters.events - before.counters.events
        learned = state.counters.learned - before.counters.learned
        if not joined and (state.running, state.next) == (before.running, before.next):
            return
        note = LastRun(self._started_us, lease.storage_now_us(), joined, learned)
        self._trainer.commit(replace(state, last_run=note))
        _log.info("joined %s events, learned %s", joined, learned)
