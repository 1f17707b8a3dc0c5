"""What clients that rank on their own would upload: not taken."""

from azure.functions import HttpRequest, HttpResponse

from shared.web.errors import BinaryNotSupported
from shared.web.operations import BINARY, Functions

functions = Functions()


@functions.operation(["POST"], "logs/interactions", since="v1.1-preview.2", request=BINARY, status=None)
async def upload_interactions(_: HttpRequest) -> HttpResponse:
    """Refuse the binary records of events that a client has ranked on its own."""
    raise BinaryNotSupported


@functions.operation(["POST"], "logs/observations", since="v1.1-preview.2", request=BINARY, status=None)
async def upload_observations(_: HttpRequest) -> HttpResponse:
    """Refuse the binary records of rewards for such events."""
    raise BinaryNotSupported
