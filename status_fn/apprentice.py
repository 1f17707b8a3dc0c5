"""`GET metrics/apprentice`: how well the loop imitates as an apprentice."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.contract.apprentice import answer
from shared.contract.configuration_answer import ApprenticeMetrics
from shared.contract.errors import ApprenticeModeNeverTurnedOn
from shared.loop.configuration import LearningMode
from shared.loop.metrics import Metrics
from shared.storage import documents, lease
from shared.web.answers import json_answer
from shared.web.operations import functions, operation

blueprint = functions()


@operation(blueprint, ["GET"], "metrics/apprentice", since="v1.1-preview.1", answer=ApprenticeMetrics)
async def read_apprentice_metrics(_: HttpRequest) -> HttpResponse:
    """Tell how often the model chose what the application shows by default, and what that earned."""
    return json_answer(await asyncio.to_thread(_told))


def _told() -> bytes:
    """Everything of the loop as an apprentice.

    Raises:
        ApprenticeModeNeverTurnedOn: It is none, and no event of it as one is known.
    """
    state, configuration = lease.read_state(), documents.read_configuration()
    apprentice = (state.metrics if state else Metrics()).apprentice
    if not apprentice.total.events and configuration.service.learning_mode is not LearningMode.APPRENTICE:
        raise ApprenticeModeNeverTurnedOn
    return answer(apprentice)
