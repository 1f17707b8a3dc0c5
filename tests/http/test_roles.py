"""Roles: who may do what, for every operation that there is."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from function_app import registry
from shared.access.role import Role
from shared.web.registry import ServedOperation
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.loops import make_key, make_loop
from tests.storages import NewStorage

MADE = [Role.RANK, Role.READ, Role.ADMIN]
MAY = {
    Role.RANK: {Role.RANK, Role.ADMIN, Role.OWNER},
    Role.READ: {Role.READ, Role.ADMIN, Role.OWNER},
    Role.ADMIN: {Role.ADMIN, Role.OWNER},
    Role.OWNER: {Role.OWNER},
}
"""Which roles open what asks for a role."""
NEWEST = {operation.handler.__name__: operation for operation in registry.operations}
"""Each operation in its newest version; its role is declared once for all of them."""
WITH_ROLE = [operation for operation in NEWEST.values() if operation.role is not None]


@pytest.fixture(scope="module")
def callers(new_storage: NewStorage) -> Iterator[dict[tuple[str, Role], Api]]:
    """Two loops, each opened with a key of each role."""
    variables = {"API_KEY_1": "owner-key", **NEVER}
    with HostProcess(new_storage(), env=variables) as host:
        owner = Api.at(host.url, "owner-key", tries=4)
        loops = {"": owner, "/other": make_loop(owner, "other")}
        pairs = product(loops.items(), MADE)
        made = {(loop, role): make_key(api, role.value, role.value) for (loop, api), role in pairs}
        yield {**made, **{(loop, Role.OWNER): api for loop, api in loops.items()}}


def call(api: Api, operation: ServedOperation) -> list[Answer]:
    """Call an operation by each method, about a thing that is not there, with a version and a body that it refuses."""
    path = "/".join("nothing" if part.startswith("{") else part for part in operation.route.split("/"))
    path = path.replace("nothing:", "nothing")
    query = "?api-version=none" if operation.version and operation.version.api_version else ""
    return [api.call(method, f"/{path}{query}", b"[]" if method != "GET" else None) for method in operation.methods]


def is_denied(answer: Answer) -> bool:
    return answer.status == 403 and answer.error["code"] == "PermissionDenied"


@pytest.mark.parametrize("operation", WITH_ROLE, ids=lambda operation: operation.name)
def test_an_operation_opens_to_its_roles_and_to_no_others(
    callers: dict[tuple[str, Role], Api], operation: ServedOperation
) -> None:
    """In each loop; and a key of one loop is none in another, whatever its role."""
    assert operation.role is not None
    for (loop, role), api in callers.items():
        answers = call(api, operation)
        assert all(answer.status != 401 for answer in answers), (loop, role)
        assert {is_denied(answer) for answer in answers} == {role not in MAY[operation.role]}, (loop, role)
        if role is not Role.OWNER:
            astray = replace(api, loop="/other" if not loop else "")
            assert {answer.status for answer in call(astray, operation)} == {401}, (loop, role)


def test_what_needs_no_key_is_open_on_purpose() -> None:
    """An operation without a role is one that everybody may call."""
    assert {each.name for each in registry.operations if each.role is None} == {"ready", "status"}


def test_a_denial_says_which_role_is_missing(callers: dict[tuple[str, Role], Api]) -> None:
    refused = callers["/other", Role.READ].post("/personalizer/v1.0/rank", {})

    assert refused.error["message"] == "Access denied: this needs the role rank, which key read does not have."
