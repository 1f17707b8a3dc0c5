"""Feature importances: what each feature was worth in a range of the log. Since 2022-09-01-preview."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.deletion import delete
from evaluate_fn.submission import submit
from shared.access.role import Role
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Purpose
from shared.evaluation.forms import feature_importance_answers as answers
from shared.evaluation.forms.feature_importance_answers import (
    FeatureImportance,
    FeatureImportanceContract,
    FeatureImportances,
)
from shared.web.errors import (
    FeatureImportanceAlreadyExists,
    FeatureImportanceNotFound,
    InvalidContract,
    InvalidRequest,
)
from shared.web.json_bodies import read_id
from shared.web.operations import Functions
from shared.web.pages import Page, PageQuery, next_link
from shared.web.responses import done, json_answer, no_content

functions = Functions()

PATH = "featureImportances"
IMPORTANCE_PATH = PATH + "/{featureImportanceId}"

_SINCE = "2022-09-01-preview"
_ID = "featureImportanceId"


@functions.operation(["GET"], PATH, Role.READ, since=_SINCE, query=PageQuery, answer=FeatureImportances)
async def list_feature_importances(req: HttpRequest) -> HttpResponse:
    """List the feature importances in pages, the newest first."""
    page = Page.read(req.params)
    importances = await asyncio.to_thread(evaluation_store.list_all, Purpose.IMPORTANCE)
    return json_answer(answers.list_answer(page.of(importances), next_link(req, page.after(len(importances)))))


@functions.operation(
    ["PUT"], IMPORTANCE_PATH, Role.ADMIN, since=_SINCE, request=FeatureImportanceContract, refusals=[409]
)
async def create_feature_importance(req: HttpRequest) -> HttpResponse:
    """Start a feature importance under an id of the caller's."""
    of_id = read_id(req.route_params[_ID], _ID, InvalidContract)
    spec = FeatureImportanceContract.read(req.get_body()).spec(of_id, purpose=Purpose.IMPORTANCE)
    if await asyncio.to_thread(submit, spec) is None:
        raise FeatureImportanceAlreadyExists
    return done()


@functions.operation(["GET"], IMPORTANCE_PATH, Role.READ, since=_SINCE, answer=FeatureImportance, refusals=[404])
async def read_feature_importance(req: HttpRequest) -> HttpResponse:
    """Tell a feature importance, and the scores once it has ended."""
    return json_answer(await asyncio.to_thread(_answer, _id(req)))


@functions.operation(["DELETE"], IMPORTANCE_PATH, Role.ADMIN, since=_SINCE, status=204, refusals=[404])
async def delete_feature_importance(req: HttpRequest) -> HttpResponse:
    """Cancel a feature importance that runs, or forget one that has ended."""
    if not await asyncio.to_thread(delete, Purpose.IMPORTANCE, _id(req)):
        raise FeatureImportanceNotFound
    return no_content()


def _id(req: HttpRequest) -> str:
    return read_id(req.route_params[_ID], _ID, InvalidRequest)


def _answer(of_id: str) -> bytes:
    importance = evaluation_store.read(Purpose.IMPORTANCE, of_id)
    if importance is None:
        raise FeatureImportanceNotFound
    scores = evaluation_run_store.read_scores(importance) if importance.status.has_results else None
    return answers.answer(importance, scores)
