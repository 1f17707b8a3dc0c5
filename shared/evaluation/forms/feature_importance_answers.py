"""Feature importances over HTTP: what each feature was worth in a range of the log. Since 2022-09-01-preview."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.forms.evaluation_requests import RangeContract
from shared.evaluation.forms.run_details import RunDetails
from shared.evaluation.importance import MOST
from shared.evaluation.outcome import FeatureScore
from shared.web.errors import InvalidContract, InvalidRequest
from shared.web.json_forms import Wire

_MAX_NAMES = 10
NO_EVENTS = "No event of this range is in the log, or none with features that can be evaluated."
NO_SCORE = (
    "All scores are 0, for no feature is worth more than chance may give it: the log is too short or explores too "
    "little to tell, or no feature tells which action is best."
)


class FeatureImportanceContract(RangeContract):
    """Which range of the log is to tell what features are worth."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidContract
    reversed_range: ClassVar[type[InvalidRequest]] = InvalidContract


class Score(Wire):
    """A feature by its name, whatever its value; the most important one has the score 1.

    Attributes:
        namespace: The object that the feature stands directly inside; if it has no name, `FromUrl` for features of the
            context, `j` for those of an action, `i` for its id, `s` for those of a slot.
    """

    namespace: str
    feature_name: str
    score: Annotated[float, Field(ge=0, le=1)]


class FeatureImportanceDetails(RunDetails):
    """A feature importance, as it stands in the list."""


class FeatureImportance(FeatureImportanceDetails):
    """A feature importance; the description says how far the scores can be believed, or why it failed."""

    description: str | None = None
    feature_scores: list[Score]


class FeatureImportances(Wire):
    """A page of the list of feature importances, the newest first."""

    value: list[FeatureImportanceDetails]
    next_link: str | None = None


def answer(importance: Evaluation, scores: Sequence[FeatureScore] | None) -> bytes:
    """Write a feature importance with its scores.

    Args:
        scores: The most important feature first; None before it has ended.
    """
    description = importance.reason or (None if scores is None else " ".join(_explain(scores)))
    feature_scores = [
        Score(namespace=score.namespace, feature_name=score.feature, score=score.score) for score in scores or ()
    ]
    more = {"description": description} if description else {}
    return FeatureImportance.of(importance, feature_scores=feature_scores, **more).to_json()


def list_answer(importances: Sequence[Evaluation], next_link: str | None) -> bytes:
    """Write a page of the list."""
    page = [FeatureImportanceDetails.of(importance) for importance in importances]
    more = {} if next_link is None else {"next_link": next_link}
    return FeatureImportances(value=page, **more).to_json()


def _explain(scores: Sequence[FeatureScore]) -> Iterator[str]:
    """Say how far scores can be believed, in sentences."""
    clear = [f"{score.namespace}.{score.feature}" for score in scores if score.is_clear]
    if not scores:
        yield NO_EVENTS
    elif not clear:
        yield NO_SCORE
    else:
        more = f" and {len(clear) - _MAX_NAMES} more" if len(clear) > _MAX_NAMES else ""
        rest = " Other scores may be chance." if len(clear) < len(scores) else ""
        yield f"Worth more than chance may give: {', '.join(clear[:_MAX_NAMES])}{more}.{rest}"
    if len(scores) == MOST:
        yield f"Only the {MOST} features that the most events have were looked at."
