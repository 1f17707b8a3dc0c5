"""Trains a model on a whole log, and sees what it would have earned on the way."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localhost.evaluate.order import order_keys
from localhost.evaluate.pool import pool
from localhost.learn.replays import NO_HURRY, read_replicates
from localhost.learn.sources import Source
from localhost.progress import Progress
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import Task, TrainedModel
from shared.imports.stretches import Stretch, StretchSums, size_of_stretches
from shared.learner.subprocess_jobs import TrainingFailed


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
def train(evaluation: Evaluation, source: Source, arguments: str, events: int, progress: Progress) -> Iterator[Learned]:
    """Train a model, in a process of its own; its files are there as long as the block.

    Args:
        events: How many usable ones the log has.

    Raises:
        CommandFailure: The log turned out to be damaged.
        TrainingFailed: There is no usable model.
    """
    progress.line(f"Training a model on all {events:,} events ...")
    with tempfile.TemporaryDirectory(prefix="rankloop-learn-") as folder:
        with pool() as workers:
            run = workers.submit(_run, evaluation, source, arguments, size_of_stretches(events), Path(folder))
            learned = run.result()
        yield learned


def _run(evaluation: Evaluation, source: Source, arguments: str, size: int, folder: Path) -> Learned:
    replicates = read_replicates(source.replicates) if source.replicates else ()
    passes: list[StretchSums] = []

    def listen() -> StretchSums:
        passes.append(StretchSums(size, replicates))
        return passes[-1]

    task = Task("learned", 0, arguments, keeps_model=True)
    result, files = log_pass.run(
        task, evaluation, source.log, folder=folder, timeout=NO_HURRY, rewrite=order_keys, listen=listen
    )
    if files is None or result.model is None:
        raise TrainingFailed("the model cannot be used, since its weights are no numbers any more")
    return Learned(result.model, files.state, files.predictor, passes[-1].stretches())
