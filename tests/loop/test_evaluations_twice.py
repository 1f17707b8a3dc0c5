"""Evaluations whose messages come twice, too late, or while another worker ends them."""

import time
from contextlib import suppress
from copy import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from evaluate_fn import runner, stages
from evaluate_fn.deletion import delete
from evaluate_fn.evaluated_log import LogChanged
from localhost.azurite.accounts import EmulatedAccount
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, ImportSource, Purpose, Status
from shared.evaluation.evaluation_queue import make_message
from shared.evaluation.tasks import TaskResult
from shared.imports import import_run_store
from shared.times import HOUR, compact
from tests.conftest import StartHost
from tests.loop import evaluated_log
from tests.loop.conftest import NEVER
from tests.loop.customer_files import put_files
from tests.loop.stored_loop import StoredLoop
from tests.loop.workers import Worker
from tests.unit.learner.lines import event_lines

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.mark.parametrize("purpose", Purpose)
def test_what_is_delivered_twice_is_found_once(
    stored_loop: StoredLoop, theirs: EmulatedAccount, start_host: StartHost, tmp_path: Path, purpose: Purpose
) -> None:
    """The second of each while the first is at work: queues promise no less, and no more."""
    evaluation = build(stored_loop, theirs, "twice", purpose)
    host, again = start_host(**NEVER), set[str | None]()

    evaluation_store.start(evaluation)
    while evaluated_log.is_running(evaluation):
        with suppress(LogChanged):  # of an import that has ended meanwhile
            tasks = stages._open(evaluation, evaluation_run_store.read_results(evaluation))
            for key in {None, *(task.key for task in tasks)} - again:
                host.begin("evaluate_work", make_message(evaluation, key).text())
                again.add(key)
        time.sleep(0.05)
    evaluated_log.wait_until(lambda: len(set(host.runs("evaluate_work"))) == 1)

    assert evaluated_log.wait_for(evaluation).status is Status.SUCCEEDED
    assert read_findings(evaluation) == evaluate_undisturbed(stored_loop, evaluation, tmp_path)
    assert not _leftovers(stored_loop, evaluation)


@pytest.mark.parametrize("purpose", Purpose)
def test_one_that_ends_while_a_second_worker_has_a_task_keeps_what_was_found(
    stored_loop: StoredLoop,
    theirs: EmulatedAccount,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    purpose: Purpose,
) -> None:
    """It came too late; that is no reason to delete anything but what it brought."""
    evaluation = build(stored_loop, theirs, "late", purpose)
    evaluation_store.create(evaluation)
    carry_out = runner._TaskRun.carry_out

    def carry_out_late(run: runner._TaskRun) -> Any:
        with Worker(stored_loop.storage, evaluation, tmp_path / "worker.log") as worker:
            assert worker.wait() == 0
        return carry_out(run)

    monkeypatch.setattr(runner._TaskRun, "carry_out", carry_out_late)
    (first, *_) = stages._open(evaluation, {})
    while stages.take(make_message(evaluation, first.key).text(), 1, Event()) is not None:
        pass  # an import's files are not all copied yet

    assert evaluated_log.wait_for(evaluation).status is Status.SUCCEEDED
    assert read_findings(evaluation) == evaluate_undisturbed(stored_loop, evaluation, tmp_path)
    assert not _leftovers(stored_loop, evaluation)


