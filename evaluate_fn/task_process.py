"""Goes over a log for one task; started by `runner`, as a process of its own.

The order and the log come in on standard input: parts of the log as they are stored, each behind a line that says what
it is. Who needs the log once more says so on standard output. The answer is a file.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation import evaluation_documents as documents
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import feature_names, feature_search, log_pass
from shared.evaluation.replay.parallel_learners import TookTooLong
from shared.evaluation.tasks import Task
from shared.learner import driver
from shared.learner.arguments import InvalidLearningArguments
from shared.learner.training import TrainingFailed
from shared.log import relabelled

ANSWER = "answer.json"
AGAIN = b"again\n"
_NICENESS = 10
"""Where calls are served on the same processors, they come first; the learners inherit it."""
_STDOUT, _STDERR = 1, 2


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done.

    Attributes:
        folder: Where files may lie, and where the answer goes.
    """

    task: Task
    evaluation: Evaluation
    folder: Path
    timeout: timedelta

    def text(self) -> bytes:
        """As one line."""
        told = {
            "task": documents.task_to_json(self.task).decode(),
            "evaluation": documents.evaluation_to_json(self.evaluation).decode(),
            "folder": str(self.folder),
            "timeout": self.timeout.total_seconds(),
        }
        return json.dumps(told).encode() + b"\n"

    @classmethod
    def read(cls, text: bytes) -> Self:
        """The inverse of `text`."""
        told = json.loads(text)
        task, evaluation = (told[name].encode() for name in ("task", "evaluation"))
        folder, timeout = Path(told["folder"]), timedelta(seconds=told["timeout"])
        return cls(documents.read_task(task), documents.read_evaluation(evaluation), folder, timeout)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the log.

    Attributes:
        rewards: The settings under which it was joined.
    """

    stored: bytes
    rewards: RewardSettings

    def head(self) -> bytes:
        """What stands before it."""
        told = {"size": len(self.stored), "rewards": asdict(self.rewards)}
        return json.dumps(told).encode() + b"\n"


END = b"{}\n"
"""What stands behind the last part."""


class _Log:
    """The lines of the log as the evaluation wants them; can be gone over again and again."""

    def __init__(self, evaluation: Evaluation, source: IO[bytes], asks: IO[bytes]) -> None:
        self._rewards = evaluation.log.rewards
        self._source = source
        self._asks = asks
        self._parts = self._sent()
        self._is_fresh = True

    def __iter__(self) -> Iterator[bytes]:
        if not self._is_fresh:
            self._ask_again()
        self._is_fresh = False
        for part in self._parts:
            yield from relabelled.labelled(part.stored, part.rewards, self._rewards)

    def _ask_again(self) -> None:
        for _ in self._parts:
            continue
        self._asks.write(AGAIN)
        self._asks.flush()
        self._parts = self._sent()

    def _sent(self) -> Iterator[Part]:
        while told := json.loads(self._source.readline()):
            rewards = told["rewards"]
            settings = RewardSettings(rewards["wait_us"], rewards["default"], Aggregation(rewards["aggregation"]))
            stored = self._source.read(told["size"])
            if len(stored) != told["size"]:
                raise EOFError("the log was not sent to its end")
            yield Part(stored, settings)


def main(parent: int) -> None:
    """Do what is ordered.

    Args:
        parent: Id of the process that started this one; when that ends, this one is to end too.
    """
    driver.end_with(parent)
    if sys.platform != "win32":
        os.nice(_NICENESS)
    with os.fdopen(os.dup(_STDOUT), "wb") as asks:
        os.dup2(_STDERR, _STDOUT)  # what anything prints is no question
        order = Order.read(sys.stdin.buffer.readline())
        answer = _answer(order, _Log(order.evaluation, sys.stdin.buffer, asks))
        (order.folder / ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _answer(order: Order, log: _Log) -> dict[str, Any]:
    task, models = order.task, list[Path]()
    rewrite = partial(_without, *task.without) if task.without else None
    try:
        if task.finds_features:
            result = feature_search.run(task, order.evaluation, log)
        else:
            result, trained = log_pass.run(
                task, order.evaluation, log, folder=order.folder, timeout=order.timeout, rewrite=rewrite
            )
            models = [trained.state, trained.predictor] if trained else []
    except TookTooLong as trouble:
        return {"slow": trouble.reason}
    except TrainingFailed as trouble:
        return {"failed": trouble.reason}
    except InvalidLearningArguments as trouble:
        return {"refused": [trouble.option, trouble.reason]}
    return {"result": documents.result_to_json(result).decode(), "models": [*map(str, models)]}


def _without(namespace: str, feature: str, line: bytes) -> bytes:
    return feature_names.without(line, namespace, feature)


if __name__ == "__main__":
    main(int(sys.argv[1]))
