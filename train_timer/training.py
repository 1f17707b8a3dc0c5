"""Log becomes models: each cursor learns the log that lies before it."""

import gzip
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

from shared.learner import training
from shared.learner.arguments import parse
from shared.learner.training import Trained, TrainingFailed
from shared.loop.times import DAY, to_iso
from shared.loop.training_state import Counters, Cursor, State, StoredModel
from shared.storage import logs, models
from shared.storage.lease import Trainer
from shared.storage.logs import LogBlob
from train_timer import workplace
from train_timer.feeding import Feed

_TIMEOUT = timedelta(minutes=8)
_OLD, _NEW, _PREDICTOR = "old.vw", "new.vw", "predictor.vw"

_log = logging.getLogger(__name__)


def train_running(trainer: Trainer, deleted_before_us: int) -> bool:
    """Let the model in use learn its next part of the log; False if there is none."""
    state = trainer.state
    blob = next(iter(_ahead(state.running, state.joined_up_to_us, deleted_before_us)), None)
    if blob is None:
        return False
    cursor, trained = _learn(state.running, [blob], blob.to_us)
    trainer.commit(_counted(replace(state, running=cursor, problem=None), blob.to_us, trained))
    return True


def train_next(trainer: Trainer, deleted_before_us: int) -> bool:
    """Let the model that shall take over learn its next day of the log; False if it has caught up."""
    state = trainer.state
    if state.next is None or state.next.learned_up_to_us >= state.joined_up_to_us:
        return False
    found = list(_ahead(state.next, state.joined_up_to_us, deleted_before_us))
    day = [blob for blob in found if blob.from_us // DAY == found[0].from_us // DAY]
    up_to_us = day[-1].to_us if len(day) < len(found) else state.joined_up_to_us
    cursor = _learn(state.next, day, up_to_us)[0] if day else replace(state.next, learned_up_to_us=up_to_us)
    trainer.commit(replace(state, next=cursor, problem=None))
    return True


def _ahead(cursor: Cursor, joined_up_to_us: int, deleted_before_us: int) -> Iterator[LogBlob]:
    """The log that a cursor has not learned yet."""
    for blob in logs.listed(cursor.learned_up_to_us, joined_up_to_us, deleted_before_us):
        if blob.from_us >= cursor.learned_up_to_us:
            yield blob


def _counted(state: State, up_to_us: int, trained: Trained) -> State:
    """Each stretch of log counts once, however often models learn it."""
    if up_to_us <= state.counted_up_to_us:
        return state
    counted = Counters(learned=trained.learned, not_activated=trained.skipped, refused=trained.refused)
    return replace(state, counted_up_to_us=up_to_us, counters=state.counters.plus(counted))


def _learn(cursor: Cursor, blobs: Sequence[LogBlob], up_to_us: int) -> tuple[Cursor, Trained]:
    """One run of the driver over whole log blobs, and what came of it in storage.

    Raises:
        TrainingFailed: The driver failed, and not because of single lines.
    """
    with workplace.folder() as name:
        folder = Path(name)
        trained = _drive(cursor, blobs, folder)
        moved = replace(cursor, learned_up_to_us=up_to_us)
        if trained.learned == 0:
            return moved, trained
        state_blob, state_sha256 = models.store(folder / _NEW, up_to_us, cursor.revision)
        predictor_blob, sha256 = models.store(folder / _PREDICTOR, up_to_us, cursor.revision)
        model = StoredModel(state_blob, state_sha256, predictor_blob, sha256, cursor.events + trained.learned)
        models.describe(state_blob, _told(cursor, model, blobs, trained, up_to_us))
        return replace(moved, model=model), trained


def _drive(cursor: Cursor, blobs: Sequence[LogBlob], folder: Path) -> Trained:
    """Train on all lines; those that Vowpal Wabbit refuses, or fails at, are set aside, and the rest is trained on."""
    if cursor.model is not None:
        models.fetch(cursor.model.state_blob, folder / _OLD)
    feed = Feed(blobs, cursor.rewards, folder)
    try:
        trained = _train(cursor, feed, folder)
        if trained.refused or trained.lines != feed.lines:
            trained = replace(trained, refused=_set_aside(cursor, blobs))
    except TrainingFailed:
        refused = _set_aside(cursor, blobs)
        if not refused:
            raise
        feed = Feed(blobs, cursor.rewards, folder, without_refused=True)
        trained = _train(cursor, feed, folder)
        feed.lines, trained = feed.lines + refused, replace(trained, refused=refused)
    if trained.lines != feed.lines:
        raise TrainingFailed(f"{feed.lines} lines of log were given to the driver, but it tells of {trained.lines}")
    return trained


def _train(cursor: Cursor, feed: Feed, folder: Path) -> Trained:
    """Go on from the cursor's model, or begin an empty one with its learning arguments."""
    begin = parse(cursor.arguments).with_epsilon(cursor.exploration) if cursor.model is None else None
    with feed:
        return training.train(
            feed.path,
            folder / _NEW,
            arguments=begin,
            old_state=folder / _OLD if cursor.model else None,
            predictor=folder / _PREDICTOR,
            timeout=_TIMEOUT,
        )


def _set_aside(cursor: Cursor, blobs: Sequence[LogBlob]) -> int:
    """Find the lines that Vowpal Wabbit refuses, and keep them with the reasons; gives their number."""
    arguments = parse(cursor.arguments).with_epsilon(cursor.exploration)
    return sum(len(logs.refused(blob)) or _set_aside_of(blob, arguments) for blob in blobs)


def _set_aside_of(blob: LogBlob, arguments: Sequence[str]) -> int:
    stored = logs.read(blob)
    lines = gzip.decompress(stored).splitlines() if stored else []
    found = training.refused_lines(lines, arguments=arguments)
    for line in found:
        _log.warning("a line of %s cannot be learned from and is set aside: %s", blob.path, line.reason)
    told = [
        {"line": one.index, "reason": one.reason, "text": lines[one.index].decode(errors="replace")} for one in found
    ]
    if told:
        logs.set_aside(blob, b"".join(json.dumps(one).encode() + b"\n" for one in told))
    return len(told)


def _told(
    cursor: Cursor, model: StoredModel, blobs: Sequence[LogBlob], trained: Trained, up_to_us: int
) -> dict[str, object]:
    """What is kept beside a model: how to make it again, and from what it was made."""
    return {
        "arguments": cursor.arguments,
        "exploration": cursor.exploration,
        "rewards": asdict(cursor.rewards),
        "revision": cursor.revision,
        "learnedUpTo": to_iso(up_to_us),
        "events": model.events,
        "predictor": model.predictor_blob,
        "lineage": {"state": cursor.model.state_blob if cursor.model else None, "logs": [blob.path for blob in blobs]},
        "trained": asdict(trained),
    }
