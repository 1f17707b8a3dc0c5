"""The training of models: each cursor learns the log that lies before it, piece by piece."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf
from pathlib import Path

from shared.learner import cpu, work_folder
from shared.learner.driver_process import DriverProcess
from shared.learner.training import TrainingResult
from shared.log.log_store import DamagedLog
from shared.log.manifest import LogBlob
from shared.models import model_store
from shared.models.model_description import ModelDescription
from shared.models.published import ModelFiles
from shared.training.cursor import BegunBlob, Counters, Cursor
from shared.training.lease import Trainer
from shared.training.training_state import State
from train_timer import damaged_log
from train_timer.driver_input import count_answered_otherwise, count_other_events
from train_timer.driver_run import NEW, OLD, PREDICTOR, DriverRun, PieceTooLarge, drive
from train_timer.learner_thread import Beside
from train_timer.log_ahead import LogAhead
from train_timer.pieces import Pace, Piece, choose_piece, is_begun

_MOST_TRIES = 2
"""How often a step tries to learn a piece: if the first takes too long, the second is as large as the first came."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Learned:
    """A cursor after a piece.

    Attributes:
        blob: The last log blob of the piece, whose part was learned to its end; None within a part.
        counters: The lines of that part by outcome; without meaning for more than one part.
    """

    cursor: Cursor
    blob: LogBlob | None
    counters: Counters


