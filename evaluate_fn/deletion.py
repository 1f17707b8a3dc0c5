"""Deleting an evaluation in 2022-09-01-preview: the first call cancels one that still runs, the next one removes it."""

from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.storage.clock import now_us


def delete(purpose: Purpose, evaluation_id: str) -> bool:
    """Cancel an evaluation, or remove one that has ended; False if there is none of that id."""
    asked = evaluation_store.read(purpose, evaluation_id)
    if asked is not None and not asked.status.has_ended:
        asked = evaluation_store.change(purpose, evaluation_id, _canceled)
        if asked is not None and asked.status is Status.CANCELED:
            return True
    if asked is None:
        return False
    evaluation_store.remove(purpose, evaluation_id)
    return True


def _canceled(evaluation: Evaluation) -> Evaluation:
    return evaluation.end(Status.CANCELED, now_us(), "It was canceled.")
