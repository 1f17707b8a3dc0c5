"""Attempts: what fails in a run is recorded, bypassed, and tried again by later runs with growing pauses."""

import logging
from collections.abc import Callable
from dataclasses import replace

from shared.errors import LoopError
from shared.storage_errors import StorageUnavailable
from shared.training import trouble
from shared.training.lease import LeaseLost, Trainer
from shared.training.trouble import Subject

_log = logging.getLogger(__name__)


class Attempts:
    """The attempts of one run.

    Args:
        now_us: Gives storage's time.
    """

    def __init__(self, trainer: Trainer, now_us: Callable[[], int]) -> None:
        self._trainer = trainer
        self._now_us = now_us

    def is_time_for(self, subject: Subject, about: str = "") -> bool:
        """Whether something may be tried: it has not failed, or the pause after its failure is over."""
        troubles = self._trainer.state.troubles
        return subject not in troubles or trouble.may_be_tried(troubles[subject], about, self._now_us())

    def make[Result](self, subject: Subject, action: Callable[[], Result], about: str = "") -> Result | None:
        """Try something, unless it pauses, and give its result; None if it pauses or failed.

        If all of storage is away, the failure cannot be committed either, and the run ends.

        Args:
            about: What it is tried with: with something else than last time it is tried at once.

        Raises:
            LeaseLost: Another trainer has taken over.
            StorageUnavailable: Storage did not answer, and the failure could not be committed, or the join needs it.
        """
        if not self.is_time_for(subject, about):
            return None
        try:
            result = action()
        except LeaseLost:
            raise
        except Exception as error:
            if subject is Subject.JOIN and isinstance(error, StorageUnavailable):
                raise
            self.fail(subject, _explain(error), about)
            return None
        self.succeed(subject)
        return result

    def fail(self, subject: Subject, reason: str, about: str = "") -> None:
        """Record why something could not be done."""
        _log.warning("%s: %s", subject, reason)
        state = self._trainer.state
        troubles = trouble.with_failure(state.troubles, subject, reason, about, self._now_us())
        self._trainer.commit(replace(state, troubles=troubles))

    def succeed(self, subject: Subject) -> None:
        """Record that there is no trouble any more."""
        state = self._trainer.state
        if subject in state.troubles:
            self._trainer.commit(replace(state, troubles=trouble.without(state.troubles, subject)))


def _explain(error: Exception) -> str:
    """The reason of a failure, without what an unknown error quotes."""
    if isinstance(error, LoopError):
        return str(error)
    _log.error("something unexpected failed", exc_info=error)
    return getattr(error, "strerror", None) or f"an unexpected {type(error).__name__}"
