"""Calls of all that has no function of its own, and of other loops; a browser at `/` is led to the page."""

from azure.functions import HttpRequest, HttpResponse

from shared.web import urls
from shared.web.operations import Api, Functions
from shared.web.registry import Registry
from shared.web.responses import without_body

functions = Functions()
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@functions.operation(_METHODS, "", None, api=Api.ANY_PATH)
async def unmatched_path(req: HttpRequest, registry: Registry) -> HttpResponse:
    """Serve what has no function of its own, or another loop, or say that there is no such operation."""
    if req.method in ("GET", "HEAD") and not urls.path_of_call(req) and "text/html" in req.headers.get("Accept", ""):
        return without_body(302, {"Location": "rankloop"})  # relative: there may be a path before it
    return await registry.serve_path(req)
