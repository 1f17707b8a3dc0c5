"""A log that is evaluated as a whole, whenever its events came."""

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation.evaluation import EvaluatedLog
from shared.times import FIRST_US, LAST_US

AS_LABELLED = RewardSettings(0, 0.0, Aggregation.EARLIEST)
"""Which rewards count and what they are worth is in the lines."""


def whole_log(kind: str = "cb") -> EvaluatedLog:
    """All of a log, whenever its events came.

    Args:
        kind: Of the events, as `ranked_event.line_kind`.
    """
    return EvaluatedLog(FIRST_US, LAST_US + 1, kind, AS_LABELLED)
