"""Dated exports: all files that another loop needs to go on as this loop."""

import asyncio
from collections.abc import Mapping

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.models import model_store, published_store
from shared.models.export_forms import Bundle, settings_of
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference
from shared.storage.clock import now_us
from shared.storage.paths import split_path, this_loop
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable
from shared.times import compact
from shared.web.operations import Api, Functions
from shared.web.responses import answer_created

functions = Functions()


@functions.operation(["POST"], "exports", Role.ADMIN, api=Api.OWN, answer=Bundle, status=201)
async def export_bundle(_: HttpRequest) -> HttpResponse:
    """Write model, training state, learning settings and configuration into the container of exports."""
    return answer_created(await asyncio.to_thread(_export))


def _export() -> bytes:
    configuration, published = configuration_store.read_configuration(), published_store.read_published()
    files = settings_of(configuration) | (_model(published.model) if published.model else {})
    return _store(files, now_us()).to_json()


def _store(files: Mapping[str, bytes], at_us: int) -> Bundle:
    """Store files by their names under `exports/{loop}/{moment}/`; they are never changed."""
    paths = {f"{this_loop().exports}{compact(at_us)}/{name}": data for name, data in files.items()}
    for path, data in paths.items():
        blobs().create(path, data)
    return Bundle(container=split_path(this_loop().exports)[0], blobs=[split_path(path)[1] for path in paths])


def _model(model: ModelReference) -> dict[str, bytes]:
    try:
        return {
            "model.vw": model_store.read_intact(model.predictor_blob),
            "training-state.vw": model_store.read_intact(model.state_blob),
        }
    except DamagedModel as problem:
        raise StorageUnavailable("the model was replaced while it was read") from problem
