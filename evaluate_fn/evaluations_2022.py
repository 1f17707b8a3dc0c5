"""Offline evaluations in 2022-09-01-preview."""

import asyncio
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.deletion import delete
from evaluate_fn.evaluations import EVALUATION_PATH, PATH, evaluation_id, load_evaluation, load_outcome
from evaluate_fn.submission import submit
from shared.access.role import Role
from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Purpose
from shared.evaluation.forms import answers_2022 as answers
from shared.evaluation.forms import queries_2022 as queries
from shared.evaluation.forms.answers_2022 import Evaluation2022, Evaluations2022
from shared.evaluation.forms.evaluation_requests import EvaluationContract2022, custom
from shared.evaluation.forms.queries_2022 import EvaluationQuery, EvaluationsQuery
from shared.web.errors import (
    EvaluationAlreadyExists,
    EvaluationNotFound,
    IncompatibleEvaluationVersion,
    InvalidEvaluationContract,
)
from shared.web.json_bodies import read_id
from shared.web.operations import Functions
from shared.web.pages import Page, next_link
from shared.web.responses import done, json_answer, no_content

functions = Functions()

_SINCE = "2022-09-01-preview"


@functions.operation(["GET"], PATH, Role.READ, since=_SINCE, query=EvaluationsQuery, answer=Evaluations2022)
async def list_evaluations(req: HttpRequest) -> HttpResponse:
    """List the evaluations in pages, the newest first."""
    page, passes = Page.read(req.params), queries.parse_filter(req.params.get("filter"))
    everything = await asyncio.to_thread(evaluation_store.list_all, Purpose.EVALUATION)
    evaluations = [evaluation for evaluation in everything if passes(evaluation)]
    link = next_link(req, page.after(len(evaluations)), ("filter",))
    return json_answer(answers.list_answer(page.of(evaluations), link))


@functions.operation(["PUT"], EVALUATION_PATH, Role.ADMIN, since=_SINCE, request=EvaluationContract2022, refusals=[409])
async def create_evaluation(req: HttpRequest) -> HttpResponse:
    """Start an evaluation under an id of the caller's."""
    of_id = read_id(req.route_params["evaluationId"], "evaluationId", InvalidEvaluationContract)
    contract = EvaluationContract2022.read(req.get_body())
    spec = replace(
        contract.spec(of_id),
        custom=custom(contract.policies or []),
        optimise=bool(contract.enable_policy_optimization),
    )
    if await asyncio.to_thread(submit, spec) is None:
        raise EvaluationAlreadyExists
    return done()


@functions.operation(
    ["GET"], EVALUATION_PATH, Role.READ, since=_SINCE, query=EvaluationQuery, answer=Evaluation2022, refusals=[404, 405]
)
async def read_evaluation(req: HttpRequest) -> HttpResponse:
    """Tell an evaluation, and the wanted part of what it found once it has ended."""
    return json_answer(await asyncio.to_thread(_answer, req))


@functions.operation(["DELETE"], EVALUATION_PATH, Role.ADMIN, since=_SINCE, status=204, refusals=[404])
async def delete_evaluation(req: HttpRequest) -> HttpResponse:
    """Cancel an evaluation that runs, or forget one that has ended."""
    if not await asyncio.to_thread(delete, Purpose.EVALUATION, evaluation_id(req)):
        raise EvaluationNotFound
    return no_content()


def _answer(req: HttpRequest) -> bytes:
    evaluation = load_evaluation(evaluation_id(req))
    if not (evaluation.is_of_2022 or evaluation.is_automatic):
        raise IncompatibleEvaluationVersion
    wanted = queries.read_answer_range(req.params, evaluation)
    return answers.answer(evaluation, load_outcome(evaluation), wanted)
