"""What a Rank asks, read from its body: from all of it, or from what is new in it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rank_fn.recording import new_event_id
from shared.errors import LoopError
from shared.learner import features
from shared.learner.features import DocumentPieces
from shared.ranking import rank_bodies
from shared.ranking.action_cache import ActionCache, CachedAction, Matches
from shared.ranking.rank_bodies import MOST_ACTIONS, NO_ACTIONS, Candidates, RankBody
from shared.web.errors import InvalidRankRequest


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


def read_features(request: RankBody, candidates: Candidates) -> bytes:
    """The features of the actions that may be chosen, and of their context, as the model reads them.

    Raises:
        InvalidRankRequest: Features that the API does not take.
    """
    ids, features_of = request.actions
    chosen_from = [(ids[position], features_of[position]) for position in candidates.eligible]
    try:
        return features.document(request.context, chosen_from, candidates.eligible)
    except features.InvalidFeatures as error:
        raise InvalidRankRequest(f"{error.reason}.", error.place) from error


def read_whole(body: bytes) -> RankQuestion:
    """Read a body as if no action had come before.

    Raises:
        InvalidRequest: The body is no Rank.
    """
    request = rank_bodies.read(body)
    candidates = request.candidates()
    return _ask(request, candidates, read_features(request, candidates))


def _read_others(cache: ActionCache, matches: Matches) -> RankQuestion | None:
    """Read a request of which some actions are in the cache; None if anything is wrong with it."""
    body = cache.read_others(matches) if len(matches.entries) <= MOST_ACTIONS else None
    if body is None:
        return None
    request = rank_bodies.read_plainly(body, None if body["actions"] else NO_ACTIONS)
    if request is None:
        return None
    try:
        return _put_together(request, matches.entries, [*map(_entry, *request.actions)])
    except LoopError:
        return None


def _put_together(
    request: RankBody, entries: Sequence[CachedAction | None], new: Sequence[CachedAction]
) -> RankQuestion:
    others = iter(new)
    actions = [entry or next(others) for entry in entries]
    candidates = request.candidates([action.id for action in actions])
    texts = [actions[position].text for position in candidates.eligible]
    context = features.context_text(request.context)
    pieces = DocumentPieces(context, texts, {action.text for action in new})
    return _ask(request, candidates, features.whole(context, texts), pieces)


def _ask(
    request: RankBody, candidates: Candidates, document: bytes, pieces: DocumentPieces | None = None
) -> RankQuestion:
    return RankQuestion(request.event_id or new_event_id(), candidates, document, request.deferred, pieces)


def _read_action(action: Any) -> CachedAction:
    """Read one action, as each request that has it would."""
    ids, features_of = rank_bodies.from_parsed({"actions": [action]}).actions
    return _entry(ids[0], features_of[0])


def _entry(id_: str, features_of: list[Any]) -> CachedAction:
    return CachedAction(id_, features.action_text(id_, features_of))
