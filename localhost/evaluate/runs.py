"""Carries out the plan of an evaluation in a pool of processes, one task in each."""

import tempfile
from concurrent.futures import as_completed
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from localhost.evaluate.log_file import LogFile
from localhost.evaluate.order import order_keys
from localhost.evaluate.pool import Pool, pool
from localhost.interruption import Interruption
from localhost.progress import Progress
from shared.evaluation import plan
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import Task, TaskResult

_NO_HURRY = timedelta(days=7)
_MOST_EXPLORATION = 0.2
"""What new loops explore; a log that explored more than that says nothing of how much is wanted."""


class Runs:
    """An evaluation that is carried out."""

    def __init__(self, log: LogFile, evaluation: Evaluation, stream: TextIO, interruption: Interruption) -> None:
        """Take what is evaluated, where to show progress, and whether the command was interrupted."""
        self.evaluation = evaluation
        self.results: dict[str, TaskResult] = {}
        self._log = log
        self._stream = stream
        self._interruption = interruption

    def finish(self) -> None:
        """Carry out one stage after the other, until there are no more tasks.

        Raises:
            CommandFailure: The log turned out to be damaged.
            RunFailed, TrainingFailed: The learner could not do its work.
        """
        with tempfile.TemporaryDirectory(prefix="rankloop-evaluate-") as folder, pool() as workers:
            while tasks := plan.open_tasks(self.evaluation, self.results):
                self._stage(workers, Path(folder), tasks)
                if tasks[0].stage == 0:
                    self.evaluation = replace(self.evaluation, exploration=self._exploration())

    def _stage(self, workers: Pool, folder: Path, tasks: tuple[Task, ...]) -> None:
        progress = Progress(len(tasks), self._stream, self._interruption)
        progress.line(_task_line(tasks))
        runs = [
            workers.submit(_run, replace(task, keeps_model=False), self.evaluation, self._log, folder) for task in tasks
        ]
        for done, run in enumerate(as_completed(runs), 1):
            result = run.result()
            self.results[result.key] = result
            progress.show(done, f"run {done} of {len(runs)}")
        progress.clear()

    def _exploration(self) -> float:
        """The exploration with which better policies are to be used: that of the log, up to a bound."""
        return round(min(self.results[plan.LOGGED].exploration or 0.0, _MOST_EXPLORATION), 3)


def _task_line(tasks: tuple[Task, ...]) -> str:
    """What a stage is about."""
    policies = "1 policy" if len(tasks) == 1 else f"{len(tasks)} policies"
    if tasks[0].stage == 0:
        return "Reading the log, and evaluating what was given ..."
    if tasks[0].until is None:
        half = "the second half of the log" if tasks[0].counted_from else "the log"
        return f"Evaluating {policies} on {half} ..."
    return f"Trying {policies} over the first {tasks[0].until} events ..."


def _run(task: Task, evaluation: Evaluation, log: LogFile, folder: Path) -> TaskResult:
    own = folder / task.key
    own.mkdir()
    result, _ = log_pass.run(task, evaluation, log, folder=own, timeout=_NO_HURRY, rewrite=order_keys)
    return result
