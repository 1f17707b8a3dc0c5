"""Rank over HTTP: the models of the request and of the answer."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypedDict

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.ranking.rank_bodies import MOST_ACTIONS, MOST_GROUPS
from shared.web.errors import InvalidRankRequest, InvalidRequest, TooManyActions
from shared.web.json_bodies import EVENT_ID_PATTERN, MAX_ID, is_carried_by_paths
from shared.web.json_forms import Wire, at_most

_NOT_CARRIED = (
    "An event id is not . or .., and has no control characters, for the path of its reward cannot carry these"
)


def _check_event_id(event_id: str) -> str:
    if not is_carried_by_paths(event_id):
        raise PydanticCustomError("event_id", _NOT_CARRIED)
    return event_id


Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
EventId = Annotated[Id, AfterValidator(_check_event_id), Field(json_schema_extra={"pattern": EVENT_ID_PATTERN})]
Groups = Annotated[list[Any], at_most(MOST_GROUPS)]
ExcludedActions = Annotated[list[Annotated[str, StringConstraints(max_length=MAX_ID)]], at_most(MOST_ACTIONS)]


class Action(TypedDict):
    """One action; its features are checked where they are cleaned, by the learner."""

    id: Id
    features: Groups


class RankRequest(Wire):
    """What a client asks to be ranked.

    Attributes:
        actions: From 1 to 50, the baseline first.
        excluded_actions: At most as many as there can be actions.
        event_id: None lets the loop make one.
    """

    refusal: ClassVar[type[InvalidRequest]] = InvalidRankRequest
    too_long: ClassVar[Mapping[str, type[InvalidRequest]]] = {"actions": TooManyActions}

    context_features: Groups | None = None
    actions: Annotated[list[Action], at_most(MOST_ACTIONS, least=1)]
    excluded_actions: ExcludedActions | None = None
    event_id: EventId | None = None
    defer_activation: bool | None = None


class RankedAction(Wire):
    """An action, and the chance it had."""

    id: str
    probability: Annotated[float, Field(ge=0, le=1)]


class RankResponse(Wire):
    """All actions as they were ranked, and the one to show."""

    ranking: list[RankedAction]
    event_id: Id
    reward_action_id: Id


class ExplainedFeature(Wire):
    """A feature, or several that are joined by `^`, and how much they contribute to an action's score."""

    name: str
    score: float


class ExplainedAction(Wire):
    """What contributes most to an action's score."""

    id: str
    features: list[ExplainedFeature]


class ExplainedRankResponse(RankResponse):
    """The same, explained; without `isInferenceExplainabilityEnabled` there is no explanation."""

    inference_explanation: list[ExplainedAction] | None = None
