"""Retention: deletes intake tables, log and models that are no longer needed."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby, islice

from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.scan import Tables
from shared.log import log_listing_store, log_store, manifest_store
from shared.log.join import BEFORE_US
from shared.metrics import metrics_store
from shared.models import model_store, published_store, reference_store
from shared.models.model_store import ModelBlob
from shared.models.published import ModelReference, position_of
from shared.models.reference_store import StoredReference
from shared.ranking.refused_ranks import delete_old_counts
from shared.times import DAY, HOUR
from shared.training.lease import Trainer
from shared.training.training_state import State

_MOST_REMOVED = 1000
"""So many log blobs are deleted at once; the join comes in between."""

_log = logging.getLogger(__name__)


def drop_tables(trainer: Trainer, tables: Tables) -> None:
    """Drop the intake tables whose rows are all log, and which no later part will read again."""
    for table in tables.over(trainer.state.joined_up_to_us - BEFORE_US):
        scan.drop_table(table)


def is_time_for_retention(trainer: Trainer, configuration: Configuration, now_us: int) -> bool:
    """Whether to look for what is too old: once an hour, and at once after the log was deleted."""
    last_us = trainer.state.retention_at_us
    return now_us >= last_us + HOUR or last_us < configuration.logs_deleted_before_us


def apply_retention(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Delete log and models that are too old.

    What another trainer has changed since it was listed stays, even if this one has slept in between. If there is more
    log to delete than one call deletes, the next call goes on.

    Raises:
        LeaseLost: This trainer has lost its lease, and cannot know any more what is needed.
    """
    if not _remove_logs(trainer, configuration, now_us):
        return
    _remove_models(trainer, configuration, now_us)
    delete_old_counts(now_us)
    trainer.commit(replace(trainer.state, retention_at_us=now_us))


def archive_metrics(trainer: Trainer) -> None:
    """Move the metrics of finished days from the commit record to blobs, one a day.

    Nothing is added to a finished day any more, so every write of its blob writes the same bytes.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    state = trainer.state
    finished = state.metrics.whole_days(state.joined_up_to_us)
    if not finished:
        return
    for day_us, day in finished.items():
        trainer.check()
        metrics_store.write(day_us, day)
    trainer.commit(replace(state, metrics=state.metrics.without(finished)))


def _remove_logs(trainer: Trainer, configuration: Configuration, now_us: int) -> bool:
    """Delete log that is too old, the oldest first; False if there is more to delete.

    What is deleted is taken from storage's own list, of which only as much is read as is deleted: so nothing that a
    crash has left, or a trainer that woke up has written late, stays for ever. Manifests forget a log blob before it is
    deleted, and are deleted when their blobs are.
    """
    retention_us = configuration.retention_us
    oldest_us = 0 if retention_us is None else now_us - retention_us
    gone_us = min(max(oldest_us, configuration.logs_deleted_before_us), trainer.state.joined_up_to_us)
    stored = list(islice(log_listing_store.list_all(_MOST_REMOVED + 1), _MOST_REMOVED + 1))
    going = [log for log in stored[:_MOST_REMOVED] if log.to_us <= gone_us]
    for day, listed in groupby(going, lambda log: log.from_us // DAY):
        of_day = list(listed)
        manifest_store.remove(day * DAY, [log.path for log in of_day], trainer.check)
        trainer.check()
        log_store.remove(of_day)
    if len(going) == _MOST_REMOVED:
        return False
    oldest = next((log.from_us for log in stored if log.to_us > gone_us), None)
    manifest_store.forget_before(oldest, trainer.check)
    return True


def _remove_models(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Delete models that are too old, and then the references to them.

    Models are listed first, then references, and what is published last: a model that is published again meanwhile is
    either found, or has another ETag by then.
    """
    models, references = list(model_store.list_blobs()), reference_store.list_all()
    published, retention_us = published_store.read_published(), configuration.retention_us
    going = select_superseded_references(references, retention_us, now_us)
    staying = [reference for reference in references if reference not in going]
    named = _name_blobs(trainer.state, [*published.models, *_read_old(staying, now_us)])
    for model in select_superseded(models, retention_us, now_us):
        if model.path not in named:
            trainer.check()
            model_store.remove(model)
    for reference in going:
        trainer.check()
        reference_store.remove(reference)


def select_superseded(stored: Iterable[ModelBlob], retention_us: int | None, now_us: int) -> list[ModelBlob]:
    """The models no longer needed: all but those of the last day, and the last of each day within the retention.

    Descriptions stay for the whole retention, so that every model can still be made again.
    """
    models_of_day: dict[int, list[ModelBlob]] = {}
    for model in stored:
        if model.position_us < now_us - DAY:
            models_of_day.setdefault(model.position_us // DAY, []).append(model)
    going: list[ModelBlob] = []
    for day, models in models_of_day.items():
        last_us = max(model.position_us for model in models)
        is_old = retention_us is not None and (day + 1) * DAY < now_us - retention_us
        going.extend(model for model in models if is_old or (model.position_us < last_us and not model.is_description))
    return going


def select_superseded_references(
    stored: Iterable[StoredReference], retention_us: int | None, now_us: int
) -> set[StoredReference]:
    """The references no longer needed: all but those of the last day, and the last of each day within the retention."""
    going, days_seen = set[StoredReference](), set[int]()
    for reference in sorted(stored, key=lambda each: each.since_us, reverse=True):
        day = reference.since_us // DAY
        is_old = retention_us is not None and (day + 1) * DAY < now_us - retention_us
        if is_old or (day in days_seen and reference.since_us < now_us - DAY):
            going.add(reference)
        days_seen.add(day)
    return going


def _read_old(references: Iterable[StoredReference], now_us: int) -> Iterable[ModelReference]:
    """The references to models whose blobs are more than a day old; younger blobs stay in any case."""
    old = [reference for reference in references if position_of(reference.model_id) < now_us - DAY]
    return reference_store.read(old).values()


def _name_blobs(state: State, references: Iterable[ModelReference]) -> set[str]:
    """The paths of the model blobs that the commit record or a reference names, with their descriptions."""
    cursors = [cursor for cursor in (state.running, state.next) if cursor is not None]
    references = [*references, *([] if state.publishing is None else [state.publishing])]
    models = [cursor.model for cursor in cursors if cursor.model is not None] + [model.files for model in references]
    models += [cursor.begun.model for cursor in cursors if cursor.begun is not None and cursor.begun.model is not None]
    named = {path for model in models for path in model.paths}
    return named | {model_store.description_path(path) for path in named}
