"""Imports: from the files of an old log to settings and a model, which the loop can take."""

import asyncio
import uuid
from dataclasses import replace

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.adoption import LearnedPolicy, adopt
from evaluate_fn.submission import submit
from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import Act, Cause
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, ImportSource, Purpose
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.imports import customer_files_store, import_run_store
from shared.imports.forms import import_forms
from shared.imports.forms.import_forms import ImportApplication, ImportList, ImportReport, ImportRequest
from shared.imports.import_plan import GATHERED
from shared.log.customer_container import ContainerFailed
from shared.log.exchange_slots_store import ExchangesBusy
from shared.models import published_store
from shared.models.model_store import DamagedModel
from shared.models.published import Origin
from shared.training import lease
from shared.web.errors import (
    ImportAlreadyExists,
    ImportModelNotFound,
    ImportNotCompleted,
    ImportNotFound,
    InvalidImport,
    InvalidRequest,
    ModelDoesNotFit,
    ModelInUse,
)
from shared.web.json_bodies import read_id
from shared.web.operations import Api, Functions
from shared.web.pages import Page, PageQuery, next_link
from shared.web.responses import answer_created, json_answer, no_content
from shared.web.threads import CustomerCalls

functions = Functions()

_PATH = "imports"
_IMPORT_PATH = _PATH + "/{importId}"


@functions.operation(["GET"], _PATH, Role.READ, api=Api.OWN, query=PageQuery, answer=ImportList)
async def list_imports(req: HttpRequest) -> HttpResponse:
    """List the imports in pages, the newest first."""
    page = Page.read(req.params)
    imports = await asyncio.to_thread(evaluation_store.list_all, Purpose.IMPORT)
    return json_answer(import_forms.list_answer(page.of(imports), next_link(req, page.after(len(imports)))))


@functions.operation(
    ["POST"], _PATH, Role.ADMIN, api=Api.OWN, request=ImportRequest, answer=ImportReport, status=201, refusals=[409]
)
async def start_import(req: HttpRequest, customer_calls: CustomerCalls) -> HttpResponse:
    """Find out what the files of an old log teach; nothing of the loop changes by it."""
    spec = ImportRequest.read(req.get_body()).spec(str(uuid.uuid4()))
    imported = await customer_calls.run(_start, spec)
    if imported is None:
        raise ImportAlreadyExists
    return answer_created(import_forms.answer(imported, None, None), f"/rankloop/v1/{_PATH}/{imported.id}")


@functions.operation(["GET"], _IMPORT_PATH, Role.READ, api=Api.OWN, answer=ImportReport, refusals=[404])
async def read_import(req: HttpRequest) -> HttpResponse:
    """Tell how far an import is, and what was learned once it has ended."""
    return json_answer(await asyncio.to_thread(_report, _id(req)))


@functions.operation(["DELETE"], _IMPORT_PATH, Role.ADMIN, api=Api.OWN, status=204)
async def remove_import(req: HttpRequest) -> HttpResponse:
    """Forget an import; one that still runs stops. What the loop has taken of it stays in use."""
    await asyncio.to_thread(evaluation_store.remove, Purpose.IMPORT, _id(req))
    return no_content()


@functions.operation(
    ["POST"],
    _IMPORT_PATH + "/apply",
    Role.ADMIN,
    api=Api.OWN,
    request=ImportApplication,
    status=204,
    refusals=[404, 409],
)
async def apply_import(req: HttpRequest, caller: str) -> HttpResponse:
    """Use the settings and the model that an import has come to, and learn on by the loop's own events."""
    wanted = ImportApplication.read(req.get_body() or b"{}")
    await asyncio.to_thread(_apply, _id(req), caller, confirmed=wanted.confirm)
    return no_content()


def _id(req: HttpRequest) -> str:
    return read_id(req.route_params["importId"], "importId", InvalidRequest)


def _start(spec: EvaluationSpec) -> Evaluation | None:
    if configuration_store.read_configuration().learning.problem_type != "cb":
        raise InvalidImport("The loop is for several slots, and an import is for events with one choice.")
    if spec.source is not None:
        _check_files(spec.source)
    return submit(spec)


def _check_files(source: ImportSource) -> None:
    """See that there is something to read; if that has to wait for its turn, the import itself will see."""
    try:
        missing = customer_files_store.find_missing(source)
    except ContainerFailed as problem:
        raise InvalidImport(f"The container cannot be listed: {problem}.", "container") from problem
    except ExchangesBusy:
        return
    if missing is not None and missing.is_of_actions:
        raise InvalidImport("The container has no such file that has something in it.", "columns.actionFeatures.file")
    if missing is not None:
        raise InvalidImport("The container has no file with such a name that has something in it.", "prefix")


def _load(of_id: str) -> Evaluation:
    imported = evaluation_store.read(Purpose.IMPORT, of_id)
    if imported is None:
        raise ImportNotFound
    return imported


def _report(of_id: str) -> bytes:
    imported = _load(of_id)
    outcome = import_run_store.read_outcome(imported) if imported.status.has_results else None
    if imported.status.has_ended:
        return import_forms.answer(imported, outcome, None)
    waiting = replace(imported, reason=evaluation_run_store.read_problem(imported, GATHERED))
    return import_forms.answer(waiting, outcome, evaluation_run_store.read_progress(imported))


def _apply(of_id: str, caller: str, *, confirmed: bool) -> None:
    imported = _load(of_id)
    outcome = import_run_store.read_outcome(imported) if imported.status.has_results else None
    if outcome is None:
        raise ImportNotCompleted(imported.status)
    in_use = published_store.read_published().model
    is_applied = in_use is not None and in_use.sha256 == outcome.model.predictor_sha256
    if in_use is not None and not is_applied and not confirmed:
        raise ModelInUse(in_use.id)

    def check(configuration: Configuration) -> None:
        if configuration.learning.problem_type != "cb":
            raise ModelDoesNotFit("The loop is for several slots, and the import is for events with one choice.")

    chosen, joined_us = outcome.chosen, lease.read_joined_up_to_us()
    learned = LearnedPolicy(
        LearningSettings(chosen.name, chosen.arguments),
        outcome.model,
        joined_us,
        joined_us,
        LearningMode.ONLINE,
        imported.created_us,
        Origin.IMPORTED,
    )
    try:
        adopt(imported, learned, check, Cause(caller, Act.IMPORT, f"import {imported.id}, policy {chosen.name}"))
    except DamagedModel as error:
        raise ImportModelNotFound from error
