"""Slots for exchanges with customers' containers: few go on at once, in all processes of a deployment.

A slot is a lease on a blob. The holder of one of a loop's two competes for one of the deployment's eight, so no
loop competes more than another, however much it has to exchange.
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

from shared import running_call
from shared.errors import LoopError
from shared.storage.interface import Lease
from shared.storage.paths import EXCHANGES, OF_ALL, OF_LOOP, this_loop
from shared.storage.repetition import Repetition
from shared.storage.storage_answers import BlobMissing
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable

_SECONDS: Final = 15
_RENEWED_EVERY: Final = 5.0
_RETRY_SECONDS: Final = 0.5


class ExchangesBusy(LoopError):
    """As many exchanges go on as may be."""

    def __init__(self) -> None:
        super().__init__(
            f"{OF_LOOP} exchanges with containers of this loop's, or {OF_ALL} of all loops', are going on already"
        )


class ExchangeSlot:
    """The right to an exchange, in a `with` block."""

    def __init__(self, patience_seconds: float, check: Callable[[], object]) -> None:
        """Take nothing yet.

        Args:
            patience_seconds: For how long to wait for the slot.
            check: Is called while it waits; what it raises ends that.
        """
        self._patience_seconds = patience_seconds
        self._check = check
        self._leases: list[Lease] = []
        self._renewals: Repetition | None = None

    def __enter__(self) -> Self:
        """Take the slot.

        Raises:
            ExchangesBusy: None was free in time.
        """
        until = time.monotonic() + self._patience_seconds
        folders = ((this_loop().exchanges, OF_LOOP), (EXCHANGES, OF_ALL))
        self._renewals = Repetition(_RENEWED_EVERY, self._renew)
        try:
            for folder, number in folders:
                while (lease := _take(folder, number)) is None:
                    self._check()
                    if time.monotonic() >= until:
                        raise ExchangesBusy
                    time.sleep(_RETRY_SECONDS)
                self._leases.append(lease)
        except BaseException:
            self._give_back()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Give the slot back."""
        self._give_back()

    def _renew(self) -> None:
        with suppress(StorageUnavailable):  # then others may take the slot before the exchange has ended
            for lease in [*self._leases]:
                lease.renew()

    @running_call.harmless()
    def _give_back(self) -> None:
        if self._renewals is not None:
            self._renewals.end()
        while self._leases:
            self._leases.pop().release()


@running_call.harmless()
def _take(folder: str, number: int) -> Lease | None:
    """Take a lease on one of the blobs of a folder; None if all are taken."""
    return next(
        (lease for slot in random.sample(range(number), number) if (lease := _acquire(f"{folder}{slot}"))), None
    )


def _acquire(path: str) -> Lease | None:
    try:
        return blobs().acquire(path, _SECONDS)
    except BlobMissing:
        blobs().create(path, b"")
        return blobs().acquire(path, _SECONDS)
