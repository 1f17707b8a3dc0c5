"""An app with nothing in it: one function, whose answer is as long as the setting `ANSWER_BYTES` says.

What the app imports before it serves, the setting `IMPORTS` names; `QUIET` turns the worker's lines of each call off.
"""

import importlib
import logging
import os

from azure.functions import AuthLevel, FunctionApp, HttpRequest, HttpResponse

for name in os.environ.get("IMPORTS", "").split():
    importlib.import_module(name)
if os.environ.get("QUIET"):
    for name in ("proxy_worker", "azure.functions"):
        logging.getLogger(name).setLevel(logging.WARNING)
app = FunctionApp(http_auth_level=AuthLevel.ANONYMOUS)
answer = b" " * int(os.environ["ANSWER_BYTES"])


@app.route(route="empty", methods=["POST"])
async def empty(req: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the library asks for it
    """Answer without having read the request."""
    return HttpResponse(answer, status_code=201, mimetype="application/json")
