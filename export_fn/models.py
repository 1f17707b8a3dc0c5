"""The models of the loop: the list, and publishing an earlier model again."""

import asyncio
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from shared.configuration import configuration_store
from shared.configuration.configuration import problem_type
from shared.models import current_export, model_list_forms, model_store, published_store
from shared.models.model_list_forms import Models, PublishRequest
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference, Published
from shared.models.replacement import NeverPublished, find_model, replace_model, start_of
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.errors import ModelDoesNotFit, UnknownModel
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer, no_content

functions = Functions()


@functions.operation(["GET"], "models", api=Api.OWN, answer=Models)
async def list_models(_: HttpRequest) -> HttpResponse:
    """The model in use and those before it, newest first, and the fingerprint of the loop's certificate."""
    return json_answer(await asyncio.to_thread(_models))


@functions.operation(
    ["POST"], "models/{modelId}/publish", api=Api.OWN, request=PublishRequest, status=204, refusals=[404, 409]
)
async def publish_model(req: HttpRequest) -> HttpResponse:
    """Go back to an earlier model, and say where training goes on from."""
    body = req.get_body()
    train_from = PublishRequest.read(body).train_from if body else PublishRequest().train_from
    await asyncio.to_thread(_publish, req.route_params["modelId"], train_from)
    return no_content()


def _models() -> bytes:
    from shared.models.certificate_store import signer

    published = published_store.read_published()
    stored = {blob.path for blob in model_store.list_blobs()}
    return model_list_forms.models(published, stored, signer().fingerprint).to_json()


def _publish(model_id: str, train_from: str) -> None:
    configuration, joined_us, at_us = configuration_store.read_configuration(), lease.read_joined_up_to_us(), now_us()

    def change(published: Published) -> Published:
        model = replace(_find_model(published, model_id), revision=configuration.revision)
        return replace_model(published, model, start_of(published, model, train_from, joined_us), at_us)

    wanted = _find_model(published_store.read_published(), model_id)
    if problem_type(wanted.arguments) != configuration.learning.problem_type:
        raise ModelDoesNotFit("The model is of another problem type than the learning settings.")
    _check_stored(wanted, with_state=train_from != "newest")
    published_store.change_published(change)
    current_export.follow()


def _find_model(published: Published, model_id: str) -> ModelReference:
    try:
        return find_model(published, model_id)
    except NeverPublished as problem:
        raise UnknownModel(model_id) from problem


def _check_stored(model: ModelReference, *, with_state: bool) -> None:
    try:
        model_store.read_intact(model.predictor_blob)
        if with_state:
            model_store.read_intact(model.state_blob)
    except DamagedModel as problem:
        raise UnknownModel(model.id) from problem
