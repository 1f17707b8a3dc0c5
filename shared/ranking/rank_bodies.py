"""Rank over HTTP as bytes: what a request asks, and the ranking that answers it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from shared.ranking.decision import Decision
from shared.web.errors import InvalidRankRequest
from shared.web.form import Form
from shared.web.json_bodies import MAX_ID, from_json
from shared.web.plain_checks import Fields, is_event_id, is_list, is_object, is_optional_bool, optional

MOST_ACTIONS = 50
MOST_GROUPS = 400
"""The most objects of features in one list: each has at least one of the 400 features that a list may have."""
RANK_REQUEST = Form("shared.ranking.rank_forms", "RankRequest")


class Actions(NamedTuple):
    """The actions of a request, in its order, the baseline first.

    Attributes:
        features: Of each action; they are checked where they are cleaned, by the learner.
    """

    ids: Sequence[str]
    features: Sequence[list[Any]]


NO_ACTIONS = Actions((), ())


class RankBody(NamedTuple):
    """What a client asks to be ranked; the fields are those of `RankRequest`.

    Attributes:
        context: Features.
        event_id: None lets the loop make one.
    """

    context: list[Any]
    actions: Actions
    excluded: Sequence[str]
    event_id: str | None
    deferred: bool

    def candidates(self, ids: Sequence[str] | None = None) -> "Candidates":
        """The actions without their features; excluded ids that are no action's are ignored.

        Args:
            ids: Of all actions, if `actions` are not all.

        Raises:
            InvalidRankRequest: Two actions share an id, or none may be chosen.
        """
        ids = self.actions.ids if ids is None else ids
        demand_different(ids, "actions[{}].id", "An action")
        if not self.excluded:
            return Candidates(ids, range(len(ids)))
        excluded = set(self.excluded)
        eligible = [position for position, id_ in enumerate(ids) if id_ not in excluded]
        if not eligible:
            raise InvalidRankRequest("All actions are excluded.", "excludedActions")
        return Candidates(ids, eligible)


def read(body: bytes) -> RankBody:
    """Read the body of a Rank.

    Raises:
        InvalidRequest: The body is no Rank.
    """
    return from_parsed(from_json(body))


def from_parsed(parsed: Any) -> RankBody:
    """Read a body that is parsed already.

    Raises:
        InvalidRequest: The body is no Rank.
    """
    return read_plainly(parsed) or read_by_model(parsed)


def read_plainly(parsed: Any, actions: Actions | None = None) -> RankBody | None:
    """Read a parsed body that is plainly in order; None if that is for the model to judge.

    Args:
        actions: Those of the request, if these are read already.
    """
    actions = actions or plain_actions(parsed.get("actions")) if is_object(parsed, _FIELDS) else None
    if actions is None:
        return None
    return RankBody(
        parsed.get("contextFeatures") or [],
        actions,
        parsed.get("excludedActions") or [],
        parsed.get("eventId"),
        parsed.get("deferActivation") is True,
    )


def read_by_model(parsed: Any) -> RankBody:
    """Read a parsed body by its model.

    Raises:
        InvalidRequest: The body is no Rank.
    """
    form = RANK_REQUEST.load().from_parsed(parsed)
    return RankBody(
        form.context_features or [],
        actions_of_form(form.actions),
        form.excluded_actions or [],
        form.event_id,
        form.defer_activation is True,
    )


def plain_actions(sent: Any) -> Actions | None:
    """Read a list of actions that is plainly in order; None if that is for the model to judge."""
    if type(sent) is not list or not 0 < len(sent) <= MOST_ACTIONS or {*map(type, sent)} != {dict}:
        return None
    actions = Actions([action.get("id") for action in sent], [action.get("features") for action in sent])
    if {*map(type, actions.ids)} != {str} or {*map(type, actions.features)} != {list}:
        return None
    lengths = [*map(len, actions.ids)]
    if min(lengths) < 1 or max(lengths) > MAX_ID or max(map(len, actions.features)) > MOST_GROUPS:
        return None
    return actions


def actions_of_form(form: Sequence[Any]) -> Actions:
    """The actions of a model."""
    return Actions([action["id"] for action in form], [action["features"] for action in form])


def are_groups(value: Any) -> bool:
    """Whether a value is a list of features; these are checked where they are cleaned."""
    return type(value) is list and len(value) <= MOST_GROUPS


def are_excluded(value: Any) -> bool:
    """Whether a value is a list of ids of excluded actions."""
    return is_list(value, MOST_ACTIONS, lambda id_: type(id_) is str and len(id_) <= MAX_ID)


_FIELDS = Fields.of(
    context_features=optional(are_groups),
    excluded_actions=optional(are_excluded),
    event_id=optional(is_event_id),
    defer_activation=is_optional_bool,
)


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
