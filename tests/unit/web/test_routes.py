"""Which function of the app takes a call, where the host orders them by their names."""

import re

import pytest

import function_app
from localhost.host.functions import HttpFunction, describe_function
from localhost.host.routing import Router


def _functions() -> list[HttpFunction]:
    described = [
        describe_function(function.get_function_name(), "", function.get_raw_bindings())
        for function in function_app.app.get_functions()
        if function.is_http_function()
    ]
    return [function for function in described if isinstance(function, HttpFunction)]


FUNCTIONS = _functions()
ROUTER = Router(FUNCTIONS, "")


def _taking(method: str, path: str) -> str:
    match = ROUTER.find(method, path.encode())
    return match[0].name if match else "none"


def test_each_path_of_the_description_is_taken_by_its_own_function() -> None:
    """Counts, alerts and logs tell calls apart by the names of functions."""
    own = {function.name for function in FUNCTIONS}
    operations = function_app.registry.operations
    calls = [
        (served.name if served.name in own else "unmatched_path", method, re.sub(r"\{\w+\}", "x", served.route))
        for served in operations
        for method in served.methods
    ]

    taken = [(_taking(method, f"/{path}"), method, path) for _, method, path in calls]

    assert taken == calls
    assert {name for name, *_ in calls} == own


@pytest.mark.parametrize(
    "path", ["/", "/none", "/rankloop", "/news/personalizer/v1.0/rank", "/news/rankloop/v1/status"]
)
def test_all_other_paths_are_taken_by_the_last_function(path: str) -> None:
    """Its route fits all calls, so a function with a later name would never be called."""
    assert _taking("POST", path) == "unmatched_path"
    assert max((function.name for function in FUNCTIONS), key=str.upper) == "unmatched_path"
