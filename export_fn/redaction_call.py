"""One call of a redaction, which redacts as much as its time allows while the trainer pauses; blocking."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import IO

from export_fn.redaction_range import Rows, StoredEvents
from shared.configuration import configuration_store
from shared.errors import LoopError
from shared.intake import row_deletion
from shared.log import log_store, redaction_store
from shared.log.customer_container import ContainerFailed, CustomerContainer
from shared.log.exchange_slots_store import ExchangesBusy
from shared.log.log_store import OpenLog
from shared.log.manifest import LogBlob
from shared.log.redaction import EventTarget, Target, without_id
from shared.log.redaction_forms import Redaction
from shared.log.stored_lines import UnreadableLines
from shared.metrics import recent_store
from shared.models import published_store
from shared.status import profile_store
from shared.storage.storage_answers import ChangedMeanwhile
from shared.storage_errors import TrainerAtWork
from shared.training import collected_store, lease, shard_result_store
from shared.training.configuration_changes import new_state
from shared.training.lease import LeaseLost, Trainer
from shared.training.training_state import State

_SECONDS = 12.0
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.25

_log = logging.getLogger(__name__)


def redact(target: Target, from_us: int, to_us: int, note: Callable[[Redaction], None] = lambda _: None) -> Redaction:
    """Redact rows and log in the order of their time, as far as the time of one call reaches.

    In each range the rows are redacted first, so that what was removed from the log cannot become log again. After a
    call has ended, or died, the next call goes on from where the last answer says: redacting a range twice is harmless.

    Args:
        note: Is given what is done: nothing, before anything is, and all of it at the end.

    Raises:
        TrainerAtWork: The trainer did not pause.
    """
    until = time.monotonic() + _SECONDS
    with _pause_trainer() as trainer, ExitStack() as closing:
        work = _Work(trainer, target, closing)
        note(Redaction(next_us=from_us))
        work.remove_id()
        work.remove_waiting(from_us, to_us)
        reached_us = from_us
        for at_us, step in work.steps(from_us, to_us):
            if time.monotonic() > until and at_us > reached_us:
                work.done.next_us = at_us
                break
            work.redact(step)
            reached_us = max(reached_us, at_us)
        else:
            work.done.waiting, work.done.run_again_us = work.stored.count_waiting(target)
        note(work.done)
        return work.done


class _Work:
    """The steps of one call, and the counts of its answer."""

    def __init__(self, trainer: Trainer, target: Target, closing: ExitStack) -> None:
        """Take what pauses the trainer, what to redact, and what closes the customer's container in the end."""
        self.done = Redaction()
        self.stored = StoredEvents.read(trainer.state)
        self._trainer = trainer
        self._target = target
        self._closing = closing
        self._container: CustomerContainer | None = None
        self._copies_until = time.monotonic() + _SECONDS
        self._opened: Iterator[OpenLog] = iter(())

    def remove_id(self) -> None:
        """Remove the event's id from the references to models; what is known of features begins anew.

        No part is in progress, so results of shards are of parts that are log: they wait to be deleted, or came late.
        """
        profile_store.remove()
        shard_result_store.remove_all()
        self._trainer.commit(replace(self._trainer.state, recent=None))
        recent_store.remove_all()
        if isinstance(self._target, EventTarget):
            event_id = self._target.event_id
            self._trainer.commit(without_id(self._trainer.state, event_id))
            published_store.change_published(lambda published: without_id(published, event_id))

    def remove_waiting(self, from_us: int, to_us: int) -> None:
        """Remove what the event got from the rewards that wait, for the hours whose rows are deleted."""
        if isinstance(self._target, EventTarget):
            hours = row_deletion.whole_hours(from_us, to_us)
            collected_store.remove_event(self._trainer, self._target.event_id, *hours, self.stored.now_us)

    def steps(self, from_us: int, to_us: int) -> list[tuple[int, Rows | LogBlob]]:
        """The rows and log blobs to redact, by the moment at which they begin; at one moment, rows before log."""
        blobs = self.stored.list_blobs(from_us, to_us)
        self._opened = log_store.open_ahead(blobs)
        steps: list[tuple[int, Rows | LogBlob]] = [(blob.from_us, blob) for blob in blobs]
        steps += [(rows.from_us, rows) for rows in self.stored.list_rows(self._target, from_us, to_us)]
        return sorted(steps, key=lambda step: (step[0], isinstance(step[1], LogBlob)))

    def redact(self, step: Rows | LogBlob) -> None:
        """Redact the rows or the log blob of a step."""
        if isinstance(step, LogBlob):
            self._redact_blob(step, next(self._opened))
        elif isinstance(self._target, EventTarget):
            rows = self.stored.rows_of(self._target.event_id, step)
            gone = row_deletion.delete_rows(rows, step.table, step.from_us, step.to_us)
            self.done.removed_rows += gone

    def _redact_blob(self, blob: LogBlob, opened: OpenLog) -> None:
        redaction_store.settle(blob, self._trainer.check)
        try:
            if not redaction_store.holds(opened.file, self._target):
                return
            self._trainer.check()
            lines = redaction_store.redact(
                blob, self._target, self.stored.now_us, self._trainer.check, lambda file: self._copy(blob, file)
            )
        except UnreadableLines:
            _log.error("%s is damaged and cannot be redacted", blob.path)
            return
        self.done.changed_lines += lines.changed
        self.done.removed_lines += lines.removed
        self.done.blobs += bool(lines.changed or lines.removed)

    def _copy(self, blob: LogBlob, file: IO[bytes]) -> None:
        """Replace the customer's copy, if there is one; the log itself is redacted even if the copy cannot be."""
        if not self.stored.is_mirrored(blob):
            return
        try:
            self.done.mirrored += self._open_container().replace(blob.path, file)
        except (ContainerFailed, ExchangesBusy, _MirrorChanged):
            self._copies_until = 0.0  # a container that fails is not waited for once more
            self.done.not_mirrored.append(blob.path)

    def _open_container(self) -> CustomerContainer:
        if self._container is None:
            sas_uri = self.stored.configuration.service.log_mirror_sas_uri
            container = CustomerContainer(sas_uri, "logMirrorSasUri", self._check_mirror, _PATIENCE_SECONDS)
            self._container = self._closing.enter_context(container)
        self._check_mirror()
        return self._container

    def _check_mirror(self) -> None:
        """See that copies may still be replaced: there is time, and the mirror is as it was."""
        if time.monotonic() > self._copies_until or not self.stored.has_mirror_still():
            raise _MirrorChanged


