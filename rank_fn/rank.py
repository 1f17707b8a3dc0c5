"""Rank: choose an action, and record the choice before it is told."""

import base64
import os
from collections.abc import Sequence

from azure.functions import HttpRequest, HttpResponse

from rank_fn.model_in_use import model_in_use
from shared.contract.errors import InvalidRankRequest
from shared.contract.rank import RankRequest
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


@operation(blueprint, ["POST"], "rank")
async def rank(req: HttpRequest) -> HttpResponse:
    """Rank the actions of a request; the first record of a request that is repeated is what is answered."""
    request = RankRequest.read(req.get_body())
    eligible = request.eligible()
    event_id = request.event_id or _new_event_id()
    document = _document(request, eligible)
    model, watched = model_in_use(), await hot_path.watch().current()
    chances, model_id = await model.chances(watched, document, len(eligible))
    decision = decide(chances, model_id, event_id, LOOP)
    recorded = await _recorded(event_id, document, decision, watched, deferred=bool(request.defer_activation))
    return created(request.answer(event_id, eligible, recorded))


def _document(request: RankRequest, eligible: Sequence[int]) -> bytes:
    actions = request.actions
    chosen_from = [(actions[position]["id"], actions[position]["features"]) for position in eligible]
    try:
        return features.document(request.context_features or [], chosen_from, eligible)
    except features.InvalidFeatures as error:
        raise InvalidRankRequest(f"{error.reason}.", error.place) from error


async def _recorded(
    event_id: str, document: bytes, decision: Decision, watched: Watched, *, deferred: bool
) -> Decision:
    """Make the decision durable; gives the one that was there already, if the request was made before."""
    intake = hot_path.intake()
    payload = pack(record(document, decision, deferred=deferred))
    told_apart_by = request_hash(document, b"deferred" if deferred else b"")
    at_us = intake.arrival(watched.published.joined_up_to_us)
    stored = await intake.append_event(Event(event_id, told_apart_by, at_us, payload), watched.configuration.shards)
    return decision if stored.own else unpack(stored.payload).decision()


def _new_event_id() -> str:
    """32 hexadecimal digits, a hyphen and five characters, as the old service made them."""
    return f"{os.urandom(16).hex()}-{base64.b32encode(os.urandom(4))[:5].decode()}"
