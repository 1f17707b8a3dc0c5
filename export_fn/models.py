"""The models of the loop: the list, and publishing an earlier model again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from export_fn import trusted_signers
from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import problem_type
from shared.configuration.settings_change import Act, Cause
from shared.metrics import model_rewards_store
from shared.models import current_export, model_store, published_store, reference_store
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference, Origin, Published
from shared.models.reference_store import StoredReference
from shared.models.replacement import find_model, replace_model, start_of
from shared.status import model_list_forms
from shared.status.model_list_forms import ListedModel, Models, PublishRequest
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.errors import InvalidRequest, ModelDoesNotFit, UnknownModel
from shared.web.json_bodies import read_id
from shared.web.operations import Api, Functions
from shared.web.pages import Page, PageQuery, next_link
from shared.web.responses import json_answer, no_content

functions = Functions()


@functions.operation(["GET"], "models", Role.READ, api=Api.OWN, query=PageQuery, answer=Models)
async def list_models(req: HttpRequest) -> HttpResponse:
    """The model in use and all that are kept, newest first, and the fingerprint of the loop's certificate."""
    page = Page.read(req.params)
    listed, count, missing = await asyncio.to_thread(_list, page)
    link = next_link(req, page.after(count))
    return json_answer(await asyncio.to_thread(_answer, listed, missing, link))


@functions.operation(
    ["POST"],
    "models/{modelId}/publish",
    Role.ADMIN,
    api=Api.OWN,
    request=PublishRequest,
    status=204,
    refusals=[404, 409],
)
async def publish_model(req: HttpRequest, caller: str) -> HttpResponse:
    """Go back to an earlier model, and say where training goes on from."""
    body = req.get_body()
    train_from = PublishRequest.read(body).train_from if body else PublishRequest().train_from
    model_id = read_id(req.route_params["modelId"], "modelId", InvalidRequest)
    await asyncio.to_thread(_publish, model_id, train_from, caller)
    return no_content()


def _list(page: Page) -> tuple[Sequence[ListedModel], int, str | None]:
    """The models of a page, how many there are in all, and what is not in their figures.

    What is read first, the commit record and `published.json`, is left by nothing that is not in a document before.
    """
    state, published = lease.read_state(), published_store.read_published()
    last = published.models
    earlier = reference_store.newest_of_each(reference_store.list_all(), [model.id for model in last])
    everything: list[ModelReference | StoredReference] = [*last, *earlier]
    on_page = page.of(everything)
    read = reference_store.read(each for each in on_page if isinstance(each, StoredReference))
    models = [each if isinstance(each, ModelReference) else read.get(each.path) for each in on_page]
    there = [model for model in models if model is not None]
    sums = model_rewards_store.read([model.id for model in there], state.metrics.models if state else ())
    in_use = published.model_for(configuration_store.read_configuration().learning)
    missing = state.recount.describe_models() if state and state.recount else None
    return [ListedModel(model, sums[model.id], model is in_use) for model in there], len(everything), missing


def _answer(listed: Sequence[ListedModel], missing: str | None, link: str | None) -> bytes:
    from shared.models.certificate_store import signer

    return model_list_forms.answer(listed, set(model_store.list_paths()), signer().fingerprint, missing, link)


def _publish(model_id: str, train_from: str, caller: str) -> None:
    configuration, joined_us, at_us = configuration_store.read_configuration(), lease.read_joined_up_to_us(), now_us()
    wanted = find_model(published_store.read_published(), model_id) or reference_store.find(model_id)
    if wanted is None:
        raise UnknownModel(model_id)
    if wanted.origin is Origin.IMPORTED:
        trusted_signers.check(wanted.signer)
    if problem_type(wanted.arguments) != configuration.learning.problem_type:
        raise ModelDoesNotFit("The model is of another problem type than the learning settings.")
    _keep(wanted, at_us, with_state=train_from != "newest")
    earlier = wanted.without_event_ids()

    def change(published: Published) -> Published:
        model = replace(find_model(published, model_id) or earlier, revision=configuration.revision)
        return replace_model(published, model, start_of(published, model, train_from, joined_us), at_us)

    published_store.change_published(change, Cause(caller, Act.PUBLISH, f"trainFrom {train_from}"))
    current_export.follow()


def _keep(model: ModelReference, at_us: int, *, with_state: bool) -> None:
    """See that a model is there and stays, although the trainer may be about to delete it.

    The trainer lists models before references: either it finds this reference, and keeps the model for its sake, or it
    has listed the model before the model is renewed here, and cannot delete it.

    Raises:
        UnknownModel: The model is gone or damaged.
    """
    needed = model.files.paths if with_state else [model.predictor_blob]
    try:
        for path in needed:
            model_store.read_intact(path)
    except DamagedModel as problem:
        raise UnknownModel(model.id) from problem
    reference_store.store(model, at_us)
    if {path for path in model.files.paths if not model_store.renew(path)}.intersection(needed):
        raise UnknownModel(model.id)
