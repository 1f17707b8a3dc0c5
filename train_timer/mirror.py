"""The mirror: copies the log to the customer's own container, part by part.

A thread copies, without the trainer's lease, so that a slow container holds no join up. A run commits what was copied,
where the log still has the same.
"""

import hashlib
import time
from concurrent.futures import Future
from dataclasses import replace
from itertools import groupby

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.errors import LoopError
from shared.log import manifest_store
from shared.log.customer_container import CustomerContainer
from shared.log.exchange_slots_store import ExchangesBusy
from shared.log.manifest import LogBlob
from shared.schedules import longest_pause_us
from shared.settings import settings
from shared.storage import loop_threads
from shared.storage.this_storage import blobs
from shared.times import SECOND
from shared.training import trouble
from shared.training.lease import Trainer
from shared.training.training_state import State
from shared.training.trouble import Subject

_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.05
_MOST_BLOBS = 1000
"""That are copied before a run commits them."""


class _NotWanted(LoopError):
    """The mirror was ended or changed meanwhile."""


def steer(trainer: Trainer, configuration: Configuration) -> None:
    """Begin the mirror with the log to come, or end it."""
    state = trainer.state
    if not configuration.service.log_mirror_enabled:
        troubles = trouble.without(state.troubles, Subject.MIRROR)
        trainer.commit(replace(state, mirrored_from_us=None, mirrored_up_to_us=None, troubles=troubles))
    elif state.mirrored_up_to_us is None:
        position_us = state.joined_up_to_us
        trainer.commit(replace(state, mirrored_from_us=position_us, mirrored_up_to_us=position_us))


def fingerprint(sas_uri: str) -> str:
    """What tells one address of a container from another, and tells no secret."""
    return hashlib.sha256(sas_uri.encode()).hexdigest()[:16]


def is_behind(state: State) -> bool:
    """Whether there is log that was not copied."""
    return state.mirrored_up_to_us is not None and state.mirrored_up_to_us < state.joined_up_to_us


class Mirror:
    """The copies of one loop's log by this process, which go on from one run of the trainer to the next."""

    def __init__(self) -> None:
        self._copying: tuple[_Copying, Future[None]] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether copies were begun, and have ended."""
        return self._copying is not None and self._copying[1].done()

    def go_on(self, trainer: Trainer) -> None:
        """Begin to copy the log since the last copy, unless that goes on; then wait for it for a few seconds."""
        state = trainer.state
        if self._copying is None and state.mirrored_up_to_us is not None and is_behind(state):
            configuration = configuration_store.read_configuration()
            copying = _Copying(configuration, state.mirrored_up_to_us, state.joined_up_to_us)
            self._copying = copying, loop_threads.begin(copying.go, "mirror")
        rest_seconds = longest_pause_us(settings().train_schedule) / SECOND
        until = time.monotonic() + min(_WAIT_SECONDS, rest_seconds / 2)
        while self._copying is not None and not self.has_ended and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)

    def commit(self, trainer: Trainer) -> None:
        """Commit what was copied up to now.

        Raises:
            ContainerFailed: The copies have ended, since the container cannot be written to.
        """
        if self._copying is None:
            return
        copying, future = self._copying
        has_ended = future.done()
        copying.commit(trainer)
        if has_ended:
            self._copying = None
            if (failure := future.exception()) is not None:
                raise failure


class _Copying:
    """Copies one blob after another; only `commit` is for the thread of the run."""

    def __init__(self, configuration: Configuration, from_us: int, to_us: int) -> None:
        self._sas_uri = configuration.service.log_mirror_sas_uri
        self._deleted_before_us = configuration.logs_deleted_before_us
        self._from_us, self._to_us = from_us, to_us
        self._committed_us = from_us
        self._copied: list[tuple[int, dict[str, str]]] = []
        """The ends of the parts that were copied, with the paths of their blobs and the ETags that these had."""
        self._number_committed = 0

    def go(self) -> None:
        """Copy until nothing is left, the mirror is changed, or an exchange fails."""
        blobs_left = _MOST_BLOBS
        listed = manifest_store.list_blobs(self._from_us, self._to_us, self._deleted_before_us, reach_us=0)
        try:
            with CustomerContainer(self._sas_uri, "logMirrorSasUri", self._check) as container:
                for (from_us, to_us), part in groupby(listed, key=lambda blob: (blob.from_us, blob.to_us)):
                    etags = (
                        {blob.path: self._copy(container, blob) for blob in part} if from_us >= self._from_us else {}
                    )
                    self._copied.append((to_us, etags))
                    blobs_left -= len(etags)
                    if blobs_left <= 0:
                        return
            self._copied.append((self._to_us, {}))
        except (_NotWanted, ExchangesBusy):
            return

    def _copy(self, container: CustomerContainer, blob: LogBlob) -> str:
        """Copy a blob; gives the ETag of what was copied, empty if there is nothing."""
        etag = ""

        def read() -> bytes | None:
            nonlocal etag
            stored = blobs().read(blob.path)
            etag = stored.etag if stored else ""
            return stored.data if stored else None

        container.copy(blob.path, read)
        return etag

    def _check(self) -> None:
        """See whether the mirror is still wanted."""
        service = configuration_store.read_configuration().service
        if not service.log_mirror_enabled or service.log_mirror_sas_uri != self._sas_uri:
            raise _NotWanted("the mirror was changed")

    def commit(self, trainer: Trainer) -> None:
        """Commit up to where parts were copied as they are.

        Only a redaction changes a part, and not while the trainer has the lease. A part that was changed since its copy
        is copied again.
        """
        if trainer.state.mirrored_up_to_us != self._committed_us:
            return  # the mirror was ended and started again meanwhile, or another process copies
        reached_us = self._committed_us
        for to_us, etags in self._copied[self._number_committed :]:
            trainer.check()
            if any((blobs().read_etag(path) or "") != etag for path, etag in etags.items()):
                break
            self._number_committed += 1
            reached_us = max(reached_us, to_us)
        trainer.commit(replace(trainer.state, mirrored_up_to_us=reached_us))
        self._committed_us = reached_us
