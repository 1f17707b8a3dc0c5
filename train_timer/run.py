"""A run of the trainer: finishes what the last run left, then joins, trains and publishes until nothing is left."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.scan import Tables
from shared.learner import work_folder
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.metrics.bins import Bin
from shared.models import current_export, published_store
from shared.models.model_store import DamagedModel
from shared.settings import settings
from shared.status.recent_counters import with_snapshot
from shared.status.run_record import LoopSummary, TrainingRun
from shared.storage import clock
from shared.storage_errors import StorageUnavailable
from shared.times import SECOND
from shared.training import lease
from shared.training.configuration_changes import apply_changes, new_state, promote_next
from shared.training.lease import LeaseLost, Trainer
from shared.training.training_state import LastRun, State
from train_timer import (
    mirror,
    missing_manifests,
    model_publication,
    model_training,
    optimization_rounds,
    retention,
    run_log,
)
from train_timer.joiner import Joiner
from train_timer.logged_ids import LoggedIds
from train_timer.mirror import Mirror
from train_timer.run_log import Recorder

_TIME_SECONDS = 300

_NOT_TRAINED = "the model cannot be trained or published; the status tells why"

_log = logging.getLogger(__name__)


class Trainings:
    """The runs of the trainer in one process, and what they remember of one another.

    Attributes:
        logged_ids: The marks of log that earlier runs read or wrote.
        recorder: The recorder of runs.
        mirror: The copies to the customer's container.
    """

    def __init__(self) -> None:
        self.logged_ids = LoggedIds()
        self.recorder = Recorder()
        self.mirror = Mirror()

    def run(self, stop: Event) -> None:
        """Catch up with the intake, until nothing is left, the run's time is used, or `stop` is set.

        A second trainer ends quietly; so does a trainer whose lease another has taken. After a crash, the next run
        finishes its work.
        """
        began, current = _Clock(clock.now_us()), None
        try:
            trainer = lease.take(_first_state)
            if trainer is None:
                _log.info("another trainer is at work")
                return
            try:
                current = _Run(self, trainer, stop)
                current.go()
            finally:
                trainer.release()
        except LeaseLost as lost:
            _log.warning("the run ends here: %s", lost)
            self._record_unfinished(current, began, str(lost))
        except StorageUnavailable as trouble:
            _log.error("the run ends here, the next one goes on: %s", trouble)
            self._record_unfinished(current, began, str(trouble))

    def _record_unfinished(self, current: "_Run | None", began: "_Clock", problem: str) -> None:
        run = current.done(problem) if current else TrainingRun(began.started_us, began.seconds, problem=problem)
        self.recorder.record(run, lambda: None, idle=current is None or current.is_idle)


def _first_state() -> State:
    published = published_store.read_published()
    return new_state(configuration_store.read_configuration(), published)


class _Clock:
    """When a run began, and how long it has been going on."""

    def __init__(self, started_us: int) -> None:
        self.started_us = started_us
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started


class _Run:
    """The steps of one run; each leaves a commit record from which another run can go on."""

    def __init__(self, process: Trainings, trainer: Trainer, stop: Event) -> None:
        self._process = process
        self._trainer = trainer
        self._stop = stop
        self._clock = _Clock(lease.storage_now_us())
        self._before = trainer.state
        self._sums = Bin(trainer.state.joined_up_to_us)
        self._configuration: Configuration | None = None
        self._tables = Tables(())

    def go(self) -> None:
        """Repeat the pass until a pass has nothing to do."""
        work_folder.tidy()
        with self._note_problem():
            model_publication.finish(self._trainer, self._clock.started_us)
        missing_manifests.make(self._trainer)
        while self._pass() and self._has_time():
            continue
        self._process.mirror.copy(self._trainer)
        self._note()
        if self._configuration is not None:
            optimization_rounds.start_round(self._trainer, self._configuration, self._clock.started_us)
        self._process.recorder.record(self.done(), self._summarize, idle=self.is_idle)

    @property
    def is_idle(self) -> bool:
        """Whether the run has left everything as it was."""
        return self._trainer.state == self._before

    def done(self, problem: str | None = None) -> TrainingRun:
        """The record of the run so far."""
        state = self._trainer.state
        counted = state.counters.minus(self._before.counters)
        trouble = problem or (_NOT_TRAINED if state.problem else None)
        return TrainingRun(self._clock.started_us, self._clock.seconds, counted, self._sums, trouble)

    def _pass(self) -> bool:
        """Join up to a new watermark, and learn the new log; False if nothing was joined."""
        now_us = lease.storage_now_us()
        tables = self._tables = scan.list_tables()
        configuration = self._configuration = self._follow_settings()
        before = self._trainer.state
        watermark_us = now_us - configuration.rewards.wait_us - settings().join_grace_us
        joiner = Joiner(self._trainer, tables, configuration, watermark_us, self._process.logged_ids)
        try:
            while joiner.join_part() and self._has_time():
                self._learn(configuration)
        finally:
            joiner.close()
            self._sums = self._sums.plus(joiner.sums)
        joiner.save_profile()
        self._learn(configuration)
        model_publication.announce(self._trainer)
        retention.drop_tables(self._trainer, tables)
        retention.archive_metrics(self._trainer)
        retention.apply_retention(self._trainer, configuration, now_us)
        return self._trainer.state.joined_up_to_us > before.joined_up_to_us

    def _follow_settings(self) -> Configuration:
        """Apply what was published and configured meanwhile."""
        published = current_export.update()
        configuration = configuration_store.read_configuration()
        self._trainer.commit(with_snapshot(apply_changes(self._trainer.state, configuration, published)))
        mirror.steer(self._trainer, configuration)
        return configuration

    def _learn(self, configuration: Configuration) -> None:
        """Train both models on the log, and publish when it is time; a problem of one model ends nothing else."""
        deleted_us = configuration.logs_deleted_before_us
        with self._note_problem():
            while model_training.train_running(self._trainer, deleted_us) and self._has_time():
                model_publication.publish(self._trainer, configuration, lease.storage_now_us())
        with self._note_problem():
            while model_training.train_next(self._trainer, deleted_us) and self._has_time():
                continue
        with self._note_problem():
            self._trainer.commit(promote_next(self._trainer.state))
            model_publication.publish(self._trainer, configuration, lease.storage_now_us())

    @contextmanager
    def _note_problem(self) -> Iterator[None]:
        """Commit why a model cannot be trained or published, for the status."""
        try:
            yield
        except (TrainingFailed, DamagedModel, InvalidLearningArguments) as problem:
            _log.error("the model cannot be trained: %s", problem)
            self._trainer.commit(replace(self._trainer.state, problem=str(problem)))

    def _has_time(self) -> bool:
        return not self._stop.is_set() and self._clock.seconds < _TIME_SECONDS

    def _summarize(self) -> LoopSummary | None:
        if self._configuration is None:
            return None
        now_us = self._clock.started_us + round(self._clock.seconds * SECOND)
        return run_log.summarize(self._trainer.state, self._configuration, self._tables, now_us)

    def _note(self) -> None:
        """Commit when this run was, if it did anything."""
        state, before = self._trainer.state, self._before
        joined = state.counters.events - before.counters.events
        learned = state.counters.learned - before.counters.learned
        if not joined and (state.running, state.next) == (before.running, before.next):
            return
        note = LastRun(self._clock.started_us, lease.storage_now_us(), joined, learned)
        self._trainer.commit(replace(state, last_run=note))
        _log.info("joined %s events, learned %s", joined, learned)
