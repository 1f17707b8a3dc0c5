"""Deletion of an evaluation in 2022-09-01-preview: a first call cancels one that runs, the next call removes it."""

from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.storage.clock import now_us


def delete(purpose: Purpose, evaluation_id: str) -> bool:
    """Cancel an evaluation, or remove one that has ended; False if there is none of that id."""
    evaluation = evaluation_store.read(purpose, evaluation_id)
    if evaluation is not None and not evaluation.status.has_ended:
        evaluation = evaluation_store.change(purpose, evaluation_id, _cancel)
        if evaluation is not None and evaluation.status is Status.CANCELED:
            return True
    if evaluation is None:
        return False
    evaluation_store.remove(purpose, evaluation_id)
    return True


def _cancel(evaluation: Evaluation) -> Evaluation:
    return evaluation.end(Status.CANCELED, now_us(), "It was canceled.")
