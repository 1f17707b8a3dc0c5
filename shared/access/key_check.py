"""The check of keys that callers send: the slow digest once for each key, a fast one from then on."""

import asyncio
import hashlib
import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from shared.access import loop_keys
from shared.access.loop_keys import LoopKey

_REMEMBERED = 4_096
_MOST_WAITING = 64
"""More than a loop may have keys."""
_REFUSED_SECONDS = 60.0


class TooManyChecks(Exception):
    """More keys that were not seen before wait for their check than one process takes on, or another text of it."""


class KeyCheck:
    """Checks keys in one process.

    What the slow digest said of a text is remembered under a digest of the text with a secret of this process: memory
    holds no key. Right and wrong texts are remembered apart, so that no flood of wrong ones lets right ones be
    forgotten; a wrong key that is sent again and again costs its sender's time alone. Slow digests are computed one
    after the other, and at most one of each key waits: those of one loop's keys never take all places.
    """

    def __init__(self) -> None:
        self._secret = os.urandom(32)
        self._right: OrderedDict[bytes, str] = OrderedDict()
        self._wrong: OrderedDict[bytes, str] = OrderedDict()
        self._refusals: OrderedDict[bytes, float] = OrderedDict()
        self._in_work: dict[str, tuple[bytes, asyncio.Future[str]]] = {}

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "keys")

    async def find(self, text: str, keys: Iterable[LoopKey]) -> LoopKey | None:
        """Find the key that a text is; None if it is none of them.

        Raises:
            TooManyChecks: Too many keys wait for their check.
        """
        parts = loop_keys.split(text)
        if parts is None:
            return None
        key = next((key for key in keys if key.id == parts[0]), None)
        if key is None:
            return None
        place = self._place(f"{key.salt} {parts[1]}")
        digest = self._right.get(place) or self._wrong.get(place) or await self._compute(place, parts[1], key.salt)
        is_right = hmac.compare_digest(digest, key.digest)
        _remember(self._right if is_right else self._wrong, place, digest)
        return key if is_right else None

    def note_refusal(self, text: str, loop: str) -> None:
        """Remember for a minute that a text is no key of a loop; a key that is made later is another text."""
        _remember(self._refusals, self._place(f"{loop} {text}"), time.monotonic())

    def was_refused(self, text: str, loop: str) -> bool:
        """Whether a text was no key of a loop within the last minute."""
        refused_at = self._refusals.get(self._place(f"{loop} {text}"))
        return refused_at is not None and time.monotonic() - refused_at < _REFUSED_SECONDS

    def _place(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._secret).digest()

    async def _compute(self, place: bytes, secret: str, salt: str) -> str:
        """Compute the digest of a text; whoever sends the same one meanwhile is given the same."""
        if salt not in self._in_work:
            if len(self._in_work) >= _MOST_WAITING:
                raise TooManyChecks
            work = asyncio.get_running_loop().run_in_executor(self._pool, loop_keys.digest_of, secret, salt)
            self._in_work[salt] = place, work
            work.add_done_callback(lambda _: self._in_work.pop(salt))
        checked, work = self._in_work[salt]
        if checked != place:
            raise TooManyChecks
        return await asyncio.shield(work)


def _remember[Value](remembered: OrderedDict[bytes, Value], place: bytes, value: Value) -> None:
    """Remember a value, and forget the one that was remembered longest ago if there are too many."""
    remembered[place] = value
    remembered.move_to_end(place)
    if len(remembered) > _REMEMBERED:
        remembered.popitem(last=False)
