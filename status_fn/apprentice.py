"""`GET metrics/apprentice`: how well the loop imitates as an apprentice."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.forms.apprentice_metrics import ApprenticeMetrics
from shared.configuration.service_configuration import LearningMode
from shared.metrics.apprentice_forms import answer
from shared.metrics.bins import Metrics
from shared.training import lease
from shared.web.errors import ApprenticeModeNeverTurnedOn
from shared.web.operations import Functions
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], "metrics/apprentice", Role.READ, since="v1.1-preview.1", answer=ApprenticeMetrics)
async def read_apprentice_metrics(_: HttpRequest) -> HttpResponse:
    """Tell how often the model chose what the application shows by default, and what that earned."""
    return json_answer(await asyncio.to_thread(_read_metrics))


def _read_metrics() -> bytes:
    """The body of the answer.

    Raises:
        ApprenticeModeNeverTurnedOn: The loop is no apprentice, and has no events from a time as an apprentice.
    """
    state, configuration = lease.read_state(), configuration_store.read_configuration()
    apprentice = (state.metrics if state else Metrics()).apprentice
    if not apprentice.total.events and configuration.service.learning_mode is not LearningMode.APPRENTICE:
        raise ApprenticeModeNeverTurnedOn
    return answer(apprentice)
