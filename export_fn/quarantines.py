"""Quarantines over HTTP: list, make, preview, read, lift."""

import asyncio
import os

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store, quarantine_changes
from shared.configuration.configuration import Configuration
from shared.configuration.corrections import Quarantine
from shared.configuration.settings_change import Act, Cause
from shared.log import quarantine_forms
from shared.log.quarantine_forms import (
    EventsToCorrect,
    NewQuarantine,
    QuarantineAnswer,
    QuarantinePreview,
    Quarantines,
)
from shared.status.quarantine_effect import find_effect
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import read_id
from shared.web.operations import Api, Functions
from shared.web.responses import answer_created, json_answer
from shared.web.threads import LogReaders

functions = Functions()

_PATH = "quarantines"
_QUARANTINE_PATH = _PATH + "/{quarantineId}"


@functions.operation(["GET"], _PATH, Role.READ, api=Api.OWN, answer=Quarantines)
async def list_quarantines(_: HttpRequest) -> HttpResponse:
    """List the quarantines that are active, and the last that were lifted, the newest first."""
    return json_answer(await asyncio.to_thread(_list))


@functions.operation(
    ["POST"], _PATH, Role.ADMIN, api=Api.OWN, request=NewQuarantine, answer=QuarantineAnswer, status=201, refusals=[409]
)
async def make_quarantine(req: HttpRequest, caller: str) -> HttpResponse:
    """Take events out of what is learned and counted; their lines stay in the log as they are."""
    return answer_created(await asyncio.to_thread(_make, NewQuarantine.read(req.get_body()), caller))


@functions.operation(
    ["POST"], f"{_PATH}:preview", Role.READ, api=Api.OWN, request=EventsToCorrect, answer=QuarantinePreview
)
async def preview_quarantine(req: HttpRequest, log_readers: LogReaders) -> HttpResponse:
    """Tell how many events a quarantine would take out of how many, as far as there is time to look."""
    from export_fn import quarantine_preview  # here: a cold start would wait for its modules

    request = EventsToCorrect.read(req.get_body())
    correction = request.correction("", await asyncio.to_thread(now_us))
    return json_answer((await log_readers.run(quarantine_preview.preview, correction)).to_json())


@functions.operation(["GET"], _QUARANTINE_PATH, Role.READ, api=Api.OWN, answer=QuarantineAnswer, refusals=[404])
async def read_quarantine(req: HttpRequest) -> HttpResponse:
    """Tell of a quarantine, and what came of it."""
    return json_answer(await asyncio.to_thread(_read, _id(req)))


@functions.operation(
    ["POST"], _QUARANTINE_PATH + "/lift", Role.ADMIN, api=Api.OWN, answer=QuarantineAnswer, refusals=[404]
)
async def lift_quarantine(req: HttpRequest, caller: str) -> HttpResponse:
    """Let the events of a quarantine be learned and counted again."""
    return json_answer(await asyncio.to_thread(_lift, _id(req), caller))


def _id(req: HttpRequest) -> str:
    return read_id(req.route_params["quarantineId"], "quarantineId", InvalidRequest)


def _list() -> bytes:
    quarantines = configuration_store.read_configuration().quarantines
    state = lease.read_state()
    return quarantine_forms.answer_all(
        [quarantine_forms.answer(each, find_effect(each, state)) for each in reversed(quarantines)]
    )


def _read(quarantine_id: str) -> bytes:
    return _answer(configuration_store.read_configuration(), quarantine_id)


def _make(request: NewQuarantine, caller: str) -> bytes:
    at_us = now_us()
    correction = request.correction(request.id or os.urandom(8).hex(), at_us)
    new = Quarantine(correction, request.reason, at_us, caller, revision=0)
    changed = configuration_store.change_configuration(
        lambda stored: quarantine_changes.add(stored, new, at_us), Cause(caller, Act.QUARANTINE, request.reason)
    )
    return _answer(changed, correction.id)


def _lift(quarantine_id: str, caller: str) -> bytes:
    at_us = now_us()
    changed = configuration_store.change_configuration(
        lambda stored: quarantine_changes.lift(stored, quarantine_id, caller, at_us), Cause(caller, Act.LIFT)
    )
    return _answer(changed, quarantine_id)


def _answer(configuration: Configuration, quarantine_id: str) -> bytes:
    quarantine = quarantine_changes.find(configuration, quarantine_id)
    return quarantine_forms.answer(quarantine, find_effect(quarantine, lease.read_state())).to_json()
