"""What tasks of an evaluation or a feature importance write, and what was found in the end."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from shared.evaluation import evaluation_documents as documents
from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.evaluation_store import run_folder
from shared.evaluation.outcome import FeatureScore, Outcome
from shared.evaluation.tasks import TaskResult
from shared.models.model_store import DamagedModel
from shared.storage import background_reads, blobs

_SENT = b""


def read_outcome(evaluation: Evaluation) -> Outcome | None:
    """What an evaluation found; None before its end."""
    stored = blobs.read(run_folder(evaluation) + "outcome.json")
    return documents.read_outcome(stored.data) if stored else None


def read_totals(of: Sequence[Evaluation]) -> list[Outcome | None]:
    """What each of some evaluations found in all (`Outcome.totals`), read at once; None before its end."""
    texts = iter(background_reads.read_all(run_folder(one) + "totals.json" for one in of if one.status.has_results))
    return [_totals(one, next(texts)) if one.status.has_results else None for one in of]


def _totals(evaluation: Evaluation, kept: bytes | None) -> Outcome | None:
    """Read from what was kept of them, or, as an earlier version kept nothing, from all that was found."""
    if kept is not None:
        return documents.read_outcome(kept)
    found = read_outcome(evaluation)
    return found.totals if found else None


def read_scores(importance: Evaluation) -> list[FeatureScore] | None:
    """What features are worth; None before the end."""
    stored = blobs.read(run_folder(importance) + "scores.json")
    return list(documents.read_scores(stored.data)) if stored else None


def read_model(evaluation: Evaluation, sha256: str) -> bytes:
    """The bytes of a training state or a predictor that a policy of an evaluation has learned.

    Raises:
        DamagedModel: They are not what they were, or not kept any more.
    """
    path = _model(evaluation, sha256)
    stored = blobs.read(path)
    if stored is None or hashlib.sha256(stored.data).hexdigest() != sha256:
        raise DamagedModel(path)
    return stored.data


def read_results(evaluation: Evaluation) -> dict[str, TaskResult]:
    """What came of the tasks so far, by their keys."""
    paths = [blob.path for blob in blobs.list_blobs(run_folder(evaluation) + "tasks/")]
    found = [documents.read_result(text) for text in background_reads.read_all(paths) if text is not None]
    return {result.key: result for result in found}


def keep_result(evaluation: Evaluation, result: TaskResult) -> bool:
    """Keep what came of a task; False if it is kept already, and then that one counts."""
    return blobs.create(_result(evaluation, result.key), documents.result_to_json(result))


def keep_model(evaluation: Evaluation, file: Path) -> str:
    """Keep what a policy has learned; gives its SHA-256."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    blobs.upload_file(_model(evaluation, sha256), file)
    return sha256


def claim_stage(evaluation: Evaluation, stage: int, by: str | None) -> bool:
    """Whether the messages for the tasks of a stage are to be sent by whoever has the message of a task.

    True for one message only, and whenever that one comes again, until they are marked as sent: it is done with only
    when they are.

    Args:
        by: Key of its task; None for the message without one.
    """
    path, claim = _stage(evaluation, stage), f"by {by or 'plan'}".encode()
    if blobs.create(path, claim):
        return True
    stored = blobs.read(path)
    return stored is not None and stored.data == claim


def mark_sent(evaluation: Evaluation, stage: int) -> None:
    """Keep that messages for all tasks of a stage were sent."""
    blobs.write(_stage(evaluation, stage), _SENT)


def first_count(evaluation: Evaluation, lines: int) -> int:
    """How many lines the first task that read the whole log found: this many, if none was before."""
    path = f"{run_folder(evaluation)}lines"
    if blobs.create(path, str(lines).encode()):
        return lines
    stored = blobs.read(path)
    return int(stored.data) if stored else lines


def keep_problem(evaluation: Evaluation, task: str | None, problem: str) -> None:
    """Keep why something went wrong, in case that it does so again and again."""
    blobs.write(_problem(evaluation, task), problem.encode())


def read_problem(evaluation: Evaluation, task: str | None) -> str | None:
    """Why something went wrong the last time; None if nothing did."""
    stored = blobs.read(_problem(evaluation, task))
    return stored.data.decode() if stored else None


def keep_outcome(evaluation: Evaluation, found: Outcome) -> None:
    """Keep what was found, and what of it a list tells."""
    blobs.write(run_folder(evaluation) + "totals.json", documents.outcome_to_json(found.totals))
    blobs.write(run_folder(evaluation) + "outcome.json", documents.outcome_to_json(found))


def keep_scores(evaluation: Evaluation, found: Sequence[FeatureScore]) -> None:
    """Keep what features are worth."""
    blobs.write(run_folder(evaluation) + "scores.json", documents.scores_to_json(found))


def tidy(evaluation: Evaluation, kept_models: Sequence[str] = ()) -> None:
    """Delete what only the tasks of an evaluation that has ended needed.

    Args:
        kept_models: The SHA-256 of the models that stay.
    """
    kept = {_model(evaluation, sha256) for sha256 in kept_models}
    names = ("outcome", "totals", "scores") if evaluation.status.has_results else ()
    results = {f"{run_folder(evaluation)}{name}.json" for name in names}
    for blob in blobs.list_blobs(run_folder(evaluation)):
        if blob.path not in kept | results:
            blobs.remove(blob.path)


def forget(evaluation: Evaluation) -> None:
    """Delete what tasks wrote for an evaluation that is not there any more; one that has results keeps all."""
    now = evaluation_store.read(evaluation.purpose, evaluation.id)
    if now is not None and now.created_us == evaluation.created_us and now.status.has_results:
        return
    for blob in blobs.list_blobs(run_folder(evaluation)):
        blobs.remove(blob.path)


def _result(evaluation: Evaluation, task: str) -> str:
    return f"{run_folder(evaluation)}tasks/{task}.json"


def _stage(evaluation: Evaluation, stage: int) -> str:
    return f"{run_folder(evaluation)}stages/{stage}"


def _problem(evaluation: Evaluation, task: str | None) -> str:
    return f"{run_folder(evaluation)}problems/{task or 'plan'}"


def _model(evaluation: Evaluation, sha256: str) -> str:
    return f"{run_folder(evaluation)}models/{sha256}.vw"
