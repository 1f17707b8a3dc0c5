"""Relabels over HTTP: propose, list, read, activate, lift."""

import asyncio
from collections.abc import Callable

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store, relabel_changes
from shared.configuration.configuration import Configuration
from shared.configuration.corrections import Relabel
from shared.configuration.settings_change import Act, Cause
from shared.status import relabel_forms
from shared.status.quarantine_effect import find_effect
from shared.status.relabel_forms import NewRelabel, RelabelAnswer, Relabels
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import read_id
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer
from shared.web.threads import LogReaders

functions = Functions()

_PATH = "relabels"
_RELABEL_PATH = _PATH + "/{relabelId}"


@functions.operation(["GET"], _PATH, Role.READ, api=Api.OWN, answer=Relabels)
async def list_relabels(_: HttpRequest) -> HttpResponse:
    """List the relabels that are proposed or active, and the last that were lifted, the newest first."""
    return json_answer(await asyncio.to_thread(_list))


@functions.operation(
    ["PUT"], _RELABEL_PATH, Role.ADMIN, api=Api.OWN, request=NewRelabel, answer=RelabelAnswer, refusals=[409]
)
async def propose_relabel(req: HttpRequest, caller: str, log_readers: LogReaders) -> HttpResponse:
    """Evaluate what would become of the rewards of some events, and propose it; nothing is learned otherwise yet."""
    from export_fn import relabel_evaluation  # here: a cold start would wait for its modules

    relabel_id = read_id(req.route_params["relabelId"], "relabelId", InvalidRequest)
    request = NewRelabel.read(req.get_body())
    at_us = await asyncio.to_thread(now_us)
    correction = request.correction(relabel_id, at_us, request.formula.read_formula())
    figures = await log_readers.run(relabel_evaluation.evaluate, correction)
    new = Relabel(correction, request.reason, figures, at_us, caller)

    def propose(stored: Configuration) -> Configuration:
        return relabel_changes.propose(stored, new)

    return json_answer(await asyncio.to_thread(_change, relabel_id, propose))


@functions.operation(["GET"], _RELABEL_PATH, Role.READ, api=Api.OWN, answer=RelabelAnswer, refusals=[404])
async def read_relabel(req: HttpRequest) -> HttpResponse:
    """Tell of a relabel, and what came of it."""
    return json_answer(await asyncio.to_thread(_read, _id(req)))


@functions.operation(
    ["POST"], _RELABEL_PATH + "/activate", Role.ADMIN, api=Api.OWN, answer=RelabelAnswer, refusals=[404, 409]
)
async def activate_relabel(req: HttpRequest, caller: str) -> HttpResponse:
    """Let the rewards of a proposal be learned and counted as it says."""
    relabel_id, at_us = _id(req), await asyncio.to_thread(now_us)
    cause = Cause(caller, Act.RELABEL, relabel_id)

    def activate(stored: Configuration) -> Configuration:
        return relabel_changes.activate(stored, relabel_id, caller, at_us)

    return json_answer(await asyncio.to_thread(_change, relabel_id, activate, cause))


@functions.operation(["POST"], _RELABEL_PATH + "/lift", Role.ADMIN, api=Api.OWN, answer=RelabelAnswer, refusals=[404])
async def lift_relabel(req: HttpRequest, caller: str) -> HttpResponse:
    """Let rewards be learned and counted as they came again, or withdraw a proposal."""
    relabel_id, at_us = _id(req), await asyncio.to_thread(now_us)
    cause = Cause(caller, Act.UNDO_RELABEL, relabel_id)

    def lift(stored: Configuration) -> Configuration:
        return relabel_changes.lift(stored, relabel_id, caller, at_us)

    return json_answer(await asyncio.to_thread(_change, relabel_id, lift, cause))


def _id(req: HttpRequest) -> str:
    return read_id(req.route_params["relabelId"], "relabelId", InvalidRequest)


def _list() -> bytes:
    relabels, state = configuration_store.read_configuration().relabels, lease.read_state()
    answers = [relabel_forms.answer(each, find_effect(each, state)) for each in reversed(relabels)]
    return relabel_forms.answer_all(answers)


def _read(relabel_id: str) -> bytes:
    return _answer(configuration_store.read_configuration(), relabel_id)


def _change(relabel_id: str, change: Callable[[Configuration], Configuration], cause: Cause | None = None) -> bytes:
    return _answer(configuration_store.change_configuration(change, cause), relabel_id)


def _answer(configuration: Configuration, relabel_id: str) -> bytes:
    relabel = relabel_changes.find(configuration, relabel_id)
    return relabel_forms.answer(relabel, find_effect(relabel, lease.read_state())).to_json()
