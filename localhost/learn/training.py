"""Trains a model on a whole log, and sees what it would have earned on the way."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from localhost.evaluate.log_file import LogFile
from localhost.evaluate.order import order_keys
from localhost.evaluate.pool import pool
from localhost.interruption import Interruption
from localhost.progress import Progress
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import Task, TrainedModel
from shared.imports.stretches import Stretch, StretchSums, size_of_stretches
from shared.learner.subprocess_jobs import TrainingFailed

_NO_HURRY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Learned:
    """A model that has learned a whole log.

    Attributes:
        state: The file that training goes on from.
        predictor: The file that Rank uses.
        stretches: What the model earned in each stretch of the log, as it was then.
    """

    model: TrainedModel
    state: Path
    predictor: Path
    stretches: list[Stretch]


@contextmanager
def train(
    evaluation: Evaluation, log: LogFile, arguments: str, events: int, stream: TextIO, interruption: Interruption
) -> Iterator[Learned]:
    """Train a model, in a process of its own; its files are there as long as the block.

    Args:
        events: How many usable ones the log has.

    Raises:
        CommandFailure: The log turned out to be damaged.
        TrainingFailed: There is no usable model.
    """
    progress = Progress(1, stream, interruption)
    progress.line(f"Training a model on all {events:,} events ...")
    with tempfile.TemporaryDirectory(prefix="rankloop-learn-") as folder:
        with pool() as workers:
            run = workers.submit(_run, evaluation, log, arguments, size_of_stretches(events), Path(folder))
            learned = run.result()
        yield learned


def _run(evaluation: Evaluation, log: LogFile, arguments: str, size: int, folder: Path) -> Learned:
    passes: list[StretchSums] = []

    def listen() -> StretchSums:
        passes.append(StretchSums(size))
        return passes[-1]

    task = Task("learned", 0, arguments, keeps_model=True)
    result, files = log_pass.run(
        task, evaluation, log, folder=folder, timeout=_NO_HURRY, rewrite=order_keys, listen=listen
    )
    if files is None or result.model is None:
        raise TrainingFailed("the model cannot be used, since its weights are no numbers any more")
    return Learned(result.model, files.state, files.predictor, passes[-1].stretches())
