"""`GET /rankloop/v1/evaluations/{evaluationId}`: everything that is known of an evaluation."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.evaluations import ONE, evaluation_id, found, known
from shared.evaluation.forms.report_forms import EvaluationReport, answer
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], ONE, api=Api.OWN, answer=EvaluationReport, refusals=[404])
async def report_evaluation(req: HttpRequest) -> HttpResponse:
    """Tell all estimates and intervals of an evaluation, whichever version it was made in, and what was tried."""
    return json_answer(await asyncio.to_thread(_told, evaluation_id(req)))


def _told(of_id: str) -> bytes:
    evaluation = known(of_id)
    return answer(evaluation, found(evaluation))
