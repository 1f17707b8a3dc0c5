"""Calls made up from the served description: none fails the service, and every answer is one that is described."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.web.versions import VERSIONS
from tests.http.api import Api
from tests.http.described import Described
from tests.http.loops import make_key, make_loop

OLDER = tuple(f"/{version.prefix}/" for version in VERSIONS if version.api_version is None)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def news(single_slot: Api) -> Api:
    """A loop beside it, opened with a key of its own."""
    return make_key(make_loop(single_slot, "news"), "for-all", "admin")


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_no_made_up_call_fails_the_service(single_slot: Api, news: Api, mode: GenerationMode) -> None:
    """Calls as they are described, and calls that are not, of each of two loops; what is open is about no loop."""
    operations = _operations(single_slot, mode)

    assert len(operations) > 50
    for operation in operations:
        cases, (examples, of_news) = operation.as_strategy(generation_mode=mode), _examples(operation)
        _call(single_slot, cases, examples)
        if operation.definition.raw.get("security") != []:
            _call(news, cases, of_news)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_no_made_up_call_of_slots_fails_a_multi_slot_loop(several_slots: Api, mode: GenerationMode) -> None:
    """Where they go further than on a loop for one slot."""
    operations = [operation for operation in _operations(several_slots, mode) if "/multislot/" in operation.path]

    assert operations
    for operation in operations:
        _call(several_slots, operation.as_strategy(generation_mode=mode), sum(_examples(operation)))


def _operations(api: Api, mode: GenerationMode) -> list[Any]:
    """All that are described; for wrong calls, those in which anything may be wrong."""
    schema = schemathesis.openapi.from_dict(Described.by(api).document)
    operations = [operation.ok() for operation in schema.get_all_operations()]
    return [operation for operation in operations if mode.is_positive or operation.body or operation.query]


def _examples(operation: Any) -> tuple[int, int]:
    """Few for versions that share all their code with the last one, one for a call that is always the same.

    The first number is for the loop `default`, the second for the other one.
    """
    varies = (
        operation.body
        or operation.path_parameters
        or [parameter for parameter in operation.query if parameter.name != "api-version"]
    )
    if not varies:
        return 1, 1
    return (1, 2) if operation.path.startswith(OLDER) else (4, 2)


def _call(loop: Api, cases: Any, examples: int) -> None:
    @seed(20221001)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def check_answer(case: Case) -> None:
        headers = {"Ocp-Apim-Subscription-Key": loop.key}
        answer = case.call_and_validate(base_url=loop.url, headers=headers, checks=CHECKS)
        assert answer.status_code != 401, "the key is of another loop"

    check_answer()
