"""`GET /rankloop/v1/status`: is the loop learning, and if not, why not."""

import asyncio
from typing import Any

from azure.functions import HttpRequest, HttpResponse

from shared.ranking.hot_path import HotPath
from shared.settings import NOT_RESOLVED, TO_RESOLVE, settings
from shared.status.status_forms import LoopStatus
from shared.status.warning import Warned
from shared.status.warnings import warnings
from shared.storage.clock import now_us
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer
from shared.words import counted
from status_fn import evidence

functions = Functions()


@functions.operation(["GET"], "status", api=Api.OWN, answer=LoopStatus)
async def read_loop_status(_: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """Tell the story of the loop so far."""
    known = await asyncio.to_thread(evidence.known, now_us())
    refused = await asyncio.to_thread(hot_path.refused_ranks.lately, now_us())
    found = warnings(known.state, known.configuration, known.sample) + _of_ranks(refused) + _of_this_instance(hot_path)
    model = hot_path.model
    return json_answer(LoopStatus.of(known, found, model.reference if model else None).to_json())


def _of_ranks(refused: int) -> list[Warned]:
    if not refused:
        return []
    told = counted(refused, "Rank call was", "Rank calls were")
    message = f"{told} refused in the last day or so, having more than 50 actions."
    return [
        Warned(
            "TooManyActions", message, "Choose at most 50 actions beforehand, by a rule or at random, and rank those."
        )
    ]


def _of_this_instance(hot_path: HotPath[Any]) -> list[Warned]:
    """What keeps the instance that answers from a key, from hearing of changes, or from using the published model."""
    found, trouble, model = _of_keys(), hot_path.live_settings.last_error, hot_path.model
    if trouble is not None:
        message = f"This instance goes on with the configuration and the model it has: {trouble}."
        found.append(
            Warned("NotRefreshed", message, "If it does not pass, look at the storage account and its access.")
        )
    if model and model.rejected:
        message = f"This instance does not use model {model.rejected.model_id}: {model.rejected.reason}."
        found.append(Warned("ModelRejected", message, "It ranks with the model before it until the next is published."))
    return found


def _of_keys() -> list[Warned]:
    todo = f"{TO_RESOLVE[0].upper()}{TO_RESOLVE[1:]}."
    return [
        Warned("KeyNotResolved", f"Setting {name} opens nothing: {NOT_RESOLVED}.", todo)
        for name in settings().unresolved_keys
    ]
