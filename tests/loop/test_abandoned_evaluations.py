"""Abandoned evaluations, which have no messages left: the trainer ends them, and deletes what a deletion left."""

from collections.abc import Iterator
from copy import replace

import pytest

from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.tasks import LineCounts, TaskResult
from shared.times import DAY, HOUR, compact
from tests.clock import now_us
from tests.loop import evaluated_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.stored_loop import StoredLoop


@pytest.fixture(autouse=True)
def _home(stored_loop: StoredLoop) -> Iterator[None]:
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    with evaluated_log.use_storage(stored_loop.storage):
        yield


def keep_task_result(
    evaluation_id: str, ago_us: int, purpose: Purpose = Purpose.EVALUATION, **changes: object
) -> Evaluation:
    """An evaluation without messages of which one task is done."""
    evaluation = evaluated_log.build_evaluation(evaluation_id, (0, HOUR), purpose=purpose)
    evaluation = replace(evaluation, created_us=now_us() - ago_us, **changes)  # type: ignore[arg-type]
    evaluation_run_store.keep_result(evaluation, TaskResult("logged", LineCounts(), {}, 0.2))
    return evaluation


def train(trainer: StartTrainer) -> None:
    with trainer() as started_trainer:
        started_trainer.succeed()


def status(evaluation: Evaluation) -> Status | None:
    evaluation_now = evaluation_store.read(evaluation.purpose, evaluation.id)
    return evaluation_now.status if evaluation_now else None


@pytest.mark.parametrize("purpose", Purpose)
def test_what_runs_for_more_than_a_day_is_ended(
    stored_loop: StoredLoop, trainer: StartTrainer, purpose: Purpose
) -> None:
    """Its messages were lost, or what was to end it failed, too; nothing of its tasks stays."""
    lost, done = (
        keep_task_result("lost", DAY + HOUR, purpose),
        keep_task_result("done", 2 * DAY, purpose, status=Status.SUCCEEDED),
    )
    young = keep_task_result("young", DAY - HOUR, purpose)
    for evaluation in (lost, done, young):
        evaluation_store.create(evaluation)

    train(trainer)

    ended = evaluation_store.read(purpose, "lost")
    assert ended is not None
    assert (ended.status, ended.reason) == (Status.TIMEOUT, "It was not done within a day.")
    assert abs((ended.ended_us or 0) - now_us()) < HOUR
    assert evaluation_run_store.read_results(lost) == {}
    assert (status(done), status(young)) == (Status.SUCCEEDED, Status.RUNNING)
    assert set(evaluation_run_store.read_results(young)) == {"logged"}


def test_the_trainer_checks_for_abandoned_evaluations_once_an_hour(trainer: StartTrainer) -> None:
    """Each such check lists and reads all evaluations."""
    train(trainer)
    lost = keep_task_result("lost", DAY + HOUR)
    evaluation_store.create(lost)

    train(trainer)

    assert status(lost) is Status.RUNNING


@pytest.mark.parametrize("purpose", Purpose)
def test_what_is_left_of_one_that_is_gone_is_deleted(
    stored_loop: StoredLoop, trainer: StartTrainer, purpose: Purpose
) -> None:
    """Its deletion was killed, or a worker wrote once more; another evaluation of the same id keeps its blobs."""
    keep_task_result("gone", HOUR, purpose)
    older, newer = keep_task_result("again", 2 * HOUR, purpose), keep_task_result("again", HOUR, purpose)
    evaluation_store.create(newer)

    train(trainer)

    root = evaluated_log.FOLDERS[purpose]
    own = f"{root}/again/{compact(newer.created_us)}/tasks/logged.json"
    assert set(stored_loop.blobs(f"{root}/")) == {f"{root}/again/evaluation.json", own}
    assert evaluation_run_store.read_results(older) == {}


def test_one_that_cannot_be_read_does_not_keep_the_loop_from_learning(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Nothing of it is touched."""
    keep_task_result("damaged", HOUR)
    stored_loop.put("evaluations/damaged/evaluation.json", b"{")
    past.Past([past.event("one", past.minutes_ago(30))]).write(stored_loop)

    train(trainer)

    assert stored_loop.document("state.json")["counters"]["learned"] == 1
    assert len(stored_loop.blobs("evaluations/damaged/")) == 2
