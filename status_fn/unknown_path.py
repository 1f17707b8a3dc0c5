"""What is asked for under no path of the API: a path with a slash too many is understood, any other told apart."""

from functools import partial

from azure.functions import HttpRequest, HttpResponse

from shared.web.endpoint import HOST_BODY_BYTES, open_endpoint
from shared.web.operations import functions, wherever

blueprint = functions()


@blueprint.route(route="{*path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@partial(open_endpoint, limit_bytes=HOST_BODY_BYTES)
async def unknown_path(req: HttpRequest) -> HttpResponse:
    """Serve the operation that was meant, which checks key and size itself, or say that there is none."""
    return await wherever(req)
