"""What is asked for under no path of the API: a path with a slash too many is understood, any other told apart."""

from azure.functions import HttpRequest, HttpResponse

from shared.web.endpoint import open_endpoint
from shared.web.operations import functions, wherever

blueprint = functions()


@blueprint.route(route="{*path}", methods=["GET", "POST", "PUT", "DELETE"])
@open_endpoint
async def unknown_path(req: HttpRequest) -> HttpResponse:
    """Serve the operation that was meant, which checks the key itself, or say that there is none."""
    return await wherever(req)
