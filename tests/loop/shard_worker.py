"""Workers that join shards, as processes of their own, which can be killed at any moment."""

import signal
import time
from copy import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.storage.paths import JOIN_QUEUE
from tests.processes import process, send

_PAUSE_SECONDS = 0.05
_HIDDEN_SECONDS = 2


class ShardWorker:
    """Takes messages of the queue, as the host does, until it is ended.

    Attributes:
        log_file: Takes all that it prints and logs.
    """

    def __init__(self, storage: str, log_file: Path) -> None:
        """Take the connection string of its storage."""
        self.log_file = log_file
        self._process = process(log_file, storage, _work)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.die()
        self._process.join()
        self._process.close()

    def die(self) -> None:
        """End it at once, as a power cut would."""
        send(self._process, signal.SIGKILL)


def _work() -> None:
    from shared import settings
    from shared.storage.this_storage import queues
    from tests.loop.trainers import PAST
    from train_timer.shard_join import ShardJoins

    joins = ShardJoins()
    with settings.use(replace(settings.settings(), **PAST)):
        while True:
            for message in queues().receive(JOIN_QUEUE, 1, _HIDDEN_SECONDS):
                joins.take(message.text, message.dequeue_count)
                queues().remove(JOIN_QUEUE, message)
            time.sleep(_PAUSE_SECONDS)
