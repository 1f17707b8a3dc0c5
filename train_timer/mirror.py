"""The mirror: copies the log to the customer's own container, part by part, after the work of the loop itself."""

import hashlib
import time
from dataclasses import replace
from functools import partial
from itertools import groupby

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.log import customer_copy, log_store, manifest_store
from shared.training import trouble
from shared.training.lease import Trainer
from shared.training.trouble import Subject

_SECONDS = 20


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


def copy(trainer: Trainer) -> None:
    """Copy the log since the last copy, for some seconds at most; later runs go on.

    The position is committed after the copies were made: a blob may be copied twice.

    Raises:
        ContainerFailed: The container cannot be written to; what was copied is committed.
    """
    position_us = trainer.state.mirrored_up_to_us
    if position_us is None or position_us >= trainer.state.joined_up_to_us:
        return
    configuration = configuration_store.read_configuration()
    if configuration.service.log_mirror_enabled:
        _Copying(trainer, configuration.service.log_mirror_sas_uri, position_us).go(
            configuration.logs_deleted_before_us
        )


class _Copying:
    """The copies of one run."""

    def __init__(self, trainer: Trainer, sas_uri: str, position_us: int) -> None:
        self._trainer = trainer
        self._sas_uri = sas_uri
        self._position_us = position_us
        self._until = time.monotonic() + _SECONDS

    def go(self, deleted_before_us: int) -> None:
        """Copy on from the position, and commit the new position, also if a copy failed."""
        try:
            self._copy(deleted_before_us)
        finally:
            self._trainer.commit(replace(self._trainer.state, mirrored_up_to_us=self._position_us))

    def _copy(self, deleted_before_us: int) -> None:
        joined_us = self._trainer.state.joined_up_to_us
        blobs = manifest_store.list_blobs(self._position_us, joined_us, deleted_before_us, reach_us=0)
        for (from_us, to_us), part in groupby(blobs, key=lambda blob: (blob.from_us, blob.to_us)):
            if time.monotonic() > self._until:
                return
            for blob in part:
                self._trainer.check()
                if from_us >= self._position_us:
                    customer_copy.put(self._sas_uri, blob.path, partial(log_store.read, blob))
            self._position_us = max(self._position_us, to_us)
        self._position_us = joined_us
