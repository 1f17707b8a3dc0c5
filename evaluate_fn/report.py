"""`GET /rankloop/v1/evaluations/{evaluationId}`: the report on an evaluation."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.evaluations import EVALUATION_PATH, evaluation_id, load_evaluation, load_outcome
from shared.evaluation.forms.report_forms import EvaluationReport, answer
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], EVALUATION_PATH, api=Api.OWN, answer=EvaluationReport, refusals=[404])
async def report_evaluation(req: HttpRequest) -> HttpResponse:
    """Tell all estimates and intervals of an evaluation, whichever version it was made in, and what was tried."""
    return json_answer(await asyncio.to_thread(_answer, evaluation_id(req)))


def _answer(of_id: str) -> bytes:
    evaluation = load_evaluation(of_id)
    return answer(evaluation, load_outcome(evaluation))
