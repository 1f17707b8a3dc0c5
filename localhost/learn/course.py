"""The course of the command, from a log to a trained model: survey, evaluation, verdict, training."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from localhost.evaluate.runs import RunLog, Runs
from localhost.evaluate.whole_log import evaluation
from localhost.interruption import Interruption
from localhost.progress import Progress
from shared.evaluation.evaluation import Policy
from shared.evaluation.replay.log_pass import TrainedFiles
from shared.evaluation.tasks import LineCounts, TaskResult
from shared.imports import import_plan
from shared.imports.files.reading import Reading
from shared.imports.files.source import Source
from shared.imports.files.surveyor import examine
from shared.imports.import_outcome import ImportOutcome
from shared.imports.import_plan import GATHERED, LEARNED
from shared.imports.verdict import add_new_loop
from shared.learner.subprocess_jobs import TrainingFailed


@dataclass(frozen=True, slots=True)
class Learned:
    """What the command found.

    Attributes:
        files: Those of the model.
    """

    outcome: ImportOutcome
    files: TrainedFiles


def make_reading(stream: TextIO, interruption: Interruption) -> Reading:
    """The reading of files by a command, which shows its steps and can be interrupted."""
    return Reading.on_own_machine(Progress(1, stream, interruption).line, interruption.check)


def learn(
    source: Source, custom: Sequence[Policy], folder: Path, stream: TextIO, interruption: Interruption
) -> Learned:
    """Find out what a log teaches.

    Args:
        custom: The policies that were given.
        folder: An empty folder, for files.
        stream: Where to show progress.

    Raises:
        UnusableLog: The log turned out to be damaged.
        TrainingFailed: The learner could not do its work.
    """
    gathered = examine(source, make_reading(stream, interruption))
    runs = Runs(
        RunLog(source.log, gathered.events, source.replicates),
        evaluation(add_new_loop(custom), "cb", optimise=True),
        partial(import_plan.open_tasks, gathered=gathered),
        folder,
        stream,
        interruption,
    )
    runs.results[GATHERED] = TaskResult(GATHERED, LineCounts(), {})
    runs.finish()
    learned = runs.passed[LEARNED]
    outcome = import_plan.outcome(runs.evaluation, runs.results, gathered, learned.stretches or ())
    if learned.files is None:
        raise TrainingFailed("the files of the model are missing")
    return Learned(outcome, learned.files)
