"""The lease that lets one trainer work at a time, and the commit record it guards."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from shared.errors import LoopError
from shared.storage import blobs, json_documents
from shared.storage.paths import STATE
from shared.storage.sdk import translate_errors
from shared.storage_errors import StorageUnavailable
from shared.times import from_datetime
from shared.training.training_state import State

_SECONDS = 15
_RENEWED_EVERY = 5


class LeaseLost(LoopError):
    """Another trainer has taken over; this one stops."""


@dataclass(slots=True)
class _Renewal:
    at: float
    lost: bool = False


class Trainer:
    """The right to change `state.json`, renewed by a thread of its own until it is given back.

    Attributes:
        state: As last read or committed.
    """

    def __init__(self, lease: Any, taken_at: float, state: State, etag: str) -> None:
        self.state = state
        self._lease = lease
        self._etag = etag
        self._ended = threading.Event()
        self._renewal = _Renewal(taken_at)
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Make sure that the lease is still held.

        Raises:
            LeaseLost: It is not, or it could not be renewed for too long.
        """
        if self._renewal.lost or time.monotonic() - self._renewal.at > _SECONDS:
            raise LeaseLost("another trainer has taken over")

    def commit(self, state: State) -> None:
        """Replace the commit record; nothing changes if this trainer was overtaken.

        Raises:
            LeaseLost: Another trainer has taken over.
        """
        if state == self.state:
            return
        self.check()
        try:
            self._etag = blobs.write_over(STATE, json_documents.to_json(state), self._etag, self._lease.id)
        except blobs.ChangedMeanwhile as error:
            raise LeaseLost("another trainer has taken over") from error
        self.state = state

    def release(self) -> None:
        """Give the lease back."""
        from azure.core.exceptions import AzureError

        self._ended.set()
        self._thread.join()
        try:
            self._lease.release()
        except AzureError:
            return

    def _keep(self) -> None:
        from azure.core.exceptions import AzureError, HttpResponseError

        while not self._ended.wait(_RENEWED_EVERY):
            started = time.monotonic()
            try:
                self._lease.renew()
                self._renewal.at = started
            except HttpResponseError as error:
                self._renewal.lost |= error.status_code in (404, 409, 412)
            except AzureError:
                continue


def take(first: Callable[[], State]) -> Trainer | None:
    """Take the lease; None if another trainer holds it.

    Args:
        first: Makes the commit record of a loop that was never trained.
    """
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
    from azure.storage.blob import BlobLeaseClient

    lease, taken_at = BlobLeaseClient(blobs.client(STATE)), time.monotonic()
    with translate_errors():
        try:
            try:
                lease.acquire(_SECONDS)
            except ResourceNotFoundError:
                blobs.create(STATE, json_documents.to_json(first()))
                taken_at = time.monotonic()
                lease.acquire(_SECONDS)
        except HttpResponseError as error:
            if error.status_code == 409:
                return None
            raise
    stored = blobs.read(STATE)
    if stored is None:
        raise StorageUnavailable("the commit record vanished while it was read")
    return Trainer(lease, taken_at, json_documents.read(State, stored.data), stored.etag)


def read_state() -> State | None:
    """The commit record, for readers; None before the first training run."""
    stored = blobs.read(STATE)
    return json_documents.read(State, stored.data) if stored else None


def joined_up_to_us() -> int:
    """Up to which time rows have become log; 0 before the first training run."""
    state = read_state()
    return state.joined_up_to_us if state else 0


def storage_now_us() -> int:
    """The time by storage's own clock, in whole seconds rounded down."""
    told: list[str] = []

    def hear(response: Any) -> None:
        told.append(response.http_response.headers["Date"])

    with translate_errors():
        blobs.client(STATE).exists(raw_response_hook=hear)
    return from_datetime(parsedate_to_datetime(told[-1]))
