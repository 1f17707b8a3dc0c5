"""Calls of unknown paths: one with a slash too many is served, a browser at `/` led to the page, any other refused."""

from azure.functions import HttpRequest, HttpResponse

from shared.web import urls
from shared.web.endpoint import HOST_BODY_BYTES
from shared.web.operations import Api, Functions
from shared.web.registry import Registry

functions = Functions()
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@functions.operation(_METHODS, "", api=Api.ANY_PATH, limit_bytes=HOST_BODY_BYTES)
async def unknown_path(req: HttpRequest, registry: Registry) -> HttpResponse:
    """Serve the operation whose path was misspelt, which checks key and size itself, or say that there is none."""
    if req.method == "GET" and not urls.path_of_call(req) and "text/html" in req.headers.get("Accept", ""):
        return HttpResponse(
            status_code=302, headers={"Location": "rankloop"}
        )  # relative: there may be a path before it
    return await registry.serve_any_spelling(req)