class ModelTraining:
    """The training of the models in a pass of a run, a piece of log at a time, each of them committed.

    Args:
        deleted_before_us: The configuration's `logs_deleted_before_us`.
        pace: What the driver runs of the process have shown.
        beside: Beside what the models learn; None for nothing, and a process of the driver for each piece.
    """

    def __init__(self, trainer: Trainer, deleted_before_us: int, pace: Pace, beside: Beside | None = None) -> None:
        self._trainer = trainer
        self._pace = pace
        self._beside = beside
        self._running_ahead, self._next_ahead, self._challenger_ahead = (LogAhead(deleted_before_us) for _ in range(3))

    def train_running(self) -> bool:
        """Let the model in use learn its next part of the log, or some lines of it; False if there is none.

        One step of other work goes on beside it: the join of a part, for the model's next step.
        """
        state = self._trainer.state
        cursor, tries = state.running, 0
        if cursor.learned_up_to_us < state.counted_up_to_us:
            return self._catch_up(cursor, self._running_ahead, state.counted_up_to_us, self._put_running, most_parts=1)
        while (piece := self._choose(cursor, self._running_ahead, most_parts=1)) is not None and tries < _MOST_TRIES:
            if (learned := self._try(cursor, piece, most_steps=1)) is not None:
                state = replace(self._trainer.state, running=learned.cursor)
                self._trainer.commit(_count(state, learned.blob, learned.counters) if learned.blob else state)
                return True
            tries += 1
        return piece is not None

    def train_next(self) -> bool:
        """Let the model that will replace the running model learn more; False if it has learned all log.

        Nothing is joined beside the last piece, behind which it does replace the running model.
        """
        state = self._trainer.state
        if state.next is None or state.next.learned_up_to_us >= state.joined_up_to_us:
            return False
        return self._catch_up(state.next, self._next_ahead, state.joined_up_to_us, self._put_next)

    def train_challenger(self) -> bool:
        """Let the challenger on trial learn more; False if there is none, or it has learned all log."""
        state = self._trainer.state
        if state.trial is None or state.trial.end is not None:
            return False
        challenger = state.trial.challenger
        if challenger.learned_up_to_us >= state.joined_up_to_us:
            return False
        return self._catch_up(challenger, self._challenger_ahead, state.joined_up_to_us, self._put_challenger)

    def _put_running(self, cursor: Cursor) -> None:
        self._trainer.commit(replace(self._trainer.state, running=cursor))

    def _put_next(self, cursor: Cursor) -> None:
        self._trainer.commit(replace(self._trainer.state, next=cursor))

    def _put_challenger(self, cursor: Cursor) -> None:
        state = self._trainer.state
        trial = replace(state.trial, challenger=cursor) if state.trial else None
        self._trainer.commit(replace(state, trial=trial))

    def _catch_up(
        self, cursor: Cursor, ahead: LogAhead, end_us: int, put: Callable[[Cursor], None], **bounds: int
    ) -> bool:
        """Let a model learn more of the log up to a position, without counting it; gives True.

        Blobs that hold nothing for the model are passed by: after a long time as an apprentice, those are most of them.
        """
        tries = 0
        while (piece := self._choose_behind(cursor, ahead, end_us, **bounds)) is not None and tries < _MOST_TRIES:
            most_steps = 0 if piece.reaches(end_us) else inf
            if (learned := self._try(cursor, piece, most_steps)) is not None:
                put(learned.cursor)
                return True
            tries += 1
        if piece is None:
            put(replace(cursor, learned_up_to_us=end_us, begun=None))
        return True

    def _choose_behind(self, cursor: Cursor, ahead: LogAhead, end_us: int, **bounds: int) -> Piece | None:
        blobs = (blob for blob in ahead.after(cursor.learned_up_to_us, end_us) if blob.events.get(cursor.kind))
        return choose_piece(cursor, blobs, self._pace, end_us=end_us, **bounds)

    def _choose(self, cursor: Cursor, ahead: LogAhead, **bounds: int) -> Piece | None:
        blobs = ahead.after(cursor.learned_up_to_us, self._trainer.state.joined_up_to_us)
        return choose_piece(cursor, blobs, self._pace, **bounds)

    def _try(self, cursor: Cursor, piece: Piece, most_steps: float) -> _Learned | None:
        """Learn a piece; None if the piece was too large, so that the next one is smaller, or has damaged log."""
        learn = partial(_learn_timed, cursor, piece, self._pace)
        try:
            learned, run, seconds = self._beside.learn(learn, most_steps) if self._beside else learn(None)
        except PieceTooLarge as trouble:
            _log.warning("%s lines of %s are too much: %s", piece.lines, piece.blobs[0].path, trouble.reason)
            self._pace.halve(cursor.arguments, trouble.size)
            return None
        except DamagedLog as damage:
            damaged_log.pass_over(self._trainer, damage)
            self._running_ahead.forget()
            self._next_ahead.forget()
            self._challenger_ahead.forget()
            return None
        for note in run.set_aside:  # in the thread of the run, whose log lines belong to the call
            _log.warning("%s", note)
        is_full = piece.is_full or not run.is_at_end
        self._pace.note_run(cursor.arguments, run.size, seconds, is_full=is_full)
        return learned


def _learn_timed(
    cursor: Cursor, piece: Piece, pace: Pace, driver: DriverProcess | None
) -> tuple[_Learned, DriverRun, float]:
    """As `_learn`, and how many seconds it took."""
    began = time.monotonic()
    learned, run = _learn(cursor, piece, pace, driver)
    return learned, run, time.monotonic() - began


def _learn(cursor: Cursor, piece: Piece, pace: Pace, driver: DriverProcess | None) -> tuple[_Learned, DriverRun]:
    """Run the driver over a piece, and store the model.

    Raises:
        PieceTooLarge: It took too long.
        DamagedLog: A log blob cannot be read.
        TrainingFailed: The driver failed, and not because of single lines.
    """
    begun = cursor.begun if is_begun(cursor, piece.blobs[0]) else None
    learner = replace(cursor, model=begun.model if begun else cursor.model, begun=None)
    with work_folder.folder() as name:
        folder = Path(name)
        if learner.model is not None:
            model_store.fetch(learner.model.state_blob, folder / OLD)
        run = drive(learner, piece, folder, pace.timeout, process=driver)
        model = _store(learner, piece, run, folder) if run.trained.learned else learner.model
    counters = _outcomes(run).plus(begun.counters if begun else Counters())
    if not run.is_at_end:
        return _Learned(_begin(cursor, piece.blobs[0], run.after_line, model, counters), None, counters), run
    passed_over, otherwise = (
        count(piece.blobs, cursor.kind) for count in (count_other_events, count_answered_otherwise)
    )
    counters = counters.plus(Counters(passed_over=passed_over, answered_otherwise=otherwise))
    if piece.next_blob is not None:
        return _Learned(_begin(cursor, piece.next_blob, 0, model, counters), None, counters), run
    moved = replace(learner, learned_up_to_us=piece.up_to_us, model=model)
    return _Learned(moved, piece.blobs[-1], counters), run


