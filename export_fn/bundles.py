"""Dated exports: all that another loop needs to go on as this one."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.configuration import configuration_store
from shared.models import export_files, export_store, model_store, published_store
from shared.models.export_files import Bundle
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference
from shared.storage.clock import now_us
from shared.storage_errors import StorageUnavailable
from shared.web.operations import Api, Functions
from shared.web.responses import created

functions = Functions()


@functions.operation(["POST"], "exports", api=Api.OWN, answer=Bundle, status=201)
async def export_bundle(_: HttpRequest) -> HttpResponse:
    """Write model, training state, learning settings and configuration into the container of exports."""
    return created(await asyncio.to_thread(_export))


def _export() -> bytes:
    configuration, published = configuration_store.read_configuration(), published_store.read_published()
    files = export_files.settings_of(configuration) | (_model(published.model) if published.model else {})
    return export_files.answer(*export_store.write(files, now_us()))


def _model(model: ModelReference) -> dict[str, bytes]:
    try:
        return {
            "model.vw": model_store.intact(model.predictor_blob),
            "training-state.vw": model_store.intact(model.state_blob),
        }
    except DamagedModel as problem:
        raise StorageUnavailable("the model was replaced while it was read") from problem
