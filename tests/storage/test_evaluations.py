"""Evaluations in storage: read as they were written, changed so that nothing is lost, and gone once deleted."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.evaluation import evaluation_documents, evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Policy, Purpose, Source, Status
from shared.evaluation.outcome import Candidate, FeatureScore, Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts, TaskResult, TrainedModel
from shared.metrics.estimators.sums import Sums
from shared.models.model_store import DamagedModel
from shared.storage import loop_threads
from shared.storage.json_documents import UnreadableDocument
from shared.storage.paths import EVALUATION_QUEUE
from shared.storage.this_storage import blobs, queues
from shared.times import HOUR, MINUTE, compact
from tests.clock import now_us
from tests.loop import evaluated_log

IDS = ("plain", "Grüße, Ünïcode/with?everything#else", ".", "..", "...", "ends.", "ends..", "a" * 200, "%2F", "~")
SUMS = Sums(3, 3.5, 2, *[value / 7 for value in range(10)], 4, *[value / 3 for value in range(9)])


@pytest.fixture(autouse=True)
def _home(storage: str) -> Iterator[None]:
    with evaluated_log.use_storage(storage):
        yield


def new_evaluation(evaluation_id: str = "one", ago_us: int = 0, **changes: object) -> Evaluation:
    """An evaluation that no worker has."""
    evaluation = evaluated_log.build_evaluation(evaluation_id, (0, HOUR))
    return replace(evaluation, created_us=evaluation.created_us - ago_us, **changes)  # type: ignore[arg-type]


def result(key: str) -> TaskResult:
    """What came of a task."""
    model = TrainedModel("state", "predictor", 3, "first", None)
    return TaskResult(key, LineCounts(7, 3, 2), {"": {"": {5: SUMS}, "slot": {}}}, 0.2, up_to_us=9, model=model)


@pytest.mark.parametrize("evaluation_id", IDS)
def test_an_id_may_be_any_text(evaluation_id: str) -> None:
    """Callers choose them; storage takes away a dot at the end of a step."""
    evaluation = new_evaluation(evaluation_id)

    assert evaluation_store.create(evaluation)
    assert not evaluation_store.create(evaluation)

    assert evaluation_store.read(Purpose.EVALUATION, evaluation_id) == evaluation
    assert evaluation_store.read(Purpose.IMPORTANCE, evaluation_id) is None
    assert evaluation_store.list_all(Purpose.EVALUATION) == [evaluation]
    [path] = (blob.path for blob in blobs().list_blobs("loops/default/evaluations/"))
    assert not any(step.endswith(".") for step in path.split("/"))
    evaluation_store.remove(Purpose.EVALUATION, evaluation_id)
    assert evaluation_store.read(Purpose.EVALUATION, evaluation_id) is None


def test_the_newest_comes_first() -> None:
    """And what tasks wrote is none."""
    for number in (2, 5, 1, 4, 3):
        evaluation_store.create(new_evaluation(f"id{number}", number * MINUTE))
    evaluation_run_store.keep_result(new_evaluation("id3"), result("logged"))

    assert [evaluation.id for evaluation in evaluation_store.list_all(Purpose.EVALUATION)] == [
        "id1",
        "id2",
        "id3",
        "id4",
        "id5",
    ]
    assert evaluation_store.list_all(Purpose.IMPORTANCE) == []


def test_changes_at_the_same_moment_are_all_made() -> None:
    """Each is made anew on what the one before left."""
    evaluation_store.create(new_evaluation())

    def longer(evaluation: Evaluation) -> Evaluation:
        return replace(evaluation, name=evaluation.name + "x")

    loop_threads.at_once(lambda _: evaluation_store.change(Purpose.EVALUATION, "one", longer), range(12), 4)

    changed = evaluation_store.read(Purpose.EVALUATION, "one")
    assert changed is not None
    assert changed.name == new_evaluation().name + 12 * "x"


def test_a_change_of_what_is_gone_changes_nothing() -> None:
    """And does not bring it back."""
    assert (
        evaluation_store.change(Purpose.EVALUATION, "one", lambda evaluation: replace(evaluation, name="new")) is None
    )
    assert evaluation_store.read(Purpose.EVALUATION, "one") is None


def test_a_result_is_kept_once() -> None:
    """The first one counts; a second one is the same, or of a worker that was too slow."""
    evaluation = new_evaluation()

    assert evaluation_run_store.keep_result(evaluation, result("logged"))
    assert not evaluation_run_store.keep_result(evaluation, replace(result("logged"), lines=LineCounts()))

    assert evaluation_run_store.read_results(evaluation) == {"logged": result("logged")}
    assert evaluation_run_store.read_results(new_evaluation(ago_us=-1)) == {}


def test_what_has_results_is_not_forgotten() -> None:
    """A worker may take it for gone and be wrong; of an evaluation that is gone, or is another, nothing stays."""
    policy = PolicyOutcome(Policy("p", "--x", Source.CUSTOM), "", {5: SUMS})
    evaluation, older = new_evaluation(status=Status.SUCCEEDED), new_evaluation(ago_us=5)
    evaluation_store.create(evaluation)
    for each in (evaluation, older):
        evaluation_run_store.keep_outcome(each, Outcome((policy,), LineCounts(), 5, (), "online"))
        evaluation_run_store.forget(each)

    assert evaluation_run_store.read_outcome(evaluation) is not None
    assert evaluation_run_store.read_outcome(older) is None


def test_what_one_without_results_had_found_is_tidied_away() -> None:
    """It was canceled while a worker ended it."""
    evaluation = new_evaluation(status=Status.CANCELED)
    evaluation_run_store.keep_outcome(evaluation, Outcome((), LineCounts(), 5, (), "online"))

    evaluation_run_store.tidy(evaluation)

    assert evaluation_run_store.read_outcome(evaluation) is None


def test_what_was_found_is_read_as_it_was_kept() -> None:
    """Also sums without events, whose lowest reward is infinite."""
    policy = PolicyOutcome(Policy("p", "--x", Source.CUSTOM), "", {5: SUMS, 7: Sums()}, 3)
    outcome = Outcome((policy,), LineCounts(1, 2, 3), 5, (Candidate("Hyper1", "--y", 0, Sums()),), "online", 9)
    evaluation = new_evaluation()
    evaluation_store.create(evaluation)

    assert evaluation_run_store.read_outcome(evaluation) is None
    evaluation_run_store.keep_outcome(evaluation, outcome)

    assert evaluation_run_store.read_outcome(evaluation) == outcome


def test_what_was_found_in_all_is_read_without_the_rest() -> None:
    """A list of many needs no more, and windows and candidates are most of an outcome."""
    policy = PolicyOutcome(Policy("p", "--x", Source.CUSTOM), "", {7: SUMS, 5: SUMS, 9: SUMS}, 5)
    nothing = PolicyOutcome(Policy("q", "--y", Source.CUSTOM), "", {})
    outcome = Outcome((policy, nothing), LineCounts(1, 2, 3), 5, (Candidate("Hyper1", "--y", 0, Sums()),), "p", 9)
    several = [new_evaluation(f"id{number}", status=Status.SUCCEEDED) for number in range(3)] + [
        new_evaluation("running")
    ]
    for evaluation in several[:2]:
        evaluation_run_store.keep_outcome(evaluation, outcome)
        evaluation_run_store.tidy(evaluation)

    blobs().write(f"loops/default/evaluations/id0/{compact(several[0].created_us)}/outcome.json", b"{")
    blobs().remove(f"loops/default/evaluations/id1/{compact(several[1].created_us)}/totals.json")
    totals = evaluation_run_store.read_totals(several)

    assert totals == [outcome.totals, outcome.totals, None, None]
    assert outcome.totals.policies[0].total == policy.total
    assert [len(policy.bins) for policy in outcome.totals.policies] == [1, 0]
    assert outcome.totals.candidates == ()


def test_an_outcome_of_an_older_version_has_what_it_had() -> None:
    """A sum that it did not know is at rest, and one that is not known any more is left out; it had no finding."""
    policy = PolicyOutcome(Policy("p", "--x", Source.CUSTOM), "", {5: SUMS})
    text = evaluation_documents.outcome_to_json(Outcome((policy,), LineCounts(), 5, (), "online"))

    older_text = text.replace(b'"weights"', b'"strange"').replace(b'"finding":null', b'"verdict":null')
    older = evaluation_documents.read_outcome(older_text)

    assert older.policies[0].bins[5] == SUMS._replace(weights=0.0)
    assert (older_text.count(b"finding"), older.finding) == (0, None)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"policies":[{}]}'])
def test_what_is_damaged_is_refused(text: bytes) -> None:
    """By an error that the API knows."""
    with pytest.raises(UnreadableDocument):
        evaluation_documents.read_outcome(text)


def test_a_model_is_what_was_learned_or_nothing(tmp_path: Path) -> None:
    """It is going to rank."""
    evaluation = new_evaluation()
    evaluation_store.create(evaluation)
    (tmp_path / "model").write_bytes(b"learned")
    sha256 = evaluation_run_store.keep_model(evaluation, tmp_path / "model")

    assert evaluation_run_store.read_model(evaluation, sha256) == b"learned"
    (path,) = (blob.path for blob in blobs().list_blobs("loops/default/evaluations/one/") if blob.path.endswith(".vw"))
    blobs().write(path, b"changed")
    with pytest.raises(DamagedModel):
        evaluation_run_store.read_model(evaluation, sha256)
    with pytest.raises(DamagedModel):
        evaluation_run_store.read_model(evaluation, "0" * 64)


def test_scores_are_kept() -> None:
    """Of feature importances."""
    importance = new_evaluation(purpose=Purpose.IMPORTANCE)
    evaluation_store.create(importance)

    assert evaluation_run_store.read_scores(importance) is None
    evaluation_run_store.keep_scores(importance, [FeatureScore("n", "f", 0.5)])

    assert evaluation_run_store.read_scores(importance) == [FeatureScore("n", "f", 0.5)]


def test_starting_twice_starts_once() -> None:
    """A client that repeats a call, or a trainer that died after it started one."""
    assert evaluation_store.start(new_evaluation())
    assert not evaluation_store.start(new_evaluation())

    assert len(queues().receive(EVALUATION_QUEUE, 32, 30)) == 1
    evaluation = evaluation_store.read(Purpose.EVALUATION, "one")
    assert evaluation is not None
    assert evaluation.status is Status.RUNNING
    assert abs(evaluation.created_us - now_us()) < MINUTE


def test_an_evaluation_that_was_created_without_an_answer_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The try after that finds the record; the hidden message may have come, in vain, before the record was there."""
    create = evaluation_store.create
    monkeypatch.setattr(evaluation_store, "create", lambda evaluation: create(evaluation) and False)

    assert evaluation_store.start(new_evaluation())

    assert len(queues().receive(EVALUATION_QUEUE, 32, 30)) == 1


def test_a_death_while_starting_leaves_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """It becomes visible after a while: then the record is there, or the caller got no success."""
    monkeypatch.setattr(evaluation_store, "create", _die)
    monkeypatch.setattr(evaluation_store, "_HIDDEN_SECONDS", 2)

    with pytest.raises(ZeroDivisionError):
        evaluation_store.start(new_evaluation())

    assert queues().receive(EVALUATION_QUEUE, 32, 30) == []
    time.sleep(2.5)
    assert len(queues().receive(EVALUATION_QUEUE, 32, 30)) == 1


def _die(_: Evaluation) -> bool:
    raise ZeroDivisionError
