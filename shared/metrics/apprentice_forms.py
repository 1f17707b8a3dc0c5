"""How well the loop imitates as an apprentice, in the old service's words."""

from dataclasses import asdict
from typing import Any

import orjson

from shared.configuration.forms.apprentice_metrics import ApprenticeCounts
from shared.metrics.apprentice import Apprentice, Imitation
from shared.metrics.comparison import likeness
from shared.times import to_iso


def metrics(apprentice: Apprentice) -> dict[str, Any]:
    """`latestApprenticeModeMetrics`: since the loop was made, and of its last 1000 events.

    `ApprenticeMetrics` describes it; the times come first here, as in the old service's answers.
    """
    return {
        "startTime": _moment(apprentice.first_us),
        "lastProcessedEventTime": _moment(apprentice.last_us),
        **_counts(apprentice.total),
        "lastBatchMetrics": _counts(apprentice.last),
    }


def answer(apprentice: Apprentice) -> bytes:
    """The same as a body."""
    return orjson.dumps(metrics(apprentice))


def _counts(sums: Imitation) -> dict[str, Any]:
    figures = asdict(likeness(sums)) | {
        "sum_of_rewards": sums.rewards,
        "number_of_imitated_events": sums.matched,
        "sum_of_imitated_rewards": sums.matched_rewards,
    }
    return ApprenticeCounts.model_validate(figures).model_dump(by_alias=True)


def _moment(at_us: int | None) -> str | None:
    return None if at_us is None else to_iso(at_us)