def _begin(cursor: Cursor, blob: LogBlob, lines: int, model: ModelFiles | None, counters: Counters) -> Cursor:
    """The cursor after the first lines of a part: those of a blob, and all of the blobs before it."""
    return replace(cursor, begun=BegunBlob(blob.path, blob.redacted, cursor.kind, lines, model, counters))


def _outcomes(run: DriverRun) -> Counters:
    trained = run.trained
    return Counters(
        learned=trained.learned,
        not_activated=trained.skipped,
        refused=trained.refused,
        quarantined=run.quarantined,
    )


def _count(state: State, blob: LogBlob, learned: Counters) -> State:
    """Count the part of a log blob once, however often models learn it.

    Pending events before the part will never be learned: they are counted as passed over.
    """
    if blob.to_us <= state.counted_up_to_us:
        return state
    kind, metrics = state.running.kind, state.metrics
    skipped = Counters(passed_over=metrics.outcomes(blob.from_us, kind, blob.from_us).passed_over)
    counters = state.counters.plus(learned).plus(skipped)
    metrics = metrics.settle(blob.from_us, kind, blob.from_us, learned.refused)
    return replace(state, counted_up_to_us=blob.to_us, counters=counters, metrics=metrics)


def _store(learner: Cursor, piece: Piece, run: DriverRun, folder: Path) -> ModelFiles:
    """Store the model after a piece, with its description."""
    is_at_end = run.is_at_end and piece.next_blob is None
    up_to_us = piece.up_to_us if is_at_end else piece.blobs[0].from_us
    state_blob, _ = model_store.store(folder / NEW, up_to_us, learner.revision)
    predictor_blob, _ = model_store.store(folder / PREDICTOR, up_to_us, learner.revision)
    events = learner.events + run.trained.learned
    first = learner.model.first_event_id if learner.model else run.trained.first_event_id
    last = run.trained.last_event_id
    model = ModelFiles.at(state_blob, predictor_blob, events, first, last, learner.learns_in)
    model_store.describe(state_blob, _description(learner, model, piece, run, up_to_us))
    return model


def _description(learner: Cursor, model: ModelFiles, piece: Piece, run: DriverRun, up_to_us: int) -> ModelDescription:
    """The description of a model, from the cursor before the run and the lines by outcome, without event ids."""
    is_whole = not piece.first_line and run.is_at_end
    return ModelDescription(
        predictor_blob=model.predictor_blob,
        arguments=learner.arguments,
        exploration=learner.exploration,
        rewards=learner.rewards,
        revision=learner.revision,
        learned_up_to_us=up_to_us,
        events=model.events,
        earlier_state=learner.model.state_blob if learner.model else None,
        logs=tuple(blob.path for blob in piece.blobs),
        lines=None if is_whole else (piece.first_line, run.after_line),
        left_out={path: tuple(sorted(places)) for path, places in run.left_out.items()},
        mode=learner.mode,
        processor=cpu.kind(),
        trained=_count_lines(run.trained),
        corrections=learner.corrections,
    )


def _count_lines(trained: TrainingResult) -> Mapping[str, int]:
    return {name: number for name, number in asdict(trained).items() if not name.endswith("_id")}
