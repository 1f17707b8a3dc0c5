"""Who may call."""

from dataclasses import replace

import pytest

from tests.http.api import Api

CALLS = [
    ("POST", "/personalizer/v1.0/rank"),
    ("POST", "/personalizer/v1.0/events/e/reward"),
    ("POST", "/personalizer/v1.0/events/e/activate"),
    ("GET", "/personalizer/v1.0/configurations/service"),
    ("PUT", "/personalizer/v1.0/configurations/service"),
    ("GET", "/personalizer/v1.0/configurations/policy"),
    ("PUT", "/personalizer/v1.0/configurations/policy"),
    ("DELETE", "/personalizer/v1.0/configurations/policy"),
    ("GET", "/personalizer/v1.0/model"),
    ("DELETE", "/personalizer/v1.0/model"),
    ("GET", "/personalizer/v1.0/model/properties"),
    ("DELETE", "/personalizer/v1.0/logs"),
    ("GET", "/personalizer/v1.0/logs/properties"),
    ("GET", "/rankloop/v1/status"),
    ("GET", "/rankloop/v1/events/e"),
    ("GET", "/rankloop/v1/logs"),
]


@pytest.mark.parametrize(("method", "path"), CALLS, ids=lambda value: value)
@pytest.mark.parametrize("key", [None, "", "wrong", "test-key-1x", "test-key-é"])
def test_every_call_without_a_key_is_refused(api: Api, method: str, path: str, key: str | None) -> None:
    """The body is the API's error object, with the status as its code."""
    answer = replace(api, key=key).call(method, path, b'{"value": 1}')

    assert answer.status == 401
    assert answer.error["code"] == "401"
    assert answer.error["message"]


def test_both_keys_open(api: Api, second_key: str) -> None:
    """So that keys can be changed one after the other, without a failed call."""
    paths = ["/personalizer/v1.0/configurations/service"] * 2

    assert [replace(api, key=key).get(path).status for key, path in zip((api.key, second_key), paths, strict=True)] == [
        200,
        200,
    ]
