"""Queues in SQLite."""

import sqlite3
from collections.abc import Iterable
from secrets import token_hex
from typing import Final, override

from shared.storage.embedded.database import Database
from shared.storage.embedded.machine_clock import MachineClock
from shared.storage.interface import FOR_EVER, QueueMessage, Queues
from shared.storage.storage_answers import MessageLost
from shared.times import SECOND, from_iso, to_datetime

_NEVER_US: Final = from_iso("9999-12-31T23:59:59Z")
_READ: Final = "id, receipt, text, dequeue_count, inserted_us, expires_us, visible_us"


class StoredQueues(Queues):
    """Queues in the database of a folder; a queue exists while it has messages."""

    def __init__(self, index: Database, clock: MachineClock) -> None:
        self._index = index
        self._clock = clock

    @override
    def send(
        self, name: str, messages: Iterable[str], hidden_seconds: int = 0, seconds_to_live: int = FOR_EVER
    ) -> None:
        with self._index.writing() as (index, now_us):
            expires_us = _NEVER_US if seconds_to_live == FOR_EVER else now_us + seconds_to_live * SECOND
            index.executemany(
                "INSERT INTO messages (queue, text, inserted_us, expires_us, visible_us) VALUES (?, ?, ?, ?, ?)",
                [(name, text, now_us, expires_us, now_us + hidden_seconds * SECOND) for text in messages],
            )

    @override
    def receive(self, name: str, most: int, hidden_seconds: int) -> list[QueueMessage]:
        with self._index.reading() as index:
            soonest = index.execute("SELECT min(visible_us) FROM messages WHERE queue = ?", (name,)).fetchone()[0]
        if soonest is None or soonest > self._clock.now_us():
            return []
        with self._index.writing() as (index, now_us):
            index.execute("DELETE FROM messages WHERE expires_us <= ?", (now_us,))
            text = "SELECT id FROM messages WHERE queue = ? AND visible_us <= ? ORDER BY visible_us, id LIMIT ?"
            ids = [number for (number,) in index.execute(text, (name, now_us, most))]
            return [_hide(index, number, now_us + hidden_seconds * SECOND, 1) for number in ids]

    @override
    def hide(self, name: str, message: QueueMessage, hidden_seconds: int) -> QueueMessage:
        with self._index.writing() as (index, now_us):
            _check(index, name, message)
            return _hide(index, int(message.id), now_us + hidden_seconds * SECOND, 0)

    @override
    def remove(self, name: str, message: QueueMessage) -> None:
        with self._index.writing() as (index, _):
            _check(index, name, message)
            index.execute("DELETE FROM messages WHERE id = ?", (int(message.id),))


def _hide(index: sqlite3.Connection, number: int, visible_us: int, received: int) -> QueueMessage:
    index.execute(
        "UPDATE messages SET receipt = ?, visible_us = ?, dequeue_count = dequeue_count + ? WHERE id = ?",
        (token_hex(8), visible_us, received, number),
    )
    row = index.execute(f"SELECT {_READ} FROM messages WHERE id = ?", (number,)).fetchone()
    return QueueMessage(str(row[0]), *row[1:4], *map(to_datetime, row[4:]))


def _check(index: sqlite3.Connection, name: str, message: QueueMessage) -> None:
    """Check that a message is still the receiver's.

    Raises:
        MessageLost: It is not.
    """
    values = int(message.id), name, message.receipt
    if index.execute("SELECT 1 FROM messages WHERE id = ? AND queue = ? AND receipt = ?", values).fetchone() is None:
        raise MessageLost
