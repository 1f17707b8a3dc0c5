"""Evaluations and feature importances that nobody sees to any more.

Whoever was to end one failed, too, or its messages were lost; or it was deleted by somebody who died meanwhile.
"""

import logging

from shared.contract.documents import UnreadableDocument
from shared.loop.evaluation.record import Evaluation, Purpose
from shared.storage import blobs, evaluation_runs, evaluations

_log = logging.getLogger(__name__)


def tidy(now_us: int) -> None:
    """End those that take too long, and delete what is left of those that are gone."""
    for purpose in Purpose:
        try:
            found, left = evaluations.survey(purpose)
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
    after = evaluations.change(
        evaluation.purpose, evaluation.id, lambda one: one.overdue(now_us) if one.is_overdue(now_us) else one
    )
    if after is not None and after.status.has_ended and not after.status.has_results:
        evaluation_runs.tidy(after)
    return after
