"""The training of models: each cursor learns the log that lies before it."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from shared.learner import cpu, training, work_folder
from shared.learner.arguments import parse
from shared.learner.training import TrainingFailed, TrainingResult
from shared.log import log_line, log_store, manifest_store
from shared.log.log_store import DamagedLog
from shared.log.manifest import LogBlob
from shared.models import model_store
from shared.models.model_description import ModelDescription
from shared.models.published import ModelFiles
from shared.times import DAY
from shared.training.lease import Trainer
from shared.training.training_state import Counters, Cursor, State
from train_timer.driver_input import Feed

_TIMEOUT = timedelta(minutes=8)
OLD, NEW, PREDICTOR = "old.vw", "new.vw", "predictor.vw"
"""The files of a driver run: the training state before the run and after it, and the predictor made from the latter."""

_log = logging.getLogger(__name__)


def train_running(trainer: Trainer, deleted_before_us: int) -> bool:
    """Let the model in use learn its next log blob; False if there is none."""
    state = trainer.state
    blob = next(iter(_log_ahead(state.running, state.joined_up_to_us, deleted_before_us)), None)
    if blob is None:
        return False
    with _pass_over_damage(trainer):
        cursor, learned = _learn(state.running, [blob], blob.to_us)
        trainer.commit(_count(replace(state, running=cursor, problem=None), blob, learned))
    return True


def train_next(trainer: Trainer, deleted_before_us: int) -> bool:
    """Let the model that will replace the running model learn its next day of log; False if it has learned all log."""
    state = trainer.state
    if state.next is None or state.next.learned_up_to_us >= state.joined_up_to_us:
        return False
    days = groupby(_log_ahead(state.next, state.joined_up_to_us, deleted_before_us), lambda blob: blob.from_us // DAY)
    day = list(next(days, (0, ()))[1])
    is_last = next(days, None) is None
    up_to_us = state.joined_up_to_us if is_last else day[-1].to_us
    with _pass_over_damage(trainer):
        cursor = _learn(state.next, day, up_to_us)[0] if day else replace(state.next, learned_up_to_us=up_to_us)
        trainer.commit(replace(state, next=cursor, problem=None))
    return True


@contextmanager
def _pass_over_damage(trainer: Trainer) -> Iterator[None]:
    """Where a log blob proves to be damaged, note that in the manifest, so that nothing reads the blob again."""
    try:
        yield
    except DamagedLog as damage:
        _log.error("log is passed over: %s", damage)
        manifest_store.put(damage.blob, trainer.check)


def _log_ahead(cursor: Cursor, joined_up_to_us: int, deleted_before_us: int) -> Iterator[LogBlob]:
    """The log that a cursor has not learned yet."""
    for blob in manifest_store.list_blobs(cursor.learned_up_to_us, joined_up_to_us, deleted_before_us, reach_us=0):
        if blob.from_us >= cursor.learned_up_to_us:
            yield blob


def _count(state: State, blob: LogBlob, learned: Counters) -> State:
    """Count a log blob once, however often models learn it.

    Pending events before the blob will never be learned: they are counted as passed over.
    """
    if blob.to_us <= state.counted_up_to_us:
        return state
    kind, metrics = state.running.kind, state.metrics
    skipped = Counters(passed_over=metrics.outcomes(blob.from_us, kind, blob.from_us).passed_over)
    counters = state.counters.plus(learned).plus(skipped)
    metrics = metrics.settle(blob.from_us, kind, blob.from_us, learned.refused)
    return replace(state, counted_up_to_us=blob.to_us, counters=counters, metrics=metrics)


def _learn(cursor: Cursor, blobs: Sequence[LogBlob], up_to_us: int) -> tuple[Cursor, Counters]:
    """Run the driver over whole log blobs, and store the model; gives the cursor after them, and the lines by outcome.

    Raises:
        TrainingFailed: The driver failed, and not because of single lines.
    """
    with work_folder.folder() as name:
        folder = Path(name)
        if cursor.model is not None:
            model_store.fetch(cursor.model.state_blob, folder / OLD)
        trained, passed_over = drive(cursor, blobs, folder)
        counted = Counters(
            learned=trained.learned,
            not_activated=trained.skipped,
            refused=trained.refused,
            passed_over=passed_over,
        )
        moved = replace(cursor, learned_up_to_us=up_to_us)
        if trained.learned == 0:
            return moved, counted
        state_blob, _ = model_store.store(folder / NEW, up_to_us, cursor.revision)
        predictor_blob, _ = model_store.store(folder / PREDICTOR, up_to_us, cursor.revision)
        events = cursor.events + trained.learned
        first = cursor.model.first_event_id if cursor.model else trained.first_event_id
        model = ModelFiles.at(state_blob, predictor_blob, events, first, trained.last_event_id)
        model_store.describe(state_blob, _description(cursor, model, blobs, trained, up_to_us))
        return replace(moved, model=model), counted


def drive(cursor: Cursor, blobs: Sequence[LogBlob], folder: Path) -> tuple[TrainingResult, int]:
    """Train on all lines, without those that Vowpal Wabbit refuses or fails at, which are set aside.

    Args:
        folder: Holds the training state of the cursor's model, if it has one; the new files go there.

    Returns:
        The lines by outcome, and how many events are of another kind than the model's.

    Raises:
        TrainingFailed: The driver failed, and not because of single lines.
    """
    feed = Feed(blobs, cursor, folder)
    try:
        trained = _train(cursor, feed, folder)
        if trained.refused or trained.lines != feed.lines:
            trained = replace(trained, refused=_set_aside(cursor, blobs))
    except TrainingFailed:
        refused = _set_aside(cursor, blobs)
        if not refused:
            raise
        feed = Feed(blobs, cursor, folder, without_refused=True)
        trained = _train(cursor, feed, folder)
        feed.lines, trained = feed.lines + refused, replace(trained, refused=refused)
    if trained.lines != feed.lines:
        raise TrainingFailed(f"{feed.lines} lines of log were given to the driver, but it tells of {trained.lines}")
    return trained, feed.passed_over


def _train(cursor: Cursor, feed: Feed, folder: Path) -> TrainingResult:
    """Go on from the cursor's model, or begin an empty model with its learning arguments."""
    begin = parse(cursor.arguments).with_epsilon(cursor.exploration) if cursor.model is None else None
    with feed:
        return training.train(
            feed.path,
            folder / NEW,
            arguments=begin,
            old_state=folder / OLD if cursor.model else None,
            predictor=folder / PREDICTOR,
            timeout=_TIMEOUT,
        )


