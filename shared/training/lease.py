"""The lease that lets one trainer work at a time, and the commit record that it guards."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from shared import running_call
from shared.errors import LoopError
from shared.storage import json_documents
from shared.storage.interface import Lease
from shared.storage.paths import this_loop
from shared.storage.repetition import Repetition
from shared.storage.steady_clock import steady_us
from shared.storage.storage_answers import BlobMissing, ChangedMeanwhile
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable
from shared.times import SECOND
from shared.training.training_state import State

_SECONDS: Final = 15
_RENEWED_EVERY: Final = 5


class LeaseLost(LoopError):
    """Another trainer has taken over; this trainer stops."""


@dataclass(slots=True)
class _Renewal:
    at_us: int
    lost: bool = False


class Trainer:
    """The holder of the lease, who alone may change `state.json`; a thread of its own renews the lease until `release`.

    Attributes:
        state: The commit record as last read or committed.
    """

    def __init__(self, lease: Lease, acquired_us: int, state: State, etag: str, clock: Callable[[], int]) -> None:
        self.state = state
        self._lease = lease
        self._etag = etag
        self._clock = clock
        self._renewal = _Renewal(acquired_us)
        self._renewals = Repetition(_RENEWED_EVERY, self._renew)

    def check(self) -> None:
        """Check that the lease is still held.

        Raises:
            LeaseLost: Another trainer holds the lease, or it could not be renewed for too long.
        """
        if self._renewal.lost or self._clock() - self._renewal.at_us > _SECONDS * SECOND:
            raise LeaseLost("another trainer has taken over")

    def commit(self, state: State) -> None:
        """Replace the commit record, unless another trainer has taken over.

        Raises:
            LeaseLost: Another trainer has taken over.
        """
        if json_documents.are_same(state, self.state):
            return
        self.check()
        try:
            self._etag = blobs().write_over(
                this_loop().state, json_documents.to_json(state), self._etag, self._lease.id
            )
        except ChangedMeanwhile as error:
            raise LeaseLost("another trainer has taken over") from error
        self.state = state

    def release(self) -> None:
        """Give the lease back."""
        self._renewals.end()
        _give_back(self._lease)

    def _renew(self) -> None:
        started_us = self._clock()
        with suppress(StorageUnavailable):
            if self._lease.renew():
                self._renewal.at_us = started_us
            else:
                self._renewal.lost = True


@running_call.harmless()
def _give_back(lease: Lease) -> None:
    lease.release()


@running_call.harmless()
def take(first: Callable[[], State], clock: Callable[[], int] = steady_us) -> Trainer | None:
    """Take the lease; None if another trainer holds it.

    Args:
        first: Makes the commit record of a loop that was never trained.
        clock: Tells how long the lease is held; must run on while the machine sleeps, as the lease does.

    Raises:
        BlobLeased: A lease that never ends lies on the commit record, which no trainer took.
        UnreadableDocument: The commit record is damaged, or of another version.
    """
    acquired_us = clock()
    try:
        lease = blobs().acquire(this_loop().state, _SECONDS)
    except BlobMissing:
        blobs().create(this_loop().state, json_documents.to_json(first()))
        acquired_us = clock()
        lease = blobs().acquire(this_loop().state, _SECONDS)
    if lease is None:
        return None
    try:
        stored = blobs().read(this_loop().state)
        if stored is None:
            raise StorageUnavailable("the commit record vanished while it was read")
        return Trainer(lease, acquired_us, json_documents.read(State, stored.data), stored.etag, clock)
    except LoopError:
        _give_back(lease)
        raise


def read_state() -> State | None:
    """Read the commit record without the lease; None before the first training run."""
    stored = blobs().read(this_loop().state)
    return json_documents.read(State, stored.data) if stored else None


def read_joined_up_to_us() -> int:
    """The time up to which rows are log; 0 before the first training run."""
    state = read_state()
    return state.joined_up_to_us if state else 0
