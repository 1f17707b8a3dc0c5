"""`GET /rankloop/v1/status`: is the loop learning, and if not, why not."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.contract import loop_status
from shared.loop.warnings import Warned, warnings
from shared.storage import hot_path
from shared.storage.arrivals import now_us
from shared.web.answers import json_answer
from shared.web.endpoint import endpoint
from shared.web.operations import OWN_API, functions
from status_fn import evidence

blueprint = functions()


@blueprint.route(route=f"{OWN_API}/status", methods=["GET"])
@endpoint
async def read_loop_status(_: HttpRequest) -> HttpResponse:
    """Tell the story of the loop so far."""
    known = await asyncio.to_thread(evidence.known, now_us())
    found = warnings(known.counters, known.configuration) + _of_this_instance()
    model = hot_path.served()
    return json_answer(loop_status.answer(known, found, model.reference if model else None))


def _of_this_instance() -> list[Warned]:
    """What keeps the instance that answers from hearing of changes, or from using the published model."""
    found, trouble, model = [], hot_path.watch().last_error, hot_path.served()
    if trouble is not None:
        message = f"This instance goes on with the configuration and the model it has: {trouble}."
        found.append(
            Warned("NotRefreshed", message, "If it does not pass, look at the storage account and its access.")
        )
    if model and model.rejected:
        message = f"This instance does not use model {model.rejected.model_id}: {model.rejected.reason}."
        found.append(Warned("ModelRejected", message, "It ranks with the model before it until the next is published."))
    return found
