"""The loops of the deployment: list, make, read, delete."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.forms.loops import Loop, Loops, NewLoop
from shared.configuration.settings_change import Act, Cause
from shared.errors import UnknownLoop
from shared.loops import loop_list_store
from shared.storage.paths import DEFAULT, check_name, in_loop, loop_named
from shared.storage.this_storage import blobs
from shared.web.errors import InvalidRequest, LoopBeingDeleted, LoopExists
from shared.web.operations import Api, Functions
from shared.web.pages import Page, PageQuery, next_link
from shared.web.responses import answer_created, json_answer, no_content

functions = Functions()

_PATH = "loops"
_LOOP_PATH = _PATH + "/{loop}"


@functions.operation(["GET"], _PATH, Role.OWNER, api=Api.OWN, query=PageQuery, answer=Loops)
async def list_loops(req: HttpRequest) -> HttpResponse:
    """List the loops of the deployment."""
    page, names = Page.read(req.params), await asyncio.to_thread(loop_list_store.names)
    ordered = [DEFAULT, *sorted(names - {DEFAULT})]
    return json_answer(Loops.of(page.of(ordered), next_link(req, page.after(len(ordered)))).to_json())


@functions.operation(["GET"], _LOOP_PATH, Role.OWNER, api=Api.OWN, answer=Loop, refusals=[404])
async def read_loop(req: HttpRequest) -> HttpResponse:
    """Tell that there is a loop."""
    name = _name(req)
    if name not in await asyncio.to_thread(loop_list_store.names):
        raise UnknownLoop
    return json_answer(Loop(name=name).to_json())


@functions.operation(
    ["PUT"], _LOOP_PATH, Role.OWNER, api=Api.OWN, request=NewLoop, answer=Loop, status=(200, 201), refusals=[404, 409]
)
async def make_loop(req: HttpRequest, caller: str) -> HttpResponse:
    """Make a loop, unless there is one of that name, which stays as it is."""
    name, new = _name(req), NewLoop.read(req.get_body() or b"{}")
    source = _check(new.copy_settings_from, "copySettingsFrom") if new.copy_settings_from is not None else None
    is_new = await asyncio.to_thread(_make, name, source, caller)
    answer = Loop(name=name).to_json()
    return answer_created(answer) if is_new else json_answer(answer)


@functions.operation(["DELETE"], _LOOP_PATH, Role.OWNER, api=Api.OWN, status=204, refusals=[404])
async def delete_loop(req: HttpRequest) -> HttpResponse:
    """Delete a loop with all that it has: within seconds nobody can call it, minutes later nothing is left of it."""
    name = _name(req)
    if name == DEFAULT:
        raise InvalidRequest("The loop default cannot be deleted; DELETE /personalizer/v1.0/logs clears it.", "loop")
    await asyncio.to_thread(_delete, name)
    return no_content()


def _name(req: HttpRequest) -> str:
    return _check(req.route_params["loop"], "loop")


def _check(name: str, place: str) -> str:
    try:
        return check_name(name.lower())
    except ValueError as error:
        raise InvalidRequest(f"{error}.", place) from None


def _make(name: str, source: str | None, caller: str) -> bool:
    """Make a loop; False if there is one.

    Its entry in the list comes last: a call that died before has made none, and the next call goes on with the settings
    that are there. So do two calls in the same moment, of which neither takes away what the other has made.
    """
    if loop_list_store.read_deletion(name) is not None:
        raise LoopBeingDeleted
    if name in loop_list_store.names():
        if source is not None:
            raise LoopExists
        return False
    configuration = _initial(source, caller)
    with in_loop(name):
        configuration_store.create_configuration(configuration)
    return loop_list_store.add(name)


def _initial(source: str | None, caller: str) -> Configuration:
    cause = Cause(caller, Act.LOOP, f"settings of {source}" if source else "")
    if source is None:
        return configuration_store.first_configuration(cause)
    with in_loop(source):
        copied = configuration_store.read_configuration()
    return configuration_store.first_configuration(cause, copied)


def _delete(name: str) -> None:
    if name not in loop_list_store.names():
        raise UnknownLoop
    configuration = loop_named(name).configuration
    etag = blobs().read_etag(configuration)
    loop_list_store.begin_deletion(name)
    if etag is not None:
        blobs().remove_unchanged(configuration, etag)
