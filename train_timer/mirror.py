"""The mirror: copies the log to the customer's own container, blob by blob, after the work of the loop itself."""

import logging
import time
from dataclasses import replace

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.log import customer_copy, log_store, manifest_store
from shared.log.customer_copy import MirrorFailed
from shared.training.lease import Trainer

_SECONDS = 20
_PAUSE_SECONDS = 20
"""How long a container that failed is not tried again: nothing is learned while a run waits for it."""

_log = logging.getLogger(__name__)


def steer(trainer: Trainer, configuration: Configuration) -> None:
    """Begin the mirror with the log to come, or end it."""
    state = trainer.state
    if not configuration.service.log_mirror_enabled:
        trainer.commit(replace(state, mirrored_from_us=None, mirrored_up_to_us=None, mirror_problem=None))
    elif state.mirrored_up_to_us is None:
        position_us = state.joined_up_to_us
        trainer.commit(replace(state, mirrored_from_us=position_us, mirrored_up_to_us=position_us))


class Mirror:
    """The mirror of one process, which does not try a container that failed for a while."""

    def __init__(self) -> None:
        self._failed_sas_uri = ""
        self._failed_at = 0.0

    def copy(self, trainer: Trainer) -> None:
        """Copy the log since the last copy, for some seconds at most; later runs try again what failed.

        The position is committed after the copies were made: a blob may be copied twice, to the same bytes.
        """
        position_us = trainer.state.mirrored_up_to_us
        if position_us is None or position_us >= trainer.state.joined_up_to_us:
            return
        configuration = configuration_store.read_configuration()
        sas_uri = configuration.service.log_mirror_sas_uri
        if not configuration.service.log_mirror_enabled:
            return
        if self._failed_sas_uri == sas_uri and time.monotonic() < self._failed_at + _PAUSE_SECONDS:
            return
        _Copying(self, trainer, sas_uri, position_us).go(configuration.logs_deleted_before_us)

    def leave_alone(self, sas_uri: str) -> None:
        """Do not try a container for a while, for it has just failed."""
        self._failed_sas_uri, self._failed_at = sas_uri, time.monotonic()


class _Copying:
    """The copies of one run."""

    def __init__(self, mirror: Mirror, trainer: Trainer, sas_uri: str, position_us: int) -> None:
        self._mirror = mirror
        self._trainer = trainer
        self._sas_uri = sas_uri
        self._position_us = position_us
        self._until = time.monotonic() + _SECONDS

    def go(self, deleted_before_us: int) -> None:
        """Copy on from the position, and commit the new position, and the problem if a copy failed."""
        problem = None
        try:
            self._copy(deleted_before_us)
        except MirrorFailed as failed:
            problem = str(failed)
            self._mirror.leave_alone(self._sas_uri)
            _log.warning("log is not mirrored: %s", problem)
        state = replace(self._trainer.state, mirrored_up_to_us=self._position_us, mirror_problem=problem)
        self._trainer.commit(state)

    def _copy(self, deleted_before_us: int) -> None:
        joined_us = self._trainer.state.joined_up_to_us
        for blob in manifest_store.list_blobs(self._position_us, joined_us, deleted_before_us, reach_us=0):
            if time.monotonic() > self._until:
                return
            self._trainer.check()
            if blob.from_us >= self._position_us and (stored := log_store.read(blob)):
                customer_copy.put(self._sas_uri, blob.path, stored)
            self._position_us = max(self._position_us, blob.to_us)
        self._position_us = joined_us
