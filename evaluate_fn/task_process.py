"""Evaluates a log for one task; started by `runner`, as a process of its own.

The order, the log and the answer are files in one folder, which only this app's user can open. Order and answer are
pickled: the process, of which a search starts dozens, would take longer over importing what reads and writes JSON.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from evaluate_fn.task_done import TaskDone
from shared import child_process
from shared.configuration.configuration import RewardSettings
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.replay import feature_names, feature_search, log_pass
from shared.evaluation.replay.log_files import LogFileReader
from shared.evaluation.replay.time_limit import TimeLimit
from shared.evaluation.tasks import Task
from shared.imports.files.unusable_log import UnusableLog
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TookTooLong, TrainingFailed
from shared.log import stored_lines

ANSWER = "answer.pickle"
AT_FILE = "file"
"""In the folder of a task: the name of the file of an import that it reads, in case that the process ends of it."""
_ORDER = "order.pickle"
_MOST_BYTES, _GATHERING_BYTES = 1024 * 1024 * 1024, 320 * 1024 * 1024
"""Of address space; less where the files of an import are read, of which nobody knows what they hold. Two tasks run
beside the host, and a quarter of the lower limit is the programs."""


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """What the process is to do.

    Attributes:
        joined_under: The reward settings under which each blob of the log was joined, in the order of the log.
    """

    task: Task
    evaluation: Evaluation
    joined_under: tuple[RewardSettings | None, ...]
    timeout: timedelta

    @property
    def most_bytes(self) -> int:
        """The address space of the process."""
        return _GATHERING_BYTES if self.task.until == 0 else _MOST_BYTES

    def write(self, folder: Path) -> None:
        """Write the order as a file for the process."""
        parts = (self.task, self.evaluation, self.joined_under, self.timeout)
        (folder / _ORDER).write_bytes(pickle.dumps(parts))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the order, which `write` wrote."""
        return cls(*pickle.loads((folder / _ORDER).read_bytes()))  # noqa: S301 - the app's own file


class _LogLines:
    """The lines of the log, labelled as the evaluation wants; each iteration is another pass over the log."""

    def __init__(self, order: TaskOrder, blobs: LogFileReader) -> None:
        self._joined_under = order.joined_under
        self._rewards = order.evaluation.log.rewards
        self._blobs = blobs

    def __iter__(self) -> Iterator[bytes]:
        for stored, joined_under in zip(self._blobs, self._joined_under, strict=True):
            yield from stored_lines.read_lines(stored, joined_under, self._rewards)


def main(parent: int, folder: Path) -> None:
    """Carry out the order in a folder, and write the answer there.

    Args:
        parent: Id of the process that started this one; when that ends, this one is to end too.
    """
    child_process.end_with(parent)
    child_process.lower_priority()
    order = TaskOrder.read(folder)
    child_process.be_expendable(order.most_bytes)
    time_limit = TimeLimit(order.timeout)

    def check_writer() -> None:
        time_limit.remaining()
        if os.getppid() != parent:
            raise EOFError("the log was not written to its end")

    log = _LogLines(order, LogFileReader(folder, len(order.joined_under), check_writer))
    answer = _answer(order, folder, log, check_writer)
    (folder / ANSWER).write_bytes(pickle.dumps(answer))


def _answer(order: TaskOrder, folder: Path, log: _LogLines, check: Callable[[], object]) -> dict[str, Any]:
    try:
        return {"done": _carry_out(order, folder, log, check)}
    except TookTooLong as error:
        return {"slow": error.reason}
    except TrainingFailed as error:
        return {"failed": error.reason}
    except InvalidLearningArguments as error:
        return {"refused": [error.option, error.reason]}
    except UnusableLog as error:
        return {"unusable": [error.reason, error.next_step]}


def _carry_out(order: TaskOrder, folder: Path, log: _LogLines, check: Callable[[], object]) -> TaskDone:
    task, evaluation = order.task, order.evaluation
    if evaluation.purpose is Purpose.IMPORT:
        from evaluate_fn import import_process  # here: the processes of a search need not wait for it

        def begin(file: str) -> None:
            (folder / AT_FILE).write_text(file, encoding="utf-8")

        return import_process.carry_out(task, evaluation, log, folder, order.timeout, check, begin)
    if task.finds_features:
        return TaskDone(feature_search.run(task, evaluation, log))
    rewrite = partial(_without, *task.without) if task.without else None
    result, trained = log_pass.run(task, evaluation, log, folder=folder, timeout=order.timeout, rewrite=rewrite)
    return TaskDone(result, [trained.state, trained.predictor] if trained else [])


def _without(namespace: str, feature: str, line: bytes) -> bytes:
    return feature_names.remove_feature(line, namespace, feature)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
