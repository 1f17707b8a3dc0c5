"""`POST /rankloop/v1/chances`: what a model would show, and why. Nothing is recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from azure.functions import HttpRequest, HttpResponse

from rank_fn.multislot import read_features as read_slots
from rank_fn.question import read_features
from shared.access.role import Role
from shared.configuration.configuration import problem_type
from shared.learner.chances_forms import ChancesRequest
from shared.learner.explorer import Explorer
from shared.learner.model import UnusableModel
from shared.learner.policy_in_use import PolicyInUse, current_policy
from shared.learner.prospect import prospect, slot_prospects
from shared.learner.prospect_forms import Chances
from shared.models import model_store, published_store, reference_store
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference
from shared.models.replacement import find_model
from shared.ranking import multislot_bodies, rank_bodies
from shared.ranking.decision import NO_MODEL
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.multislot_bodies import MultiSlotRankBody
from shared.ranking.rank_bodies import RankBody
from shared.web.errors import InvalidMultiSlotApiAccess, ModelDoesNotFit, UnknownModel
from shared.web.json_bodies import from_json
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()

_other_model_lock = asyncio.Lock()
"""Lets only one model be in memory beside the model in use."""


@functions.operation(
    ["POST"],
    "chances",
    Role.READ,
    api=Api.OWN,
    request=ChancesRequest,
    answer=Chances,
    refusals=[404, 409],
)
async def read_chances(req: HttpRequest, hot_path: HotPath[Explorer]) -> HttpResponse:
    """Tell each action's chance by the model in use, or by another one, and what speaks for the likeliest action."""
    body = from_json(req.get_body())
    request = ChancesRequest.from_parsed(body)
    current = await hot_path.live_settings.current()
    has_slots = current.configuration.learning.problem_type == "ccb"
    if request.slots is not None and not has_slots:
        raise InvalidMultiSlotApiAccess
    share = current.exploration.share
    async with _policy(hot_path, current, request.model_id) as policy:
        if has_slots:
            answer = await _answer_slots(multislot_bodies.rank_from_parsed(body), policy, share)
        else:
            answer = await _answer(rank_bodies.from_parsed(body), policy, share)
    return json_answer(answer.to_json())


async def _answer(request: RankBody, policy: PolicyInUse | None, share: float) -> Chances:
    candidates = request.candidates()
    ids, document = [candidates.ids[position] for position in candidates.eligible], read_features(request, candidates)
    chances = await policy.prospect(document, len(ids)) if policy else prospect(None, document, len(ids))
    return Chances.of_event(_id(policy), share, chances, ids, candidates.ids)


async def _answer_slots(request: MultiSlotRankBody, policy: PolicyInUse | None, share: float) -> Chances:
    slots, document = request.places(), read_slots(request)
    prospects = await policy.slot_prospects(document, slots) if policy else slot_prospects(None, document, slots)
    chances = zip([slot.id for slot in slots], prospects, strict=True)
    return Chances.of_slots(_id(policy), share, chances, request.actions.ids)


def _id(policy: PolicyInUse | None) -> str:
    return policy.model_id if policy else NO_MODEL


@asynccontextmanager
async def _policy(
    hot_path: HotPath[Explorer], current: CurrentSettings, model_id: str | None
) -> AsyncIterator[PolicyInUse | None]:
    """The policy in use, or the model of an id, loaded for this call only; None if there is no model."""
    kind, exploration = current.configuration.learning.problem_type, current.exploration
    if model_id is None:
        yield await current_policy(hot_path, current, kind)
        return
    async with _other_model_lock:
        reference, data = await asyncio.to_thread(_read_model, model_id)
        if problem_type(reference.arguments) != kind:
            raise ModelDoesNotFit("The model is of another problem type than the learning settings.")
        try:
            explorer = Explorer(data, reference, exploration)
        except UnusableModel as problem:
            raise ModelDoesNotFit(f"The model cannot be loaded: {problem.reason}.") from problem
        try:
            yield PolicyInUse(explorer, model_id, exploration)
        finally:
            explorer.close()


def _read_model(model_id: str) -> tuple[ModelReference, bytes]:
    reference = find_model(published_store.read_published(), model_id) or reference_store.find(model_id)
    if reference is None:
        raise UnknownModel(model_id)
    try:
        return reference, model_store.read_intact(reference.predictor_blob)
    except DamagedModel as problem:
        raise UnknownModel(model_id) from problem
