"""A run of the trainer: finishes what the last run left, then joins, trains and publishes until nothing is left."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from threading import Event

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.scan import Tables
from shared.learner import work_folder
from shared.log.join import BEFORE_US
from shared.metrics.bins import Bin
from shared.models import current_export, published_store
from shared.models.published import Published
from shared.package_id import package_id
from shared.settings import settings
from shared.status.recent_counters import with_snapshot
from shared.status.run_record import LoopSummary, TrainingRun
from shared.storage import clock
from shared.storage.json_documents import UnreadableDocument
from shared.storage.storage_answers import BlobLeased
from shared.storage.this_storage import this_storage
from shared.storage_errors import StorageUnavailable
from shared.times import SECOND
from shared.training import lease, publication, time_slices
from shared.training.configuration_changes import apply_changes, new_state, note_settings
from shared.training.lease import LeaseLost, Trainer
from shared.training.mode_changes import is_return_ahead
from shared.training.training_state import LastRun, PackageRun, State
from shared.training.trouble import Subject
from train_timer import (
    damaged_log,
    earlier_start,
    expired_evaluations,
    mirror,
    missing_manifests,
    model_publication,
    model_retention,
    online_return,
    optimization_rounds,
    recounting,
    retention,
    run_log,
    trials,
)
from train_timer.attempts import Attempts
from train_timer.join_memory import JoinMemory
from train_timer.joiner import Joiner
from train_timer.learner_thread import Beside, LearnerThread
from train_timer.mirror import Mirror
from train_timer.model_steps import ModelSteps, publish
from train_timer.pieces import Pace
from train_timer.run_log import Recorder
from train_timer.run_time import RunTime, Work
from train_timer.turns import Step, Turns

_TIME_SECONDS = 240
"""So a run is over when the next one is to begin, which by default is after five minutes in Azure."""

_IN_TROUBLE = "something cannot be read or written; the status tells what, and what to do"

_log = logging.getLogger(__name__)


class Trainings:
    """The runs of the trainer in one process, and what they remember of one another.

    Args:
        pace: How much a run of the driver is given; by default, what `Pace` begins with.

    Attributes:
        join_memory: What the joins remember of one another.
        recorder: The recorder of runs.
        mirror: The copies of the log.
        pace: How fast the driver has learned.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self.join_memory = JoinMemory()
        self.recorder = Recorder()
        self.mirror = Mirror()

    def run(self, stop: Event) -> int | None:
        """Catch up with the intake, until nothing is left, the run's time is used, or `stop` is set.

        A second trainer ends quietly; so does a trainer whose lease another has taken. After a crash, the next run
        finishes its work.

        Returns:
            The moment before which no row is left to be joined, if the run had nothing to do and no model waits to be
            published; else None.
        """
        began, current = time.monotonic(), None
        try:
            trainer = lease.take(_first_state)
            if trainer is None:
                _log.info("another trainer is at work")
                return None
            try:
                with LearnerThread() as learner:
                    current = _Run(self, trainer, stop, learner)
                    current.go()
                    return current.done_up_to_us
            finally:
                trainer.release()
        except LeaseLost as lost:
            _log.warning("the run ends here: %s", lost)
            self._record_unfinished(current, began, str(lost))
        except (StorageUnavailable, UnreadableDocument, BlobLeased) as trouble:
            _log.error("the run ends here, the next one goes on: %s", trouble)
            self._record_unfinished(current, began, str(trouble))
        return None

    def _record_unfinished(self, current: "_Run | None", began: float, problem: str) -> None:
        run = current.done(problem) if current else _describe_failure(time.monotonic() - began, problem)
        self.recorder.record(run, lambda: None, idle=current is None or current.is_idle)


def _first_state() -> State:
    published = published_store.read_published()
    return new_state(configuration_store.read_configuration(), published)


