"""Signs of life of work on evaluations: a blob for each message, written again and again while somebody is at work.

The platform hides a message from others for ten minutes while it is worked on, and for as long if the worker dies
without a word. The trainer sees after a minute that the sign is old, and sends another message.
"""

import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from threading import Event
from typing import Final, NamedTuple, Self

from shared.evaluation.evaluation import LONGEST_US
from shared.evaluation.evaluation_queue import WorkMessage
from shared.intake.keys import hash_key
from shared.loops import loop_list_store
from shared.loops.loop_list_store import WORK
from shared.storage import clock
from shared.storage.interface import ListedBlob
from shared.storage.paths import EVALUATION_QUEUE
from shared.storage.repetition import Repetition
from shared.storage.storage_answers import BlobLeased, ChangedMeanwhile
from shared.storage.this_storage import blobs, queues
from shared.storage_errors import StorageUnavailable
from shared.times import HOUR, SECOND, from_datetime

MOST_DEATHS: Final = 5
"""So many workers may die of a message; then the work is given up."""
_EVERY_SECONDS: Final = 15.0
_DEAD_AFTER: Final = 60 * SECOND
_ALIVE_FOR: Final = 50 * SECOND
"""Less than after what the trainer sends a message, for whoever takes it may have an earlier time."""
_AT_RANDOM_AFTER: Final = 3
"""So many deaths; then messages come at random within the next minute."""
_MOST_HIDDEN_SECONDS: Final = 60
_FORGOTTEN_AFTER: Final = LONGEST_US + HOUR
"""An evaluation has ended by then."""
_MESSAGE, _WORKER, _DEATHS = "message", "worker", "deaths"


class WorkSign(NamedTuple):
    """The sign of life of some work, as storage has it.

    Attributes:
        message: The id of the message whose worker gives it; None once another message was sent, until it is taken.
        deaths: How many workers have died of the work.
        modified_us: When it was last written.
    """

    message: str | None
    deaths: int
    modified_us: int
    etag: str

    @classmethod
    def of(cls, metadata: Mapping[str, str], modified: datetime, etag: str) -> Self:
        """Take what storage tells of a sign."""
        return cls(metadata.get(_MESSAGE), int(metadata.get(_DEATHS, "0")), from_datetime(modified), etag)

    def is_alive(self, now_us: int) -> bool:
        """Whether somebody is at work."""
        return self.message is not None and now_us - self.modified_us < _ALIVE_FOR

    def is_dead(self, now_us: int) -> bool:
        """Whether somebody was at work, and died without a word."""
        return self.message is not None and now_us - self.modified_us >= _DEAD_AFTER


class SignOfLife:
    """The sign of work that goes on in this process; a thread writes it again and again until `end`.

    Attributes:
        deaths: How many workers have died of the same work.
    """

    def __init__(self, text: str, mark: Mapping[str, str], etag: str, stop: Event) -> None:
        self.deaths = int(mark[_DEATHS])
        self._text = text
        self._mark = mark
        self._etag = etag
        self._stop = stop
        self._repetition = Repetition(_EVERY_SECONDS, self._renew)

    def end(self) -> None:
        """Take the sign away; should that fail, the message comes once more, and finds its work done."""
        self._repetition.end()
        with suppress(StorageUnavailable, BlobLeased):
            if (etag := _own_etag(self._text, self._mark)) is not None:
                blobs().remove_unchanged(_path(self._text), etag)

    def _renew(self) -> None:
        with suppress(StorageUnavailable, BlobLeased):
            etag = _write(self._text, self._mark, self._etag)
            if etag is None:
                self._stop.set()  # this process has slept, and another one is at work
            else:
                self._etag = etag


def begin(work: WorkMessage, message: str, stop: Event) -> SignOfLife | None:
    """Begin to give signs of life for some work; None if the worker of another message does so.

    A message that comes again is taken at once: whoever had it has ended, or will see that it was taken.

    Args:
        message: The id of the message that asks for the work.
        stop: Is set if another worker has taken over meanwhile.
    """
    loop_list_store.announce()
    text = work.text()
    version = blobs().read_version(_path(text))
    before = WorkSign.of(version.metadata, version.modified, version.etag) if version else None
    if before is not None and before.message != message and before.is_alive(clock.now_us()):
        return None
    deaths = before.deaths + (before.message is not None) if before else 0
    mark = {_MESSAGE: message, _WORKER: secrets.token_hex(8), _DEATHS: str(deaths)}
    etag = _write(text, mark, before.etag if before else None)
    return SignOfLife(text, mark, etag, stop) if etag is not None else None


def send_lost(listed: Iterable[ListedBlob], now_us: int | None = None) -> None:
    """Send messages for the work whose workers have died, one for each death.

    Args:
        listed: The signs, as `loop_list_store.read_listing` has them.
        now_us: Storage's time, if it is not now.

    Raises:
        StorageUnavailable: Not all of them could be sent.
    """
    for blob in listed:
        sign, at_us = WorkSign.of(blob.metadata, blob.modified, blob.etag), now_us or clock.now_us()
        if sign.is_dead(at_us):
            _send_again(blob.path, sign)
        elif at_us - sign.modified_us > _FORGOTTEN_AFTER:
            blobs().remove_unchanged(blob.path, blob.etag)


def _send_again(path: str, sign: WorkSign) -> None:
    """Send a message, then note it: what dies in between sends two messages, and the work is done once.

    Work of which three workers have died comes at random, lest it take the same other work with it each time.
    """
    stored = blobs().read(path)
    if stored is None or stored.etag != sign.etag:
        return
    text, deaths = stored.data.decode(), sign.deaths + 1
    hidden_seconds = 1 + secrets.randbelow(_MOST_HIDDEN_SECONDS) if deaths >= _AT_RANDOM_AFTER else 0
    queues().send(EVALUATION_QUEUE, [text], hidden_seconds)
    _write(text, {_DEATHS: str(deaths)}, sign.etag)


def _write(text: str, mark: Mapping[str, str], etag: str | None) -> str | None:
    """Write a sign over the one of an ETag, or where there is none; gives its ETag, None if another's is there."""
    try:
        return blobs().write_over(_path(text), text.encode(), etag, metadata=mark)
    except ChangedMeanwhile:
        return _own_etag(text, mark)  # it may be this one's, where only the answer was lost


def _own_etag(text: str, mark: Mapping[str, str]) -> str | None:
    """Read the ETag of a worker's sign; None if none is there, or another's."""
    now = blobs().read_version(_path(text))
    return now.etag if now is not None and _WORKER in mark and now.metadata.get(_WORKER) == mark[_WORKER] else None


def _path(text: str) -> str:
    return f"{WORK}{hash_key(text)}"
