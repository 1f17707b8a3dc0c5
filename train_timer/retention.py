"""Retention: deletes intake tables, log and models that are no longer needed."""

import logging
from dataclasses import replace
from itertools import groupby, islice

from shared.configuration.configuration import Configuration
from shared.intake.scan import Tables
from shared.log import log_listing_store, log_store, manifest_store
from shared.log.join import BEFORE_US
from shared.metrics import metrics_store, recent_store
from shared.metrics.recent import oldest_us
from shared.ranking.refused_ranks import delete_old_counts
from shared.storage.this_storage import tables as stored_tables
from shared.times import DAY, HOUR
from shared.training import shard_result_store
from shared.training.lease import Trainer
from train_timer import model_retention

_MOST_REMOVED = 1000
"""So many log blobs are deleted at once; the join comes in between."""

_log = logging.getLogger(__name__)


def drop_tables(trainer: Trainer, tables: Tables) -> None:
    """Drop the intake tables whose rows are all log, and which no later part will read again."""
    for table in tables.over(trainer.state.joined_up_to_us - BEFORE_US):
        stored_tables().drop(table.name)


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
    model_retention.remove_models(trainer, configuration, now_us)
    delete_old_counts(now_us)
    recent_store.remove_before(oldest_us(now_us))
    if trainer.state.intent is None:
        shard_result_store.remove_all()  # of a part that is log: its worker came late
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
