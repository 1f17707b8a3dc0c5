"""Who may call."""

from dataclasses import replace

import pytest

from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.storages import NewStorage

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
    ("GET", "/personalizer/v1.1-preview.3/configurations/service"),
    ("PUT", "/personalizer/configurations/service?api-version=2022-09-01-preview"),
    ("GET", "/personalizer/configurations/policy"),
    ("GET", "/rankloop/v1/status"),
    ("GET", "/rankloop/v1/events"),
    ("GET", "/rankloop/v1/events/e"),
    ("GET", "/rankloop/v1/logs"),
    ("POST", "/rankloop/v1/chances"),
]


@pytest.mark.parametrize(("method", "path"), CALLS, ids=lambda value: value)
@pytest.mark.parametrize("key", [None, "", "wrong", "test-key-1x", "test-key-é".encode().decode("latin-1")])
def test_every_call_without_a_key_is_refused(api: Api, method: str, path: str, key: str | None) -> None:
    """The body is the API's error object, with the status as its code."""
    answer = replace(api, key=key).call(method, path, b'{"value": 1}')

    assert answer.status == 401
    assert answer.error["code"] == "401"
    assert answer.error["message"]


def test_a_refusal_says_what_to_send(api: Api) -> None:
    """As HTTP wants it of every 401."""
    answer = replace(api, key=None).get(CALLS[3][1])

    assert answer.headers["www-authenticate"].startswith('ApiKey realm="rankloop", name="Ocp-Apim-Subscription-Key"')


def test_keys_change_without_a_failed_call(start_host: StartHost) -> None:
    """As the page on operating has it: while instances restart one by one, each key in use is good on old and new."""
    path = CALLS[3][1]

    def statuses(key: str, *hosts: HostProcess) -> list[int]:
        return [Api.at(host.url, key).get(path).status for host in hosts]

    first = start_host(API_KEY_1="old-1", API_KEY_2="old-2", **NEVER)
    second = start_host(API_KEY_1="old-1", API_KEY_2="new-2", **NEVER)
    assert statuses("old-1", first, second) == [200, 200]
    assert statuses("new-2", first, second) == [401, 200]
    first.stop()
    third = start_host(API_KEY_1="new-1", API_KEY_2="new-2", **NEVER)
    assert statuses("new-2", second, third) == [200, 200]
    second.stop()

    assert (statuses("new-1", third), statuses("new-2", third), statuses("old-1", third)) == ([200], [200], [401])


REFERENCE = "@Microsoft.KeyVault(VaultName=mine-vault;SecretName=api-key-1)"


def test_the_text_of_a_reference_opens_nothing(start_host: StartHost) -> None:
    """The good key does, and the status says what to do about the other one, without the reference itself."""
    host = start_host(API_KEY_1=REFERENCE, API_KEY_2="good", **NEVER)
    good, guessed = Api.at(host.url, "good"), Api.at(host.url, REFERENCE)

    status, refused = good.get("/rankloop/v1/status"), guessed.get("/rankloop/v1/status")

    assert (status.status, refused.status) == (200, 401)
    assert good.get("/ready").status == 200
    warned = {warning["code"]: warning for warning in status.json["warnings"]}["KeyNotResolved"]
    assert "API_KEY_1" in warned["message"]
    assert "restart" in warned["whatToDo"]
    assert b"mine-vault" not in status.body + refused.body + host.log().encode()


@pytest.mark.parametrize("text", [REFERENCE, f" {REFERENCE.lower()} "])
def test_a_deployment_whose_only_key_is_a_reference_is_not_ready(new_storage: NewStorage, text: str) -> None:
    """And says which setting it is, and what to do."""
    storage = new_storage()
    with HostProcess(storage, env={"API_KEY_1": text, **NEVER}, ready_path="/status") as host:
        ready = Api.at(host.url, "").get("/ready")
        called = [Api.at(host.url, key).get(CALLS[3][1]).status for key in (text.strip(), text.strip().lower(), "")]

    assert (ready.status, called) == (503, [401, 401, 401])
    assert ready.json["missing"][0].startswith("Setting API_KEY_1: it is a Key Vault reference")
    assert "restart it" in ready.json["missing"][0]
    assert b"mine-vault" not in ready.body


def test_both_keys_open(api: Api, second_key: str) -> None:
    """So that keys can be changed one after the other, without a failed call."""
    paths = ["/personalizer/v1.0/configurations/service"] * 2

    assert [replace(api, key=key).get(path).status for key, path in zip((api.key, second_key), paths, strict=True)] == [
        200,
        200,
    ]
