"""The keys of a loop: list, make, rotate, revoke."""

import asyncio
import os
from collections.abc import Callable

from azure.functions import HttpRequest, HttpResponse

from shared.access import loop_keys
from shared.access.loop_keys import LoopKey
from shared.access.role import Role
from shared.configuration import configuration_store, key_changes
from shared.configuration.configuration import Configuration
from shared.configuration.forms.keys import Keys, KeyWithText, NewKey, Rotation
from shared.configuration.settings_change import Act, Cause
from shared.storage.clock import now_us
from shared.web.errors import InvalidRequest
from shared.web.operations import Api, Functions
from shared.web.responses import answer_created, json_answer, no_content

functions = Functions()

_PATH = "keys"
_KEY_PATH = _PATH + "/{keyName}"


@functions.operation(["GET"], _PATH, Role.ADMIN, api=Api.OWN, answer=Keys)
async def list_keys(_: HttpRequest) -> HttpResponse:
    """List the keys of the loop: their names, roles and times, never the keys."""
    configuration = await asyncio.to_thread(configuration_store.read_configuration)
    return json_answer(Keys.of(configuration.keys).to_json())


@functions.operation(
    ["PUT"], _KEY_PATH, Role.ADMIN, api=Api.OWN, request=NewKey, answer=KeyWithText, status=201, refusals=[409]
)
async def make_key(req: HttpRequest, caller: str) -> HttpResponse:
    """Make a key of the loop; the answer holds it, and nothing ever tells it again."""
    name, new = _name(req), NewKey.read(req.get_body())
    return answer_created(await asyncio.to_thread(_make, name, new, caller))


@functions.operation(
    ["POST"],
    _KEY_PATH + "/rotate",
    Role.ADMIN,
    api=Api.OWN,
    request=Rotation,
    answer=KeyWithText,
    status=201,
    refusals=[404, 409],
)
async def rotate_key(req: HttpRequest, caller: str) -> HttpResponse:
    """Make a new key of the same name and role; the old one is taken for a day more, or as long as the call says."""
    name, overlap_us = _name(req), Rotation.read(req.get_body() or b"{}").overlap_us
    return answer_created(await asyncio.to_thread(_rotate, name, overlap_us, caller))


@functions.operation(["DELETE"], _KEY_PATH, Role.ADMIN, api=Api.OWN, status=204, refusals=[404])
async def revoke_key(req: HttpRequest, caller: str) -> HttpResponse:
    """Revoke a key; within seconds no instance takes it any more."""
    name = _name(req)
    await asyncio.to_thread(_change, lambda stored: key_changes.revoke(stored, name, now_us()), caller)
    return no_content()


def _name(req: HttpRequest) -> str:
    try:
        return loop_keys.check_name(req.route_params["keyName"])
    except ValueError as error:
        raise InvalidRequest(f"{error}.", "keyName") from None


def _make(name: str, new: NewKey, caller: str) -> bytes:
    at_us = now_us()
    key, text = loop_keys.make(name, Role(new.role), at_us, new.expires_us(at_us), os.urandom)
    _change(lambda stored: key_changes.add(stored, key, at_us), caller)
    return KeyWithText.with_text(key, text).to_json()


def _rotate(name: str, overlap_us: int, caller: str) -> bytes:
    at_us = now_us()
    old = key_changes.find(configuration_store.read_configuration(), name, at_us)
    key, text = _successor(old, at_us)
    _change(lambda stored: key_changes.rotate(stored, key, at_us + overlap_us, at_us), caller)
    return KeyWithText.with_text(key, text).to_json()


def _successor(old: LoopKey, at_us: int) -> tuple[LoopKey, str]:
    return loop_keys.make(old.name, Role(old.role), at_us, old.expires_us, os.urandom)


def _change(change: Callable[[Configuration], Configuration], caller: str) -> None:
    configuration_store.change_configuration(change, Cause(caller, Act.KEYS))
