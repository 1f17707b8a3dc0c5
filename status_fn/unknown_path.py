"""Calls of unknown paths: a path with a slash too many is served, any other path is refused."""

from azure.functions import HttpRequest, HttpResponse

from shared.web.endpoint import HOST_BODY_BYTES
from shared.web.operations import Api, Functions
from shared.web.registry import Registry

functions = Functions()
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@functions.operation(_METHODS, "", api=Api.ANY_PATH, limit_bytes=HOST_BODY_BYTES)
async def unknown_path(req: HttpRequest, registry: Registry) -> HttpResponse:
    """Serve the operation whose path was misspelt, which checks key and size itself, or say that there is none."""
    return await registry.serve_any_spelling(req)
