"""Rank over HTTP: the request's frame, and the ranking that answers it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple, TypedDict

import orjson
from pydantic import Field, StringConstraints

from shared.ranking.decision import Decision
from shared.web.errors import InvalidRankRequest, InvalidRequest, TooManyActions
from shared.web.json_forms import MAX_ID, Wire, at_most
from shared.web.versions import Version

MOST_ACTIONS = 50
MOST_GROUPS = 400
"""The most objects of features in one list: each has at least one of the 400 features that a list may have."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
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
    event_id: Id | None = None
    defer_activation: bool | None = None

    def candidates(self, ids: Sequence[str] | None = None) -> "Candidates":
        """The actions without their features; excluded ids that are no action's are ignored.

        Args:
            ids: Of all actions, if `actions` are not all.

        Raises:
            InvalidRankRequest: Two actions share an id, or none may be chosen.
        """
        ids = [action["id"] for action in self.actions] if ids is None else ids
        demand_different(ids, "actions[{}].id", "An action")
        if not self.excluded_actions:
            return Candidates(ids, range(len(ids)))
        excluded = set(self.excluded_actions)
        eligible = [position for position, id_ in enumerate(ids) if id_ not in excluded]
        if not eligible:
            raise InvalidRankRequest("All actions are excluded.", "excludedActions")
        return Candidates(ids, eligible)


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


def rank_response(version: Version) -> type[RankResponse]:
    """The answer in a version."""
    return ExplainedRankResponse if version.has_inference_explanation else RankResponse


def demand_different(values: Sequence[str] | Sequence[int], place: str, what: str, which: str = "id") -> None:
    """Let values pass that all differ.

    Args:
        place: The place of a value in the request, with `{}` for the value's position.

    Raises:
        InvalidRankRequest: Two values are the same; names the place of the second one.
    """
    if len(set(values)) < len(values):
        repeated = next(position for position, value in enumerate(values) if value in values[:position])
        raise InvalidRankRequest(f"{what} before has the same {which}.", place.format(repeated))


class Candidates(NamedTuple):
    """The actions of a request.

    Attributes:
        ids: Of all actions, as the client sent them.
        eligible: The positions of the actions that may be chosen; at least one.
    """

    ids: Sequence[str]
    eligible: Sequence[int]

    def answer(self, event_id: str, decision: Decision) -> bytes:
        """The body of the answer.

        An excluded action keeps its place in the request, with probability 0; the eligible actions fill the other
        places as ranked.
        """
        ids, eligible = self.ids, self.eligible
        ranking: list[dict[str, str | float]] = [
            {"id": ids[eligible[place]], "probability": probability}
            for place, probability in zip(decision.order, decision.probabilities, strict=True)
        ]
        chosen = ranking[0]["id"]
        if len(eligible) < len(ids):
            for position in sorted(set(range(len(ids))).difference(eligible)):
                ranking.insert(position, {"id": ids[position], "probability": 0.0})
        return orjson.dumps({"ranking": ranking, "eventId": event_id, "rewardActionId": chosen})
