"""Evaluations and feature importances that take too long, or were left half deleted.

The function that should end them failed, too, or their messages were lost, or a process died while it deleted them.
"""

import logging

from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.storage import blobs
from shared.storage.json_documents import UnreadableDocument

_log = logging.getLogger(__name__)


def tidy(now_us: int) -> None:
    """End evaluations that take too long, and remove the blobs of evaluations that are gone."""
    for purpose in Purpose:
        try:
            evaluations, leftovers = evaluation_store.survey(purpose)
        except UnreadableDocument as trouble:
            _log.error("an %s cannot be read: %s", purpose, trouble)
            continue
        for evaluation in evaluations:
            end_if_overdue(evaluation, now_us)
        for path in leftovers:
            blobs.remove(path)


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
