"""Evaluations, feature importances and imports in storage: a record each, with what was to be evaluated and its status.

All blobs of an evaluation lie in a folder named after its id. What its tasks write lies in a folder inside, named after
the moment of its creation: workers of a deleted evaluation cannot write into a later one of the same id.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared import running_call
from shared.evaluation import evaluation_queue
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.evaluation_queue import make_message
from shared.intake.keys import event_key, hash_key
from shared.storage import json_documents
from shared.storage.json_documents import UnreadableDocument
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable
from shared.times import compact

_HIDDEN_SECONDS = 30
"""After this time a worker sees to a new evaluation, in case that the process which creates it dies before its end."""

_log = logging.getLogger(__name__)


def start(evaluation: Evaluation) -> bool:
    """Create an evaluation and send the message that has it carried out; False if its id is another's.

    A hidden message goes first, so that an evaluation is carried out even if this process dies after creating it, or if
    storage does not take the second message. That one is sent, too, if the record is there because a try to write it
    had no answer: the hidden message may have come before the record.
    """
    with running_call.harmless():
        evaluation_queue.send([make_message(evaluation)], _HIDDEN_SECONDS)
    if not create(evaluation) and not _is_stored(evaluation):
        return False
    try:
        evaluation_queue.send([make_message(evaluation)])
    except StorageUnavailable as trouble:
        _log.warning("the evaluation %r begins later: %s", evaluation.id, trouble)
    return True


def count_in_work(purpose: Purpose) -> int:
    """Count the evaluations of a purpose that have not ended."""
    return sum(not evaluation.status.has_ended for evaluation in list_all(purpose))


def create(evaluation: Evaluation) -> bool:
    """Write the record of an evaluation; False if its id is in use."""
    return blobs().create(_record(evaluation.purpose, evaluation.id), json_documents.to_json(evaluation))


def read(purpose: Purpose, evaluation_id: str) -> Evaluation | None:
    """Read the evaluation of an id; None if there is none."""
    stored = blobs().read(_record(purpose, evaluation_id))
    return _parse(stored.data) if stored else None


def list_all(purpose: Purpose) -> list[Evaluation]:
    """Read all evaluations, the newest first."""
    root = _root(purpose)
    texts = blobs().read_all(_record_in(root + key) for key in blobs().list_folders(root))
    evaluations = [_parse(text) for text in texts if text is not None]
    return sorted(evaluations, key=lambda evaluation: (evaluation.created_us, evaluation.id), reverse=True)


@dataclass(frozen=True, slots=True)
class Survey:
    """What storage holds of evaluations.

    Attributes:
        leftovers: Paths of blobs that belong to none of them; empty if it is uncertain.
        damaged: Why a record cannot be read; None if all can be read.
    """

    evaluations: Sequence[Evaluation]
    leftovers: Sequence[str]
    damaged: UnreadableDocument | None


def survey(purpose: Purpose) -> Survey:
    """Read all evaluations, and list the blobs that belong to none of them.

    The record is written before anything else of its evaluation, and removed last. So a listed blob without a record,
    which is read after the listing, belongs to an evaluation that was deleted. While a record is damaged, it is
    uncertain which blobs belong to it.
    """
    root = _root(purpose)
    paths = list(blobs().list_paths(root))
    records = dict.fromkeys(path for path in paths if path == _record_in(root + path.removeprefix(root).split("/")[0]))
    evaluations, damaged = dict[str, Evaluation](), None
    for path, text in zip(records, blobs().read_all(records), strict=True):
        try:
            if text is not None:
                evaluations[path] = _parse(text)
        except UnreadableDocument as trouble:
            damaged = UnreadableDocument(path, trouble.reason)
    runs = tuple(
        f"{path.rpartition('/')[0]}/{compact(evaluation.created_us)}/" for path, evaluation in evaluations.items()
    )
    orphans = [path for path in paths if path not in records and not path.startswith(runs)]
    return Survey(list(evaluations.values()), [] if damaged else orphans, damaged)


def change(purpose: Purpose, evaluation_id: str, change: Callable[[Evaluation], Evaluation]) -> Evaluation | None:
    """Write what `change` makes of an evaluation, so that no other change is lost; None if there is no evaluation.

    Args:
        change: May be called again if another writer came between; what it raises is passed on, nothing changed.
    """

    def change_if_there(before: Evaluation | None) -> Evaluation | None:
        return None if before is None else change(before)

    return json_documents.change(_record(purpose, evaluation_id), _parse, _to_json, change_if_there)


def remove(purpose: Purpose, evaluation_id: str) -> None:
    """Delete an evaluation with all its blobs; workers that are still at it stop by themselves."""
    record = _record(purpose, evaluation_id)
    blobs().remove(record)
    for path in blobs().list_paths(f"{_folder(purpose, evaluation_id)}/"):
        if path != record:
            blobs().remove(path)


def run_folder(evaluation: Evaluation) -> str:
    """Path of the folder of what the evaluation's tasks write and of its results; with a slash at its end."""
    return f"{_folder(evaluation.purpose, evaluation.id)}/{compact(evaluation.created_us)}/"


def _is_stored(evaluation: Evaluation) -> bool:
    """Whether an evaluation is there, and not another one of its id."""
    stored = read(evaluation.purpose, evaluation.id)
    return stored is not None and stored.created_us == evaluation.created_us


def _parse(text: bytes) -> Evaluation:
    return json_documents.read(Evaluation, text)


def _to_json(evaluation: Evaluation | None) -> bytes:
    if evaluation is None:
        raise ValueError("no evaluation is not written")
    return json_documents.to_json(evaluation)


def _root(purpose: Purpose) -> str:
    loop = this_loop()
    roots = {
        Purpose.EVALUATION: loop.evaluations,
        Purpose.IMPORTANCE: loop.importances,
        Purpose.IMPORT: loop.imports,
    }
    return roots[purpose]


def _folder(purpose: Purpose, evaluation_id: str) -> str:
    """Path of the folder of all blobs of an evaluation: no slash and no dot at its end, which storage would remove."""
    key = hash_key(evaluation_id) if evaluation_id.endswith(".") else event_key(evaluation_id)
    return f"{_root(purpose)}{key}"


def _record(purpose: Purpose, evaluation_id: str) -> str:
    return _record_in(_folder(purpose, evaluation_id))


def _record_in(folder: str) -> str:
    return f"{folder}/evaluation.json"
