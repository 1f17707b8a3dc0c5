"""What a Rank asks, read from its body: from all of it, or from what is new in it."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from rank_fn.recording import new_event_id
from shared.errors import LoopError
from shared.learner import features
from shared.learner.features import DocumentPieces
from shared.ranking.action_cache import ActionCache, CachedAction, Matches
from shared.ranking.rank_forms import MOST_ACTIONS, Action, Candidates, RankRequest
from shared.web.errors import InvalidRankRequest

_STAND_IN: Final = [{"id": "x", "features": []}]
"""For the actions of a request of which all are in the cache."""


class RankQuestion(NamedTuple):
    """What to decide. The request itself is not held: its features are freed before the wait for storage, so that the
    next request finds their memory still in the processor's cache.

    Attributes:
        document: The features of the actions that may be chosen, and of their context, as the model reads them.
        pieces: The same, if some of the actions come again.
    """

    event_id: str
    candidates: Candidates
    document: bytes
    deferred: bool
    pieces: DocumentPieces | None = None


def read_question(body: bytes, cache: ActionCache) -> RankQuestion:
    """Read a body; of actions that are in the cache nothing is read again.

    Raises:
        InvalidRequest: The body is no Rank.
    """
    matches = cache.find(body)
    if matches is None:
        return read_whole(body)
    question = (_read_others(cache, matches) if matches.is_worth_it else None) or read_whole(body)
    if not matches.is_complete:
        cache.note(matches, _read_action)
    return question


def read_features(request: RankRequest, candidates: Candidates) -> bytes:
    """The features of the actions that may be chosen, and of their context, as the model reads them.

    Raises:
        InvalidRankRequest: Features that the API does not take.
    """
    chosen_from = [
        (candidates.ids[position], request.actions[position]["features"]) for position in candidates.eligible
    ]
    try:
        return features.document(request.context_features or [], chosen_from, candidates.eligible)
    except features.InvalidFeatures as error:
        raise InvalidRankRequest(f"{error.reason}.", error.place) from error


def read_whole(body: bytes) -> RankQuestion:
    """Read a body as if no action had come before.

    Raises:
        InvalidRequest: The body is no Rank.
    """
    request = RankRequest.read(body)
    candidates = request.candidates()
    return _ask(request, candidates, read_features(request, candidates))


def _read_others(cache: ActionCache, matches: Matches) -> RankQuestion | None:
    """Read a request of which some actions are in the cache; None if anything is wrong with it."""
    body = cache.read_others(matches) if len(matches.entries) <= MOST_ACTIONS else None
    if body is None:
        return None
    try:
        request = RankRequest.from_parsed(body if body["actions"] else {**body, "actions": _STAND_IN})
        return _put_together(request, matches.entries, [*map(_entry, request.actions)] if body["actions"] else ())
    except LoopError:
        return None


def _put_together(
    request: RankRequest, entries: Sequence[CachedAction | None], new: Sequence[CachedAction]
) -> RankQuestion:
    others = iter(new)
    actions = [entry or next(others) for entry in entries]
    candidates = request.candidates([action.id for action in actions])
    texts = [actions[position].text for position in candidates.eligible]
    context = features.context_text(request.context_features or [])
    pieces = DocumentPieces(context, texts, {action.text for action in new})
    return _ask(request, candidates, features.whole(context, texts), pieces)


def _ask(
    request: RankRequest, candidates: Candidates, document: bytes, pieces: DocumentPieces | None = None
) -> RankQuestion:
    return RankQuestion(
        request.event_id or new_event_id(), candidates, document, bool(request.defer_activation), pieces
    )


def _read_action(action: Any) -> CachedAction:
    """Read one action, as each request that has it would."""
    return _entry(RankRequest.from_parsed({"actions": [action]}).actions[0])


def _entry(action: Action) -> CachedAction:
    return CachedAction(action["id"], features.action_text(action["id"], action["features"]))
