"""Offline evaluations in the versions before 2022-09-01-preview."""

import asyncio
import uuid
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.submission import submit
from shared.access.role import Role
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose
from shared.evaluation.forms import answers_v1 as answers
from shared.evaluation.forms.evaluation_requests import EvaluationContract, custom
from shared.evaluation.outcome import Outcome
from shared.web.errors import EvaluationAlreadyExists, EvaluationNotFound, InvalidRequest
from shared.web.json_bodies import read_id
from shared.web.operations import Functions, PerVersion
from shared.web.responses import answer_created, json_answer, no_content
from shared.web.versions import LAST_OF_V1, Version

functions = Functions()

PATH = "evaluations"
EVALUATION_PATH = PATH + "/{evaluationId}"


@functions.operation(["GET"], PATH, Role.READ, until=LAST_OF_V1, answer=PerVersion(answers.list_model))
async def list_evaluations(_: HttpRequest, version: Version) -> HttpResponse:
    """List the evaluations, the newest first."""
    return json_answer(await asyncio.to_thread(_list, version))


@functions.operation(
    ["POST"],
    PATH,
    Role.ADMIN,
    until=LAST_OF_V1,
    request=EvaluationContract,
    answer=PerVersion(answers.answer_model),
    status=201,
    refusals=[409],
)
async def create_evaluation(req: HttpRequest, version: Version) -> HttpResponse:
    """Start an evaluation, and tell where to find it."""
    contract = EvaluationContract.read(req.get_body())
    spec = replace(
        contract.spec(str(uuid.uuid4()), is_of_2022=False),
        custom=custom(contract.policies),
        optimise=bool(contract.enable_offline_experimentation),
    )
    evaluation = await asyncio.to_thread(submit, spec)
    if evaluation is None:
        raise EvaluationAlreadyExists
    location = f"/{version.prefix}/{PATH}/{evaluation.id}"
    return answer_created(answers.answer(evaluation, None, version), location)


@functions.operation(
    ["GET"], EVALUATION_PATH, Role.READ, until=LAST_OF_V1, answer=PerVersion(answers.answer_model), refusals=[404]
)
async def read_evaluation(req: HttpRequest, version: Version) -> HttpResponse:
    """Tell an evaluation, and what it found once it has ended."""
    return json_answer(await asyncio.to_thread(_answer, evaluation_id(req), version))


@functions.operation(["DELETE"], EVALUATION_PATH, Role.ADMIN, until=LAST_OF_V1, status=204)
async def remove_evaluation(req: HttpRequest) -> HttpResponse:
    """Forget an evaluation; one that still runs stops."""
    await asyncio.to_thread(evaluation_store.remove, Purpose.EVALUATION, evaluation_id(req))
    return no_content()


def evaluation_id(req: HttpRequest) -> str:
    """The id in a call's path.

    Raises:
        InvalidRequest: The text cannot be an id.
    """
    return read_id(req.route_params["evaluationId"], "evaluationId", InvalidRequest)


def load_evaluation(of_id: str) -> Evaluation:
    """Read the evaluation of an id.

    Raises:
        EvaluationNotFound: There is none.
    """
    evaluation = evaluation_store.read(Purpose.EVALUATION, of_id)
    if evaluation is None:
        raise EvaluationNotFound
    return evaluation


def load_outcome(evaluation: Evaluation) -> Outcome | None:
    """Read the outcome of an evaluation; None if it has none."""
    return evaluation_run_store.read_outcome(evaluation) if evaluation.status.has_results else None


def _answer(of_id: str, version: Version) -> bytes:
    evaluation = load_evaluation(of_id)
    return answers.answer(evaluation, load_outcome(evaluation), version)


def _list(version: Version) -> bytes:
    evaluations = evaluation_store.list_all(Purpose.EVALUATION)
    totals = evaluation_run_store.read_totals(evaluations)
    entries = [
        answers.list_entry(evaluation, outcome, version)
        for evaluation, outcome in zip(evaluations, totals, strict=True)
    ]
    return answers.list_answer(entries)
