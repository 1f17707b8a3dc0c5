"""A stranger does not learn which loops there are from what a call of them has storage do, and how long that takes."""

import os
from dataclasses import replace

from localhost.azurite.emulator import Azurite
from tests.faults.proxy import Fault, Request
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.loops import make_loop
from tests.loop.strikes import open_route
from tests.storages import NewStorage

STATUS = "/rankloop/v1/status"


def test_a_wrong_key_that_comes_again_has_the_list_of_loops_read_once(azurite: Azurite) -> None:
    """It was read with each call of a name that no loop has: those took a fifth of a second, and the others none."""
    lists: list[str] = []

    def note(request: Request) -> Fault | None:
        if "comp=list" in request.path and "loops" in request.path:
            lists.append(request.path)
        return None

    with (
        open_route(azurite.new_account()) as route,
        HostProcess(route.storage, env={"API_KEY_1": "owner-key", **NEVER}) as host,
    ):
        owner = Api.at(host.url, "owner-key")
        there = replace(make_loop(owner, "there"), key=f"rankloop-{os.urandom(6).hex()}-{os.urandom(32).hex()}")
        nowhere = replace(there, loop="/nowhere")
        first = [api.get(STATUS).status for api in (there, nowhere)]
        route.plan(note)
        later = [api.get(STATUS).status for api in (there, nowhere) for _ in range(5)]

    assert first + later == [401] * 12
    assert lists == []


def test_a_loop_that_is_made_then_is_there_at_once(new_storage: NewStorage) -> None:
    """Its keys are other texts than those that were refused."""
    with HostProcess(new_storage(), env={"API_KEY_1": "owner-key", **NEVER}) as host:
        owner = Api.at(host.url, "owner-key", tries=4)
        stranger = replace(owner, key=f"rankloop-{os.urandom(6).hex()}-{os.urandom(32).hex()}", loop="/soon")
        refused = stranger.get(STATUS).status
        loop = make_loop(owner, "soon")
        key = loop.put("/rankloop/v1/keys/board", {"role": "read"}).json["key"]

        assert (refused, replace(loop, key=key).get(STATUS).status, stranger.get(STATUS).status) == (401, 200, 401)
