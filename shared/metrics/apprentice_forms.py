"""How well the loop imitates as an apprentice, in the old service's words."""

from typing import Any

import orjson

from shared.metrics.apprentice import Apprentice, Imitation
from shared.metrics.metrics_forms import likeness
from shared.times import to_iso

_TOLD = (
    "matchRate",
    "matchRateInterval",
    "matchRateCeiling",
    "rewardAchievementRatio",
    "rewardAchievementRatioInterval",
)


def metrics(apprentice: Apprentice) -> dict[str, Any]:
    """`latestApprenticeModeMetrics`: since the loop was made, and of its last 1000 events."""
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
    told = likeness(sums)
    return {
        "numberOfEvents": sums.events,
        "sumOfRewards": sums.rewards,
        "numberOfImitatedEvents": sums.matched,
        "sumOfImitatedRewards": sums.matched_rewards,
        **{name: told[name] for name in _TOLD},
    }


def _moment(at_us: int | None) -> str | None:
    return None if at_us is None else to_iso(at_us)