@pytest.mark.parametrize("purpose", Purpose)
def test_an_evaluation_that_ends_before_its_last_worker_reads_it_again_keeps_its_outcome(
    stored_loop: StoredLoop,
    theirs: EmulatedAccount,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    purpose: Purpose,
) -> None:
    """Another one saw its result, and had nothing to wait for."""
    evaluation = build(stored_loop, theirs, "closing", purpose)
    evaluation_store.create(evaluation)
    keep = evaluation_run_store.keep_result

    def keep_and_go_on(evaluation_with_result: Evaluation, result: TaskResult) -> bool:
        is_new = keep(evaluation_with_result, result)
        stages.take(make_message(evaluation).text(), 1, Event())
        return is_new

    monkeypatch.setattr(evaluation_run_store, "keep_result", keep_and_go_on)
    while evaluated_log.is_running(evaluation):
        task = stages._open(evaluation, evaluation_run_store.read_results(evaluation))[0]
        stages.take(make_message(evaluation, task.key).text(), 1, Event())

    assert evaluated_log.wait_for(evaluation).status is Status.SUCCEEDED
    assert read_findings(evaluation) == evaluate_undisturbed(stored_loop, evaluation, tmp_path)
    assert not _leftovers(stored_loop, evaluation)


def test_what_a_late_worker_of_a_canceled_one_brought_goes(
    stored_loop: StoredLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Canceled between the worker's last read of it and the worker's result."""
    evaluation = evaluated_log.build_evaluation("canceled", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)
    keep = evaluation_run_store.keep_result

    def cancel_and_keep(canceled: Evaluation, result: TaskResult) -> bool:
        assert delete(Purpose.EVALUATION, canceled.id)
        return keep(canceled, result)

    monkeypatch.setattr(evaluation_run_store, "keep_result", cancel_and_keep)
    stages.take(make_message(evaluation, "custom-0").text(), 1, Event())

    assert evaluated_log.wait_for(evaluation).status is Status.CANCELED
    assert list(stored_loop.blobs("evaluations/")) == ["evaluations/canceled/evaluation.json"]


MODELS = {Purpose.EVALUATION: 4, Purpose.IMPORTANCE: 0, Purpose.IMPORT: 2}
"""How many files of models stay."""
RESULTS = {"outcome.json", "totals.json", "scores.json", "learned.json"}


def build(
    stored_loop: StoredLoop, theirs: EmulatedAccount, of_id: str, purpose: Purpose, *, hours: int = 4, **changes: Any
) -> Evaluation:
    """An evaluation of some log, or an import of some file."""
    if purpose is not Purpose.IMPORT:
        span = evaluated_log.write(stored_loop, hours=hours)
        return evaluated_log.build_evaluation(of_id, span, purpose=purpose, **changes)
    source = ImportSource(put_files(theirs, {"log.json": b"\n".join(event_lines(60))}))
    return evaluated_log.build_evaluation(of_id, (0, HOUR), purpose=purpose, source=source, custom=())


def read_findings(evaluation: Evaluation) -> object:
    """What an evaluation came to."""
    if evaluation.purpose is Purpose.IMPORT:
        return import_run_store.read_outcome(evaluation)
    is_evaluation = evaluation.purpose is Purpose.EVALUATION
    return (
        evaluation_run_store.read_outcome(evaluation) if is_evaluation else evaluation_run_store.read_scores(evaluation)
    )


def evaluate_undisturbed(stored_loop: StoredLoop, evaluation: Evaluation, folder: Path) -> object:
    """What one undisturbed worker finds."""
    if evaluation.purpose is Purpose.EVALUATION:
        return evaluated_log.evaluate_in_process(stored_loop, evaluation, folder)
    alone = replace(evaluation, id="alone")
    evaluation_store.create(alone)
    with Worker(stored_loop.storage, alone, folder / "alone.log") as worker:
        assert worker.wait() == 0
    return read_findings(alone)


def _leftovers(stored_loop: StoredLoop, evaluation: Evaluation) -> set[str]:
    """Blobs in its folder that only its tasks needed; its models have to be there."""
    root = evaluated_log.FOLDERS[evaluation.purpose]
    names = {
        name.split(f"{compact(evaluation.created_us)}/")[-1] for name in stored_loop.blobs(f"{root}/{evaluation.id}/")
    }
    models = {name for name in names if name.startswith("models/")}
    assert len(models) == MODELS[evaluation.purpose]
    return names - models - {f"{root}/{evaluation.id}/evaluation.json"} - RESULTS
