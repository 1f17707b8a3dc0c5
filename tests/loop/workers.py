"""Workers on an evaluation as processes of their own, which can be killed at any moment."""

import os
import signal
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from shared.evaluation.evaluation import Evaluation, Purpose
from tests.processes import process


class Worker:
    """Takes messages of an evaluation, all that there could be, until it has ended.

    Attributes:
        log_file: Takes all that it prints and logs.
    """

    def __init__(self, storage: str, evaluation: Evaluation, log_file: Path) -> None:
        """Take the connection string of its storage."""
        self.log_file = log_file
        self._process = process(log_file, storage, _work, evaluation.purpose, evaluation.id)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._process.is_alive():
            self.die()
        self._process.join()
        self._process.close()

    def die(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)

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
