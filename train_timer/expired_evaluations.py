"""Evaluations and feature importances that nobody sees to any more.

Whoever was to end one failed, too, or its messages were lost; or it was deleted by somebody who died meanwhile.
"""

import logging

from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.storage import blobs
from shared.storage.json_documents import UnreadableDocument

_log = logging.getLogger(__name__)


def tidy(now_us: int) -> None:
    """End those that take too long, and delete what is left of those that are gone."""
    for purpose in Purpose:
        try:
            found, left = evaluation_store.survey(purpose)
        except UnreadableDocument as trouble:
            _log.error("an %s cannot be read: %s", purpose, trouble)
            continue
        for one in found:
            ended(one, now_us)
        for path in left:
            blobs.remove(path)


def ended(evaluation: Evaluation, now_us: int) -> Evaluation | None:
    """An evaluation, with an end if it takes too long; None if it is gone."""
    if not evaluation.is_overdue(now_us):
        return evaluation
    after = evaluation_store.change(
        evaluation.purpose, evaluation.id, lambda one: one.time_out(now_us) if one.is_overdue(now_us) else one
    )
    if after is not None and after.status.has_ended and not after.status.has_results:
        evaluation_run_store.tidy(after)
    return after
