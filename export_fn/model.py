"""The model in use: download, dates, reset."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.models import model_store, published_store
from shared.models.model_forms import (
    ModelProperties,
    download_headers,
    download_query,
    wants_signed,
)
from shared.models.published import ModelReference
from shared.models.signed_file import SignedModel
from shared.storage_errors import StorageUnavailable
from shared.web.operations import BINARY, Functions, PerVersion
from shared.web.responses import binary, json_answer, no_content
from shared.web.versions import Version

functions = Functions()


@functions.operation(["GET"], "model", Role.READ, query=PerVersion(download_query), answer=BINARY)
async def download_model(req: HttpRequest, version: Version) -> HttpResponse:
    """The bytes that Rank uses, plain or signed by the loop; none while there is no model."""
    signed = wants_signed(req.params.get("signed"), version)
    published = await asyncio.to_thread(published_store.read_published)
    data = await asyncio.to_thread(_sign if signed else _read_predictor, published.model)
    return binary(data, download_headers(published, signed=signed))


@functions.operation(["GET"], "model/properties", Role.READ, answer=ModelProperties)
async def read_model_properties(_req: HttpRequest) -> HttpResponse:
    """When the model was made and last changed."""
    published = await asyncio.to_thread(published_store.read_published)
    return json_answer(ModelProperties.of(published).to_json())


@functions.operation(["DELETE"], "model", Role.ADMIN, status=204)
async def reset_model(_: HttpRequest, caller: str) -> HttpResponse:
    """Forget what was learned; the log stays, and learning starts with the events to come."""
    from export_fn import imported_model  # here: a cold start would wait for its modules

    await asyncio.to_thread(imported_model.forget, caller)
    return no_content()


def _read_predictor(model: ModelReference | None) -> bytes:
    data = model_store.read(model.predictor_blob) if model else b""
    if data is None:
        raise StorageUnavailable("the model was replaced while it was read")
    return data


def _sign(model: ModelReference | None) -> bytes:
    from shared.models.certificate_store import signer

    data, loop = _read_predictor(model), signer()
    return SignedModel(data, loop.certificate, loop.sign(data)).pack()
