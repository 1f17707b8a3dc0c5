"""`GET /rankloop/v1/evaluations`: the list of evaluations, the report on one, and the course of its rewards."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.evaluations import EVALUATION_PATH, PATH, evaluation_id, load_evaluation, load_outcome
from shared.access.role import Role
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Purpose
from shared.evaluation.forms import evaluation_list_forms, report_forms, reward_course_forms
from shared.evaluation.forms.evaluation_list_forms import EvaluationList
from shared.evaluation.forms.report_forms import EvaluationReport
from shared.evaluation.forms.reward_course_forms import RewardCourse
from shared.web.operations import Api, Functions
from shared.web.pages import Page, PageQuery, next_link
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], PATH, Role.READ, api=Api.OWN, query=PageQuery, answer=EvaluationList)
async def list_reports(req: HttpRequest) -> HttpResponse:
    """List the evaluations of all versions with what came of them, in pages, the newest first."""
    page = Page.read(req.params)
    everything = await asyncio.to_thread(evaluation_store.list_all, Purpose.EVALUATION)
    evaluations = page.of(everything)
    totals = await asyncio.to_thread(evaluation_run_store.read_totals, evaluations)
    link = next_link(req, page.after(len(everything)))
    pairs = list(zip(evaluations, totals, strict=True))
    return json_answer(await asyncio.to_thread(evaluation_list_forms.list_answer, pairs, link))


@functions.operation(["GET"], EVALUATION_PATH, Role.READ, api=Api.OWN, answer=EvaluationReport, refusals=[404])
async def report_evaluation(req: HttpRequest) -> HttpResponse:
    """Tell all estimates and intervals of an evaluation, whichever version it was made in, and what was tried."""
    return json_answer(await asyncio.to_thread(_report, evaluation_id(req)))


@functions.operation(["GET"], EVALUATION_PATH + "/rewards", Role.READ, api=Api.OWN, answer=RewardCourse, refusals=[404])
async def read_reward_course(req: HttpRequest) -> HttpResponse:
    """Tell what each policy of an evaluation earned over time."""
    return json_answer(await asyncio.to_thread(_course, evaluation_id(req)))


def _report(of_id: str) -> bytes:
    evaluation = load_evaluation(of_id)
    progress = None if evaluation.status.has_ended else evaluation_run_store.read_progress(evaluation)
    return report_forms.answer(evaluation, load_outcome(evaluation), progress)


def _course(of_id: str) -> bytes:
    return reward_course_forms.answer(load_outcome(load_evaluation(of_id)))