class _MirrorChanged(LoopError):
    """There is no time for the mirror, or none any more."""


@contextmanager
def _pause_trainer() -> Iterator[Trainer]:
    """Hold the trainer's lease, so that no trainer works meanwhile.

    A part that a trainer has begun must be finished first: a suspended trainer would write the rows it has read. And
    a call that was suspended itself must not say that it is done: a trainer may have logged the rows meanwhile.

    Raises:
        TrainerAtWork: For some seconds, the lease was held, or a part was in progress; or the lease was lost meanwhile.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while (trainer := _idle()) is None:
        if time.monotonic() > until:
            raise TrainerAtWork
        time.sleep(_PAUSE_SECONDS)
    try:
        yield trainer
        trainer.check()
    except (LeaseLost, ChangedMeanwhile) as error:
        raise TrainerAtWork from error
    finally:
        trainer.release()


def _idle() -> Trainer | None:
    """The trainer's lease, if no part is in progress; else it is left alone, for a trainer has to finish the part."""
    state = lease.read_state()
    trainer = lease.take(_first_state) if state is None or state.intent is None else None
    if trainer is not None and trainer.state.intent is not None:
        trainer.release()
        return None
    return trainer


def _first_state() -> State:
    published = published_store.read_published()
    return new_state(configuration_store.read_configuration(), published)
