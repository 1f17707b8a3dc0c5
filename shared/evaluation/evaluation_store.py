"""Evaluations and feature importances in storage: what was asked, and how each of them stands.

All blobs of one lie under its id. What its tasks write lies in a folder named after when it was asked for, so that
workers of one that was deleted cannot write into another one of the same id.
"""

from collections.abc import Callable, Mapping

from shared.evaluation import evaluation_documents as documents
from shared.evaluation import evaluation_queue
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.evaluation_queue import message
from shared.intake.identifiers import event_key, hashed_key
from shared.storage import background_reads, blobs, json_documents
from shared.storage.paths import EVALUATIONS, IMPORTANCES
from shared.times import compact

_ROOTS: Mapping[Purpose, str] = {Purpose.EVALUATION: EVALUATIONS, Purpose.IMPORTANCE: IMPORTANCES}
_HIDDEN_SECONDS = 30
"""When somebody looks whether an evaluation was begun, should the one who asked for it have died in between."""


def start(evaluation: Evaluation) -> bool:
    """Keep an evaluation and have it carried out; False if there is one of its id.

    A message that nobody sees yet goes first, so none stands still however this ends.

    Raises:
        StorageUnavailable: It may have been started or not.
    """
    evaluation_queue.send([message(evaluation)], _HIDDEN_SECONDS)
    if not create(evaluation):
        return False
    evaluation_queue.send([message(evaluation)])
    return True


def create(evaluation: Evaluation) -> bool:
    """Keep an evaluation; False if there is one of its id."""
    return blobs.create(_record(evaluation.purpose, evaluation.id), documents.evaluation_to_json(evaluation))


def read(purpose: Purpose, evaluation_id: str) -> Evaluation | None:
    """The evaluation of an id; None if there is none."""
    stored = blobs.read(_record(purpose, evaluation_id))
    return documents.read_evaluation(stored.data) if stored else None


def list_all(purpose: Purpose) -> list[Evaluation]:
    """All evaluations, the newest first."""
    texts = background_reads.read_all(_record_in(_ROOTS[purpose] + key) for key in blobs.list_folders(_ROOTS[purpose]))
    found = [documents.read_evaluation(text) for text in texts if text is not None]
    return sorted(found, key=lambda one: (one.created_us, one.id), reverse=True)


def survey(purpose: Purpose) -> tuple[list[Evaluation], list[str]]:
    """All evaluations, and the paths of blobs that belong to none of them.

    A record is there before and as long as its run may be written to: what is listed, but is of no record that is read
    afterwards, is of one that is gone.

    Raises:
        UnreadableDocument: A record is damaged, and what belongs to it is not known.
    """
    root = _ROOTS[purpose]
    paths = [blob.path for blob in blobs.list_blobs(root)]
    records = dict.fromkeys(path for path in paths if path == _record_in(root + path.removeprefix(root).split("/")[0]))
    texts = zip(records, background_reads.read_all(records), strict=True)
    found = {path: documents.read_evaluation(text) for path, text in texts if text is not None}
    runs = tuple(f"{path.rpartition('/')[0]}/{compact(one.created_us)}/" for path, one in found.items())
    return list(found.values()), [path for path in paths if path not in records and not path.startswith(runs)]


def change(purpose: Purpose, evaluation_id: str, change: Callable[[Evaluation], Evaluation]) -> Evaluation | None:
    """Write what `change` makes of an evaluation, so that no other change is lost; None if there is no such one.

    Args:
        change: May be called again if another writer came between; what it raises is passed on, nothing changed.
    """

    def change_if_there(before: Evaluation | None) -> Evaluation | None:
        return None if before is None else change(before)

    path = _record(purpose, evaluation_id)
    return json_documents.change(path, documents.read_evaluation, _to_json, change_if_there)


def remove(purpose: Purpose, evaluation_id: str) -> None:
    """Delete an evaluation and all that came of it; what still works on it stops by itself."""
    blobs.remove(_record(purpose, evaluation_id))
    for blob in blobs.list_blobs(f"{_folder(purpose, evaluation_id)}/"):
        if blob.path != _record(purpose, evaluation_id):
            blobs.remove(blob.path)


def _to_json(evaluation: Evaluation | None) -> bytes:
    if evaluation is None:
        raise ValueError("no evaluation is not written")
    return documents.evaluation_to_json(evaluation)


def _folder(purpose: Purpose, evaluation_id: str) -> str:
    """Where all blobs of one lie: without a slash, and without a dot at the end, which storage would take away."""
    key = hashed_key(evaluation_id) if evaluation_id.endswith(".") else event_key(evaluation_id)
    return f"{_ROOTS[purpose]}{key}"


def _record(purpose: Purpose, evaluation_id: str) -> str:
    return _record_in(_folder(purpose, evaluation_id))


def _record_in(folder: str) -> str:
    return f"{folder}/evaluation.json"


def run_folder(evaluation: Evaluation) -> str:
    """Where what its tasks write lies, and what was found; with a slash."""
    return f"{_folder(evaluation.purpose, evaluation.id)}/{compact(evaluation.created_us)}/"