def _set_aside(cursor: Cursor, blobs: Sequence[LogBlob]) -> int:
    """Find the lines that Vowpal Wabbit refuses, and store them with the reasons; gives their number."""
    arguments = parse(cursor.arguments).with_epsilon(cursor.exploration)
    return sum(
        len(log_store.read_refused_places(blob, cursor.kind)) or _set_aside_of(blob, cursor.kind, arguments)
        for blob in blobs
    )


def _set_aside_of(blob: LogBlob, kind: str, arguments: Sequence[str]) -> int:
    lines = log_store.lines(blob)
    places = [place for place, line in enumerate(lines) if log_line.kind(line) in (kind, None)]
    records = []
    for refusal in training.find_refused_lines([lines[place] for place in places], arguments=arguments):
        _log.warning("a line of %s cannot be learned from and is set aside: %s", blob.path, refusal.reason)
        place = places[refusal.index]
        records.append({"line": place, "reason": refusal.reason, "text": lines[place].decode(errors="replace")})
    if records:
        log_store.store_refused(blob, kind, b"".join(json.dumps(record).encode() + b"\n" for record in records))
    return len(records)


def _description(
    cursor: Cursor, model: ModelFiles, blobs: Sequence[LogBlob], trained: TrainingResult, up_to_us: int
) -> ModelDescription:
    """The description of a model, from the cursor before the run and the lines by outcome, without event ids."""
    return ModelDescription(
        predictor_blob=model.predictor_blob,
        arguments=cursor.arguments,
        exploration=cursor.exploration,
        rewards=cursor.rewards,
        revision=cursor.revision,
        learned_up_to_us=up_to_us,
        events=model.events,
        earlier_state=cursor.model.state_blob if cursor.model else None,
        logs=tuple(blob.path for blob in blobs),
        mode=cursor.mode,
        processor=cpu.kind(),
        trained={name: number for name, number in asdict(trained).items() if not name.endswith("_id")},
    )
