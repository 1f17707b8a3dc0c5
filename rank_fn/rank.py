"""Rank: choose an action, and record the choice before it is told."""

import os
from dataclasses import dataclass

from azure.functions import HttpRequest, HttpResponse

from rank_fn.model_in_use import model_in_use
from shared.contract.errors import InvalidRankRequest
from shared.contract.rank import Candidates, RankRequest
from shared.contract.record import pack, record, unpack
from shared.learner import features
from shared.loop.decision import Decision, decide
from shared.loop.identifiers import request_hash
from shared.loop.rows import Event
from shared.storage import hot_path
from shared.storage.names import LOOP
from shared.storage.watch import Watched
from shared.web.answers import created
from shared.web.operations import functions, operation

blueprint = functions()


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be decided. The request itself is gone by now: while it waits for storage, its features are not
    kept, so that the next request finds their memory still in the processor's cache.
    """

    event_id: str
    candidates: Candidates
    document: bytes
    deferred: bool


@operation(blueprint, ["POST"], "rank")
async def rank(req: HttpRequest) -> HttpResponse:
    """Rank the actions of a request; if it is a repetition, the answer is what was decided first."""
    question = _question(RankRequest.read(req.get_body()))
    watched = await hot_path.watch().current()
    decision = await _decision(question, watched)
    recorded = await _recorded(question, decision, watched)
    return created(question.candidates.answer(question.event_id, recorded))


def _question(request: RankRequest) -> _Question:
    candidates = request.candidates()
    chosen_from = [
        (candidates.ids[position], request.actions[position]["features"]) for position in candidates.eligible
    ]
    try:
        document = features.document(request.context_features or [], chosen_from, candidates.eligible)
    except features.InvalidFeatures as error:
        raise InvalidRankRequest(f"{error.reason}.", error.place) from error
    return _Question(request.event_id or _new_event_id(), candidates, document, bool(request.defer_activation))


async def _decision(question: _Question, watched: Watched) -> Decision:
    count = len(question.candidates.eligible)
    chances, model_id = await model_in_use().chances(watched, question.document, count)
    return decide(chances, model_id, question.event_id, LOOP)


async def _recorded(question: _Question, decision: Decision, watched: Watched) -> Decision:
    """Make the decision durable; gives the one that was there already, if the request was made before."""
    intake, document = hot_path.intake(), question.document
    payload = pack(record(document, decision, deferred=question.deferred))
    told_apart_by = request_hash(document, b"deferred" if question.deferred else b"")
    at_us = intake.arrival(watched.published.joined_up_to_us)
    event = Event(question.event_id, told_apart_by, at_us, payload)
    stored = await intake.append_event(event, watched.configuration.shards)
    return decision if stored.own else unpack(stored.payload).decision()


def _new_event_id() -> str:
    """32 hexadecimal digits, a hyphen and five more, much as the old service made them."""
    digits = os.urandom(19).hex()
    return f"{digits[:32]}-{digits[32:37]}"