def _describe_failure(seconds: float, problem: str) -> TrainingRun:
    """The record of a run that did not get to its first step; if storage has never told the time, it has the machine's.

    A record is a line in the log of the functions, and is compared with nothing.
    """
    storage_clock = this_storage().clock
    now_us = storage_clock.now_us() if storage_clock.has_answer else time.time_ns() // 1000
    return TrainingRun(now_us - round(seconds * SECOND), seconds, problem=problem)


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

    def __init__(self, process: Trainings, trainer: Trainer, stop: Event, learner: LearnerThread) -> None:
        self._process = process
        self._learner = learner
        self._trainer = trainer
        self._stop = stop
        self._clock = run_clock = _Clock(clock.now_us())
        self._time = RunTime(_TIME_SECONDS, lambda: run_clock.seconds)
        self._before = trainer.state
        self._sums = Bin(trainer.state.joined_up_to_us)
        self._attempts = Attempts(trainer, clock.now_us)
        self._configuration: Configuration | None = None
        self._published = Published()
        self._tables = Tables(())
        self._watermark_us: int | None = None

    def go(self) -> None:
        """Repeat the pass until a pass has nothing to do."""
        work_folder.tidy()
        finish = partial(model_publication.finish, self._trainer, self._clock.started_us)
        publish(self._trainer, self._attempts, finish)
        self._attempts.make(Subject.MANIFESTS, lambda: missing_manifests.make(self._trainer))
        self._attempts.make(Subject.OPTIMIZATION, lambda: trials.finish(self._trainer))
        while self._pass() and self._has_time():
            continue
        configuration = self._configuration
        if configuration is not None:
            self._note()
            started_us = self._clock.started_us
            self._attempts.make(
                Subject.OPTIMIZATION,
                lambda: optimization_rounds.go_on(self._trainer, configuration, started_us),
            )
            self._mirror(configuration)
        self._process.recorder.record(self.done(), self._summarize, idle=self.is_idle)

    @property
    def is_idle(self) -> bool:
        """Whether the run has left everything as it was."""
        return self._trainer.state == self._before

    @property
    def done_up_to_us(self) -> int | None:
        """As of `Trainings.run`."""
        state = self._trainer.state
        is_busy = state.troubles or state.next or state.intent or state.publishing or not state.rounds.is_settled
        is_counting = state.recount is not None and not state.recount.is_done
        if (
            is_busy
            or is_counting
            or mirror.is_behind(state)
            or not self.is_idle
            or publication.is_new(state, self._published)
        ):
            return None
        if self._watermark_us is None or self._configuration is None:
            return None
        frequency_us, wait_us = self._configuration.export_frequency_us, self._configuration.rewards.wait_us
        cell_us = time_slices.cell_us(frequency_us, wait_us)  # the part in which the watermark lies is not over
        return self._watermark_us - self._watermark_us % cell_us - BEFORE_US

    def done(self, problem: str | None = None) -> TrainingRun:
        """The record of the run so far."""
        state = self._trainer.state
        counted = state.counters.minus(self._before.counters)
        trouble = problem or (_IN_TROUBLE if state.troubles else None)
        return TrainingRun(self._clock.started_us, self._clock.seconds, counted, self._sums, trouble)

    def _pass(self) -> bool:
        """Join up to a new watermark, and learn the new log; False if nothing was joined and nothing is left."""
        now_us = clock.storage_clock().earliest_us()
        tables = self._tables = scan.list_tables()
        configuration = self._configuration = self._follow_settings()
        before = self._trainer.state
        watermark_us = now_us - configuration.rewards.wait_us - settings().join_grace_us
        self._watermark_us = watermark_us
        joiner = Joiner(self._trainer, tables, configuration, watermark_us, self._process.join_memory)
        turns = Turns(self._time, self._stop)
        beside = Beside(self._learner, turns.join)
        models = ModelSteps(self._trainer, self._attempts, configuration, self._published, self._process.pace, beside)
        steps: Mapping[Work, Step] = {
            Work.JOIN: partial(self._join, joiner),
            Work.CHALLENGER: models.train_challenger,
            Work.RUNNING: models.train_running,
            Work.NEXT: models.train_next,
        }
        try:
            is_unfinished = turns.take(steps)
        finally:
            joiner.close()
            self._sums = self._sums.plus(joiner.sums)
        self._follow_log(joiner, configuration)
        models.publish()
        publish(self._trainer, self._attempts, lambda: model_publication.announce(self._trainer, now_us))
        self._tidy(configuration, tables, now_us)
        return is_unfinished or self._trainer.state.joined_up_to_us > before.joined_up_to_us

    def _follow_log(self, joiner: Joiner, configuration: Configuration) -> None:
        """Do what follows from new log, each kind on its own."""
        self._attempts.make(Subject.PROFILE, joiner.save_profile)
        deleted = f"log deleted before {configuration.logs_deleted_before_us}"
        self._attempts.make(Subject.LAST_DAY, joiner.last_day.follow, deleted)
        recount = partial(recounting.go_on, self._trainer, configuration.logs_deleted_before_us)
        self._attempts.make(Subject.RECOUNT, recount)
        self._attempts.make(Subject.MARKS, joiner.marks.tidy)
        self._attempts.make(Subject.REWARDS, joiner.tidy_rewards)

    def _tidy(self, configuration: Configuration, tables: Tables, now_us: int) -> None:
        """Delete what is no longer needed, each kind on its own; then what was damaged may be gone."""
        trainer, attempts = self._trainer, self._attempts
        attempts.make(Subject.TABLES, lambda: retention.drop_tables(trainer, tables))
        attempts.make(Subject.METRICS, lambda: retention.archive_metrics(trainer))
        if retention.is_time_for_retention(trainer, configuration, now_us):
            attempts.make(Subject.EVALUATIONS, lambda: expired_evaluations.tidy(now_us))
            attempts.make(Subject.RETENTION, lambda: retention.apply_retention(trainer, configuration, now_us))
        if Subject.LOG in trainer.state.troubles:
            attempts.make(Subject.LOG, lambda: damaged_log.check(trainer, configuration.logs_deleted_before_us))

    def _follow_settings(self) -> Configuration:
        """Apply what was published and configured meanwhile."""
        published = self._attempts.make(Subject.EXPORT, current_export.update) or published_store.read_published()
        self._published = published
        configuration = self._spread_rows(configuration_store.read_configuration())
        self._follow(configuration, published)
        self._return_from_apprentice(configuration)
        mirror.steer(self._trainer, configuration)
        return configuration

    def _return_from_apprentice(self, configuration: Configuration) -> None:
        """Go on with the model from before an apprentice; until that succeeds, that one learns on in vain."""
        if not is_return_ahead(self._trainer.state, configuration):
            return
        resume = partial(online_return.resume, self._trainer, configuration, clock.now_us())
        if self._attempts.make(Subject.PUBLICATION, resume, f"return {configuration.revision}"):
            self._published = published_store.read_published()
            self._follow(configuration, self._published)

    def _follow(self, configuration: Configuration, published: Published) -> None:
        state = with_snapshot(apply_changes(self._trainer.state, configuration, published))
        run = PackageRun.after(state.package_run, package_id(), self._clock.started_us)
        self._trainer.commit(replace(note_settings(state, configuration, clock.now_us()), package_run=run))
        if (coming := earlier_start.find(self._trainer.state, published)) is not None:
            self._trainer.commit(replace(self._trainer.state, next=coming))

    def _spread_rows(self, configuration: Configuration) -> Configuration:
        """Announce another number of shards, if the deployment has another one."""
        shards, now_us = settings().shards, clock.now_us()
        if configuration.with_shards(shards, now_us) == configuration:
            return configuration
        return configuration_store.change_configuration(lambda stored: stored.with_shards(shards, now_us))

    def _join(self, joiner: Joiner) -> bool | None:
        self._attempts.make(Subject.MODEL_REWARDS, lambda: model_retention.archive_rewards(self._trainer))
        return self._attempts.make(Subject.JOIN, joiner.join_part)

    def _has_time(self) -> bool:
        return not self._stop.is_set() and not self._time.is_over

    def _mirror(self, configuration: Configuration) -> None:
        """Copy the log to the customer's container; a failure is known once the copies have ended."""
        copies, about = self._process.mirror, mirror.fingerprint(configuration.service.log_mirror_sas_uri)
        if self._attempts.is_time_for(Subject.MIRROR, about):
            copies.go_on(self._trainer)
        if copies.has_ended:
            self._attempts.make(Subject.MIRROR, lambda: copies.commit(self._trainer), about)
        else:
            copies.commit(self._trainer)

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
        note = LastRun.after(before.last_run, self._clock.started_us, clock.now_us(), joined, learned)
        self._trainer.commit(replace(state, last_run=note))
        _log.info("joined %s events, learned %s", joined, learned)
