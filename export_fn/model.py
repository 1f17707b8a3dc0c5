"""The model in use: download, dates, reset."""

import asyncio
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from shared.contract.model import download_headers, properties
from shared.loop.published import ModelReference, Published
from shared.loop.trouble import StorageUnavailable
from shared.storage import documents, models
from shared.storage.arrivals import now_us
from shared.web.answers import binary, json_answer, no_content
from shared.web.operations import functions, operation

blueprint = functions()


@operation(blueprint, ["GET"], "model")
async def download_model(_req: HttpRequest) -> HttpResponse:
    """The bytes that Rank uses; none while there is no model."""
    published = await asyncio.to_thread(documents.read_published)
    return binary(await asyncio.to_thread(_predictor, published.model), download_headers(published))


@operation(blueprint, ["GET"], "model/properties")
async def read_model_properties(_req: HttpRequest) -> HttpResponse:
    """When the model was made and last changed."""
    published = await asyncio.to_thread(documents.read_published)
    return json_answer(properties(published))


@operation(blueprint, ["DELETE"], "model")
async def reset_model(_: HttpRequest) -> HttpResponse:
    """Forget what was learned; the log stays, and learning starts with the events to come."""
    at_us = now_us()
    await asyncio.to_thread(documents.change_published, lambda published: _without_model(published, at_us))
    return no_content()


def _predictor(model: ModelReference | None) -> bytes:
    data = models.read(model.predictor_blob) if model else b""
    if data is None:
        raise StorageUnavailable("the model was replaced while it was read")
    return data


def _without_model(published: Published, at_us: int) -> Published:
    """What is published after a reset; the model stays among the previous ones."""
    previous = (published.model, *published.previous) if published.model else published.previous
    return replace(published, generation=published.generation + 1, model=None, previous=previous, changed_at_us=at_us)
