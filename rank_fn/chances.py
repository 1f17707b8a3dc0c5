"""`POST /rankloop/v1/chances`: what a model would show, and why. Nothing is recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from azure.functions import HttpRequest, HttpResponse

from rank_fn.multislot import read_features as read_slots
from rank_fn.rank import read_features
from shared.access.role import Role
from shared.configuration.configuration import problem_type
from shared.configuration.exploration import Exploration
from shared.learner.chances_forms import ChancesRequest
from shared.learner.explorer import Explorer, current_model
from shared.learner.model import UnusableModel
from shared.learner.prospect import ask_prospect, ask_slot_prospects
from shared.learner.prospect_forms import Chances
from shared.models import model_store, published_store, reference_store
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference
from shared.models.replacement import find_model
from shared.ranking.decision import NO_MODEL
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.multislot_forms import MultiSlotRankRequest
from shared.web.errors import InvalidMultiSlotApiAccess, ModelDoesNotFit, UnknownModel
from shared.web.json_forms import from_json
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
    async with _model(hot_path, current, request.model_id) as (explorer, model_id):
        if has_slots:
            slots = MultiSlotRankRequest.from_parsed(body)
            answer = await _answer_slots(slots, explorer, model_id, current.exploration)
        else:
            answer = await _answer(request, explorer, model_id, current.exploration)
    return json_answer(answer.to_json())


async def _answer(
    request: ChancesRequest, explorer: Explorer | None, model_id: str, exploration: Exploration
) -> Chances:
    candidates = request.candidates()
    ids = [candidates.ids[position] for position in candidates.eligible]
    chances = await ask_prospect(explorer, read_features(request, candidates), len(ids), exploration)
    return Chances.of_event(model_id, exploration.share, chances, ids, candidates.ids)


async def _answer_slots(
    request: MultiSlotRankRequest, explorer: Explorer | None, model_id: str, exploration: Exploration
) -> Chances:
    slots, document = request.places(), read_slots(request)
    prospects = await ask_slot_prospects(explorer, document, slots, exploration)
    chances = zip([slot.id for slot in slots], prospects, strict=True)
    return Chances.of_slots(model_id, exploration.share, chances, [action["id"] for action in request.actions])


@asynccontextmanager
async def _model(
    hot_path: HotPath[Explorer], current: CurrentSettings, model_id: str | None
) -> AsyncIterator[tuple[Explorer | None, str]]:
    """The model in use, or the model of an id, loaded for this call only; None if there is no model."""
    kind, exploration = current.configuration.learning.problem_type, current.exploration
    if model_id is None:
        served = await current_model(hot_path, current, kind)
        yield (served.model, served.reference.id) if served else (None, NO_MODEL)
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
            yield explorer, model_id
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
