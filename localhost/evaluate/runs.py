"""Carries out the plan of an evaluation in a pool of processes; tasks that can share a pass over the log do."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import TextIO

from localhost.evaluate.pool import Pool, pool
from localhost.interruption import Interruption
from localhost.progress import Progress
from shared.evaluation import plan
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.tasks import Task, TaskResult
from shared.imports import import_pass
from shared.imports.files import replicates_file
from shared.imports.import_pass import Passed
from shared.imports.import_plan import LEARNED, is_replicated, needs_replicates

_NO_HURRY = timedelta(days=7)
_MOST_TASKS = 3
"""Of a pass: it reads the log and judges its policies in one process, which each policy's learner would wait for."""
_PROCESSORS = 2
"""So many a pass keeps busy."""
_MOST_EXPLORATION = 0.2
"""What new loops explore; a log that explored more than that says nothing of how much is wanted."""

type OpenTasks = Callable[[Evaluation, Mapping[str, TaskResult]], tuple[Task, ...]]


def open_without_models(evaluation: Evaluation, results: Mapping[str, TaskResult]) -> tuple[Task, ...]:
    """The open tasks of an evaluation of which no model is kept."""
    return tuple(replace(task, keeps_model=False, width_us=0) for task in plan.open_tasks(evaluation, results))


@dataclass(frozen=True, slots=True)
class RunLog:
    """The log of runs, which goes to their processes.

    Attributes:
        lines: Each iteration is another pass.
        events: How many usable ones there are; 0 if that is of no matter.
        replicates: The file of chances, if these were estimated.
    """

    lines: Iterable[bytes]
    events: int = 0
    replicates: Path | None = None


class Runs:
    """An evaluation that is carried out."""

    def __init__(
        self,
        log: RunLog,
        evaluation: Evaluation,
        open_tasks: OpenTasks,
        folder: Path,
        stream: TextIO,
        interruption: Interruption,
    ) -> None:
        """Take what is evaluated, by which plan, and whether the command was interrupted.

        Args:
            folder: An empty folder for the files of the runs.
            stream: Where to show progress.
        """
        self.evaluation = evaluation
        self.results: dict[str, TaskResult] = {}
        self.passed: dict[str, Passed] = {}
        self._log = log
        self._open_tasks = open_tasks
        self._folder = folder
        self._stream = stream
        self._interruption = interruption

    def finish(self) -> None:
        """Carry out one stage after the other, until there are no more tasks.

        Raises:
            UnusableLog: The log turned out to be damaged.
            TrainingFailed: The learner could not do its work.
        """
        with pool() as workers:
            while tasks := self._open_tasks(self.evaluation, self.results):
                self._stage(workers, tasks)
                if any(task.key == plan.LOGGED for task in tasks):
                    self.evaluation = replace(self.evaluation, exploration=self._exploration())

    def _stage(self, workers: Pool, tasks: tuple[Task, ...]) -> None:
        progress = Progress(len(tasks), self._stream, self._interruption)
        progress.line(_task_line(tasks, self._log.events))
        passes = share_passes(tasks, os.process_cpu_count() or 1)
        runs = [workers.submit(_run, group, self.evaluation, self._log, self._folder) for group in passes]
        done = 0
        for run in as_completed(runs):
            for passed in run.result():
                self.results[passed.result.key] = passed.result
                self.passed[passed.result.key] = passed
                done += 1
            progress.show(done, f"run {done} of {len(tasks)}")
        progress.clear()

    def _exploration(self) -> float:
        """The exploration with which better policies are to be used: that of the log, up to a bound."""
        return round(min(self.results[plan.LOGGED].exploration or 0.0, _MOST_EXPLORATION), 3)


def share_passes(tasks: Sequence[Task], processors: int) -> Iterator[Sequence[Task]]:
    """The tasks of each pass over the log: the fewer passes, the less is read and learned more than once."""
    alike: dict[tuple[int | None, bool], list[Task]] = {}
    for task in tasks:
        alike.setdefault((task.until, task.with_reward_model), []).append(task)
    for group in alike.values():
        number = min(len(group), max(ceil(len(group) / _MOST_TASKS), processors // _PROCESSORS))
        yield from (group[place::number] for place in range(number))


def _task_line(tasks: tuple[Task, ...], events: int) -> str:
    """What a stage is about."""
    first, policies = tasks[0], "1 policy" if len(tasks) == 1 else f"{len(tasks)} policies"
    if any(task.key == plan.LOGGED for task in tasks):
        return "Reading the log, and evaluating what was given ..."
    if first.key == LEARNED:
        return f"Training a model on all {events:,} events ..."
    if is_replicated(first):
        return f"Seeing what estimated chances leave uncertain, for {policies} ..."
    if first.until is None:
        half = "the second half of the log" if first.counted_from else "the log"
        return f"Evaluating {policies} on {half} ..."
    return f"Trying {policies} over the first {first.until} events ..."


def _run(tasks: Sequence[Task], evaluation: Evaluation, log: RunLog, folder: Path) -> list[Passed]:
    own = folder / tasks[0].key
    own.mkdir()
    chances = log.replicates if any(map(needs_replicates, tasks)) else None
    return import_pass.run(
        tasks,
        evaluation,
        log.lines,
        folder=own,
        timeout=_NO_HURRY,
        events=log.events,
        replicates=replicates_file.read(chances) if chances else (),
    )
