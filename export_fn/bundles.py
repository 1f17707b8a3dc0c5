"""Dated exports: all that another loop needs to go on as this one."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.contract import bundle
from shared.contract.bundle import Bundle
from shared.loop.published import ModelReference
from shared.loop.trouble import StorageUnavailable
from shared.storage import bundles, documents, models
from shared.storage.arrivals import now_us
from shared.storage.models import DamagedModel
from shared.web.answers import created
from shared.web.operations import functions, own_operation

blueprint = functions()


@own_operation(blueprint, ["POST"], "exports", answer=Bundle, status=201)
async def export_bundle(_: HttpRequest) -> HttpResponse:
    """Write model, training state, learning settings and configuration into the container of exports."""
    return created(await asyncio.to_thread(_export))


def _export() -> bytes:
    configuration, published = documents.read_configuration(), documents.read_published()
    files = bundle.settings_of(configuration) | (_model(published.model) if published.model else {})
    return bundle.answer(*bundles.write(files, now_us()))


def _model(model: ModelReference) -> dict[str, bytes]:
    try:
        return {"model.vw": models.intact(model.predictor_blob), "training-state.vw": models.intact(model.state_blob)}
    except DamagedModel as problem:
        raise StorageUnavailable("the model was replaced while it was read") from problem
