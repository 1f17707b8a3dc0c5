"""Replays of a log, in processes of their own, that also see what estimated chances leave uncertain."""

from array import array
from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from localhost.evaluate.log_file import LogFile
from localhost.evaluate.order import order_keys
from localhost.evaluate.pool import pool
from localhost.failures import CommandFailure
from localhost.progress import Progress
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.names import FIRST, RANDOM
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import Task
from shared.imports.chances import PARTS
from shared.imports.replicated_sums import POLICY, ReplicatedSums
from shared.metrics.estimators.sums import Sums

NO_HURRY = timedelta(days=7)


def replicate(
    evaluation: Evaluation,
    log: LogFile,
    policies: Mapping[str, str],
    replicates: Path,
    counted_from: int,
    progress: Progress,
) -> dict[str, Sequence[Sums]]:
    """Sum up policies, and the baselines, with the chances as they are without one part of the log after the other.

    Args:
        policies: Learning arguments by name.
        replicates: The file of chances.
        counted_from: The first event that counts.

    Raises:
        CommandFailure: The log turned out to be damaged.
        TrainingFailed: The learner could not do its work.
    """
    progress.line(f"Seeing what estimated chances leave uncertain, for {len(policies)} policies ...")
    with TemporaryDirectory(prefix="rankloop-learn-") as folder, pool() as workers:
        runs = {}
        for number, arguments in enumerate(dict.fromkeys(policies.values())):
            task = Task(f"replicated-{number}", 0, arguments, counted_from)
            runs[workers.submit(_run, task, evaluation, log, replicates, Path(folder))] = arguments
        results = {}
        for done, run in enumerate(as_completed(runs), 1):
            results[runs[run]] = run.result()
            progress.show(done, f"run {done} of {len(runs)}")
        progress.clear()
    any_result = next(iter(results.values()))
    baselines = {name: any_result[name] for name in (FIRST, RANDOM)}
    return baselines | {name: results[arguments][POLICY] for name, arguments in policies.items()}


def read_replicates(path: Path) -> array[float]:
    """Read the file of chances."""
    chances = array("d")
    with path.open("rb") as file:
        chances.fromfile(file, path.stat().st_size // chances.itemsize)
    return chances


def demand_all(replicates: Path, used: int) -> None:
    """See that all events were used, in whose order the chances are.

    Raises:
        CommandFailure: Some were refused.
    """
    if (rows := replicates.stat().st_size // array("d").itemsize // PARTS) != used:
        raise CommandFailure(
            f"The learner refused {rows - used} of {rows} rows, so it is unknown what estimated chances leave open.",
            "Rename columns whose names begin with an underscore, or leave them out of the context.",
        )


def _run(task: Task, evaluation: Evaluation, log: LogFile, replicates: Path, folder: Path) -> dict[str, Sequence[Sums]]:
    own = folder / task.key
    own.mkdir()
    chances, passes = read_replicates(replicates), list[ReplicatedSums]()

    def listen() -> ReplicatedSums:
        passes.append(ReplicatedSums(chances, task.counted_from))
        return passes[-1]

    log_pass.run(task, evaluation, log, folder=own, timeout=NO_HURRY, rewrite=order_keys, listen=listen)
    return {name: passes[-1].totals(name) for name in (POLICY, FIRST, RANDOM)}
