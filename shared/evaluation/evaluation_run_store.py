"""What the tasks of an evaluation or a feature importance write, and the results of the whole."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from shared.evaluation import evaluation_documents as documents
from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.evaluation_store import run_folder
from shared.evaluation.outcome import FeatureScore, Outcome
from shared.evaluation.tasks import Progress, TaskResult
from shared.models.model_store import DamagedModel
from shared.storage.this_storage import blobs


def read_outcome(evaluation: Evaluation) -> Outcome | None:
    """Read the outcome of an evaluation; None before its end."""
    stored = blobs().read(run_folder(evaluation) + "outcome.json")
    return documents.read_outcome(stored.data) if stored else None


def read_totals(evaluations: Sequence[Evaluation]) -> list[Outcome | None]:
    """Read the outcomes of evaluations without their bins (`Outcome.totals`), all at once; None before the end."""
    ended = [evaluation for evaluation in evaluations if evaluation.status.has_results]
    texts = iter(blobs().read_all(run_folder(evaluation) + "totals.json" for evaluation in ended))
    return [_totals(evaluation, next(texts)) if evaluation.status.has_results else None for evaluation in evaluations]


def _totals(evaluation: Evaluation, text: bytes | None) -> Outcome | None:
    """Parse stored totals, or make them of the outcome, since an earlier version stored none."""
    if text is not None:
        return documents.read_outcome(text)
    outcome = read_outcome(evaluation)
    return outcome.totals if outcome else None


def read_scores(importance: Evaluation) -> list[FeatureScore] | None:
    """Read the scores of features; None before the end."""
    stored = blobs().read(run_folder(importance) + "scores.json")
    return list(documents.read_scores(stored.data)) if stored else None


def read_model(evaluation: Evaluation, sha256: str) -> bytes:
    """Read a training state or a predictor that a policy of an evaluation has learned.

    Raises:
        DamagedModel: The bytes have another SHA-256, or were deleted.
    """
    path = _model(evaluation, sha256)
    stored = blobs().read(path)
    if stored is None or hashlib.sha256(stored.data).hexdigest() != sha256:
        raise DamagedModel(path)
    return stored.data


def read_results(evaluation: Evaluation) -> dict[str, TaskResult]:
    """Read the results of the tasks that have any, by the key of the task."""
    paths = list(blobs().list_paths(run_folder(evaluation) + "tasks/"))
    results = [documents.read_result(text) for text in blobs().read_all(paths) if text is not None]
    return {result.key: result for result in results}


def keep_result(evaluation: Evaluation, result: TaskResult) -> bool:
    """Write the result of a task; False if the task has one already, which then counts."""
    return blobs().create(_result(evaluation, result.key), documents.result_to_json(result))


def keep_model(evaluation: Evaluation, file: Path) -> str:
    """Write a file of a model that a policy has learned; gives its SHA-256."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    blobs().upload_file(_model(evaluation, sha256), file)
    return sha256


def claim_stage(evaluation: Evaluation, stage: int, by: str | None) -> bool:
    """True for the one worker that may send this stage's messages.

    A retry of the same worker gets True again until `mark_sent`: a message is done with only once it has returned.

    Args:
        by: Key of the task whose message the worker has; None for the first message of the evaluation.
    """
    path, claim = _stage(evaluation, stage), f"by {by or 'plan'}".encode()
    if blobs().create(path, claim):
        return True
    stored = blobs().read(path)
    return stored is not None and stored.data == claim


def mark_sent(evaluation: Evaluation, stage: int, tasks: int) -> None:
    """Note that the messages for all tasks of a stage were sent.

    Args:
        tasks: How many tasks the evaluation has up to the end of the stage.
    """
    blobs().write(_stage(evaluation, stage), str(tasks).encode())


def read_progress(evaluation: Evaluation) -> Progress:
    """Count the tasks of an evaluation that runs.

    Before all messages of its last stage are sent, it is not stored how many there are, and some may be done already.
    """
    run = run_folder(evaluation)
    paths = list(blobs().list_paths(run))
    stages = sum(path.startswith(f"{run}stages/") for path in paths)
    last = blobs().read_all(_stage(evaluation, stage) for stage in range(max(stages - 2, 0), stages))
    planned = [int(mark) for mark in last if mark is not None and mark.isdigit()]
    done = sum(path.startswith(f"{run}tasks/") for path in paths)
    return Progress(done, max(*planned, done) if planned else None)


def first_count(evaluation: Evaluation, lines: int) -> int:
    """The number of lines that the first task over the whole log counted; `lines`, if this task is the first."""
    path = f"{run_folder(evaluation)}lines"
    if blobs().create(path, str(lines).encode()):
        return lines
    stored = blobs().read(path)
    return int(stored.data) if stored else lines


def keep_problem(evaluation: Evaluation, task: str | None, problem: str) -> None:
    """Write why a task failed, for the case that all its tries fail, or why it waits; empty if it does not."""
    blobs().write(_problem(evaluation, task), problem.encode())


def read_problem(evaluation: Evaluation, task: str | None) -> str | None:
    """Read why the last try of a task failed, or why it waits; None if neither is so."""
    stored = blobs().read(_problem(evaluation, task))
    return stored.data.decode() or None if stored else None


def keep_outcome(evaluation: Evaluation, outcome: Outcome) -> None:
    """Write the outcome of an evaluation, and its totals for the list of evaluations."""
    blobs().write(run_folder(evaluation) + "totals.json", documents.outcome_to_json(outcome.totals))
    blobs().write(run_folder(evaluation) + "outcome.json", documents.outcome_to_json(outcome))


def keep_scores(evaluation: Evaluation, scores: Sequence[FeatureScore]) -> None:
    """Write the scores of features."""
    blobs().write(run_folder(evaluation) + "scores.json", documents.scores_to_json(scores))


def tidy(evaluation: Evaluation, models: Sequence[str] = ()) -> None:
    """Delete what only the tasks of an evaluation needed, which has ended.

    Args:
        models: The SHA-256 of the models that stay.
    """
    names = ("outcome", "totals", "scores", "learned") if evaluation.status.has_results else ()
    stay = {f"{run_folder(evaluation)}{name}.json" for name in names}
    stay |= {_model(evaluation, sha256) for sha256 in models}
    for path in blobs().list_paths(run_folder(evaluation)):
        if path not in stay:
            blobs().remove(path)


def forget(evaluation: Evaluation) -> None:
    """Delete what tasks wrote for an evaluation that was deleted; nothing, if it is there and has results."""
    now = evaluation_store.read(evaluation.purpose, evaluation.id)
    if now is not None and now.created_us == evaluation.created_us and now.status.has_results:
        return
    for path in blobs().list_paths(run_folder(evaluation)):
        blobs().remove(path)


def _result(evaluation: Evaluation, task: str) -> str:
    return f"{run_folder(evaluation)}tasks/{task}.json"


def _stage(evaluation: Evaluation, stage: int) -> str:
    return f"{run_folder(evaluation)}stages/{stage}"


def _problem(evaluation: Evaluation, task: str | None) -> str:
    return f"{run_folder(evaluation)}problems/{task or 'plan'}"


def _model(evaluation: Evaluation, sha256: str) -> str:
    return f"{run_folder(evaluation)}models/{sha256}.vw"
