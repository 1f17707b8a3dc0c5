"""The stages of an import: what comes before an evaluation, and what comes after it."""

from dataclasses import replace
from pathlib import Path

from localhost.evaluate.whole_log import evaluation
from shared.evaluation import plan
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import LineCounts, TaskResult
from shared.imports import import_plan
from shared.imports.import_outcome import Gathered
from shared.imports.import_plan import GATHERED
from shared.imports.verdict import add_new_loop
from tests.unit.learner.lines import event_lines

SEARCHED = evaluation(add_new_loop(()), "cb", optimise=True)


def test_an_import_searches_as_an_evaluation_does(tmp_path: Path) -> None:
    """The same settings over the same events; of none of them is a model kept, since one that learns all comes last."""
    gathered = Gathered(120, (), (), has_replicates=False)
    results = {GATHERED: TaskResult(GATHERED, LineCounts(), {})}
    (logged,) = import_plan.open_tasks(SEARCHED, results, gathered)
    results[logged.key] = log_pass.run_in_process(logged, SEARCHED, event_lines(120), folder=tmp_path)

    searched = import_plan.open_tasks(SEARCHED, results, gathered)

    expected = plan.open_tasks(SEARCHED, results)
    assert len(searched) > 10
    assert searched == tuple(replace(task, stage=task.stage + 1, keeps_model=False) for task in expected)


def test_the_files_are_gathered_first() -> None:
    """By a task that reads no log."""
    (first,) = import_plan.open_tasks(SEARCHED, {}, None)

    assert (first.key, first.until) == (GATHERED, 0)
