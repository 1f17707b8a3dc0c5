"""Workers on an evaluation as processes of their own, which can be killed at any moment."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from shared.evaluation.evaluation import Evaluation, Purpose
from tests.processes import process, send


class Worker:
    """Takes messages of an evaluation, all that there could be, until it has ended.

    Attributes:
        log_file: Takes all that it prints and logs.
    """

    def __init__(
        self, storage: str, evaluation: Evaluation, log_file: Path, work: Callable[[Purpose, str], None] | None = None
    ) -> None:
        """Take the connection string of its storage, and what it does in place of that."""
        self.log_file = log_file
        self._process = process(log_file, storage, work or _work, evaluation.purpose, evaluation.id)

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

    def die_if(self, holds: Callable[[], bool]) -> bool:
        """End it at once if something holds while it does nothing more; says whether that was so."""
        send(self._process, signal.SIGSTOP)
        time.sleep(0.05)  # what it has sent to storage arrives
        if is_over := holds():
            self.die()
        send(self._process, signal.SIGCONT)
        return is_over

    def wait(self, seconds: float = 60) -> int:
        """Wait for its end; gives the exit code, which is negative if a signal ended it."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, self.log_file.read_text()
        return self._process.exitcode


def _work(purpose: Purpose, evaluation_id: str) -> None:
    from evaluate_fn import stages
    from shared.evaluation import evaluation_run_store, evaluation_store
    from shared.evaluation.evaluation_queue import make_message

    while (evaluation := evaluation_store.read(purpose, evaluation_id)) and not evaluation.status.has_ended:
        stages.take(make_message(evaluation).text(), 1, Event())
        for task in stages._open(evaluation, evaluation_run_store.read_results(evaluation)):
            stages.take(make_message(evaluation, task.key).text(), 1, Event())


def take_messages(purpose: Purpose, evaluation_id: str) -> None:
    """Take messages of the queue until an evaluation has ended; as for an instance, they are hidden for ten minutes."""
    from evaluate_fn import signed_work
    from shared.evaluation import evaluation_store
    from shared.storage.paths import EVALUATION_QUEUE
    from shared.storage.this_storage import queues

    while (evaluation := evaluation_store.read(purpose, evaluation_id)) and not evaluation.status.has_ended:
        for message in queues().receive(EVALUATION_QUEUE, 1, 600):
            signed_work.take(message.text, message.id, message.dequeue_count, Event())
            queues().remove(EVALUATION_QUEUE, message)
        time.sleep(0.05)


def die_of_message(_purpose: Purpose, _id: str) -> None:
    """Take a message, give a first sign of life, and die."""
    from shared.evaluation import evaluation_queue, work_sign_store
    from shared.storage.paths import EVALUATION_QUEUE
    from shared.storage.this_storage import queues

    [message] = queues().receive(EVALUATION_QUEUE, 1, 600)
    work_sign_store.begin(evaluation_queue.read(message.text), message.id, Event())
    os.kill(os.getpid(), signal.SIGKILL)
