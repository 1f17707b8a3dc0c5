"""Evaluations and feature importances that take too long, or were left half deleted.

The function that should end them failed, too, or their messages were lost, or a process died while it deleted them.
"""

from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.storage.this_storage import blobs


def tidy(now_us: int) -> None:
    """End evaluations that take too long, and remove the blobs of evaluations that are gone.

    Raises:
        UnreadableDocument: The record of one is damaged; the others were seen to.
    """
    damaged = None
    for purpose in Purpose:
        survey = evaluation_store.survey(purpose)
        damaged = damaged or survey.damaged
        for evaluation in survey.evaluations:
            end_if_overdue(evaluation, now_us)
        for path in survey.leftovers:
            blobs().remove(path)
    if damaged is not None:
        raise damaged


def end_if_overdue(evaluation: Evaluation, now_us: int) -> Evaluation | None:
    """End an evaluation if it takes too long; gives the evaluation now, None if it is gone."""
    if not evaluation.is_overdue(now_us):
        return evaluation
    after = evaluation_store.change(
        evaluation.purpose,
        evaluation.id,
        lambda stored: stored.time_out(now_us) if stored.is_overdue(now_us) else stored,
    )
    if after is not None and after.status.has_ended and not after.status.has_results:
        evaluation_run_store.tidy(after)
    return after
