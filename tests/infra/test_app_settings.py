"""The settings of the Function App: what a deployment sets, what the code reads, what the platform wants."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from localhost.environment import ROOT
from localhost.host.functions import TimerFunction
from localhost.host.schedules import Schedule
from shared.configuration.configuration import new_configuration
from shared.models.published import Published
from shared.schedules import longest_pause_us
from shared.settings import Settings, read
from shared.status import learning_status
from shared.status.learning_status import StatusInputs, Waiting
from shared.storage.azure.endpoints import from_identity
from shared.times import MINUTE, SECOND, to_datetime
from tests.infra.azd_parameters import read_parameters, variables
from tests.infra.bicep import DEPLOYMENTS, NAMES
from tests.infra.snapshots import (
    EVERYTHING,
    INSIGHTS,
    RECOVERED,
    SECRETS,
    SITE,
    STORAGE,
    VAULT,
    app_settings,
    deployment,
    modules,
    template,
    templates,
)
from tests.settings_read import settings_read

_NEVER_ON_FLEX = re.compile(
    r"FUNCTIONS_WORKER_RUNTIME(_VERSION)?|FUNCTIONS_EXTENSION_VERSION|WEBSITE_RUN_FROM_PACKAGE|WEBSITE_CONTENT\w*|"
    r"SCM_DO_BUILD_DURING_DEPLOYMENT|ENABLE_ORYX_BUILD|WEBSITE_TIME_ZONE|TZ|WEBSITE_NODE_DEFAULT_VERSION|"
    r"WEBSITE_VNET_ROUTE_ALL|WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    re.IGNORECASE,
)
_NOT_SET = {
    "AzureWebJobsStorage": "a connection string, which holds a key; the app signs in with its identity",
    "AzureWebJobsStorage__accountName": "the addresses are set in its place, so that other clouds have theirs",
}
_OF_THE_PLATFORM = {
    "AzureWebJobsDisableHomepage": "whether the host shows a page of its own where the app has none",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where the host sends log and requests",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the identity that the host signs in with",
    "MALLOC_ARENA_MAX": "how many threads have memory of their own, which they do not give back",
    "MALLOC_MMAP_THRESHOLD_": "from which size on memory is given back at once",
    "MALLOC_TRIM_THRESHOLD_": "from how much on memory at the end is given back",
}
"""Settings that only the platform reads, and why they are set."""
_REFERENCE = re.compile(r"@Microsoft\.KeyVault\(VaultName=(?P<vault>[^;]+);SecretName=(?P<secret>[^;)]+)\)")
_GUID = "72f988bf-86f1-41af-91ab-2d7cd011db47"
_EACH = pytest.mark.parametrize("name", NAMES)


# What is set and what is read


@_EACH
def test_a_setting_is_none_that_the_plan_forbids(name: str) -> None:
    """Flex Consumption has properties in their place; some are refused, some are ignored."""
    assert list(filter(_NEVER_ON_FLEX.fullmatch, app_settings(name))) == []


@_EACH
def test_settings_are_in_one_place(name: str) -> None:
    """Two lists would overwrite each other; and only `functionAppConfig` names the runtime."""
    app, settings = deployment(name).only(SITE), deployment(name).only(f"{SITE}/config")

    assert settings.name == f"{app.name}/appsettings"
    assert app.get("properties.siteConfig") == {"http20Enabled": True, "minTlsVersion": "1.2"}


@_EACH
def test_what_the_code_reads_is_set(name: str) -> None:
    """Except for the sign-ins to storage that are not used."""
    assert settings_read() - set(app_settings(name)) == set(_NOT_SET)


@_EACH
def test_what_is_set_is_read(name: str) -> None:
    """By the code or, for those listed, by the platform."""
    assert set(app_settings(name)) - settings_read() == set(_OF_THE_PLATFORM)


def test_the_app_starts_with_the_settings_of_a_first_deployment() -> None:
    """With the identity, and with every setting of the loop at its default."""
    settings = read({name: _fill(name, value) for name, value in app_settings().items()})
    default = read({"AzureWebJobsStorage": "x"})
    endpoints = from_identity(settings.storage)

    assert (settings.storage.connection_string, settings.storage.credential) == ("", "managedidentity")
    assert settings.storage.client_id == _GUID
    assert [endpoints.blob, endpoints.table, endpoints.queue] == [_address(name) for name in ("blob", "table", "queue")]
    assert settings.api_keys == {name: f"key of {name}" for name in ("API_KEY_1", "API_KEY_2")}
    others = replace(settings, storage=default.storage, api_keys={}, train_schedule=default.train_schedule)
    assert others == default


def _address(service: str) -> str:
    return f"https://strankloop.{service}.core.windows.net"


def _fill(name: str, value: str) -> str:
    """A setting as the app gets it: with what only Azure knows."""
    storage, insights = deployment().only(STORAGE).name, deployment().only(INSIGHTS).name
    known = {
        **{f"{storage}.primaryEndpoints.{name}": f"{_address(name)}/" for name in ("blob", "table", "queue")},
        f"{deployment().identity('id-rankloop').name}.clientId": _GUID,
        f"{insights}.ConnectionString": "InstrumentationKey=x",
    }
    if _REFERENCE.fullmatch(value):
        return f"key of {name}"
    return re.sub(r"\{(.+?)\}", lambda match: known[match[1]], value)


# Keys


@_EACH
def test_a_key_is_a_reference_to_a_secret_that_is_made(name: str) -> None:
    """Without a version, so that a new one is taken up; and two keys of one secret could not be changed one by one."""
    references = [_REFERENCE.fullmatch(app_settings(name)[key]) for key in ("API_KEY_1", "API_KEY_2")]
    secrets = [secret.name for secret in deployment(name).of(SECRETS)]

    assert [match and f"{match['vault']}/{match['secret']}" for match in references] == secrets
    assert len(set(secrets)) == 2
    assert {secret.partition("/")[0] for secret in secrets} == {deployment(name).only(VAULT).name}


@pytest.mark.parametrize("key", ["API_KEY_1", "API_KEY_2"])
def test_a_key_is_as_the_code_knows_references_that_were_not_resolved(key: str) -> None:
    """Else callers could open the API with the text of the reference."""
    settings = {"AzureWebJobsStorage": "x", "API_KEY_1": "k", key: app_settings()[key]}

    assert read(settings).unresolved_keys == (key,)


def test_a_secret_is_made_once() -> None:
    """A later deployment, which has other random values, must not undo that a key was changed."""
    resources = modules()["vault"]["properties"]["template"]["resources"].values()

    assert [each.get("@options") for each in resources if each["type"] == SECRETS] == [{"onlyIfNotExists": []}] * 2


@pytest.mark.parametrize("key", ["apiKey1", "apiKey2"])
def test_a_key_cannot_be_guessed_and_is_shown_to_nobody(key: str) -> None:
    """A first deployment makes random keys; `secure` keeps them out of the history of deployments."""
    given = template()["parameters"][key]
    passed_on = modules()["vault"]["properties"]["template"]["parameters"][key]

    assert (given["type"], given["defaultValue"]) == ("securestring", "[newGuid()]")
    assert (passed_on["type"], "defaultValue" in passed_on) == ("securestring", False)


def test_a_key_is_in_its_secret_and_nowhere_else() -> None:
    """No other resource, no output and no parameter that can be looked at later gets it on its way there."""
    places = [place for name, each in templates().items() for place in _find_secrets(each, name)]

    assert places == [
        "main.resources.vault.properties.parameters.apiKey1.value",
        "main.resources.vault.properties.parameters.apiKey2.value",
        "vault.resources.firstKey.properties.value",
        "vault.resources.secondKey.properties.value",
    ]


def _find_secrets(document: Mapping[str, Any], name: str) -> Iterator[str]:
    """The places where a template reads a secure parameter, or has Azure list the keys of a resource."""
    secure = [key for key, each in document["parameters"].items() if each.get("type", "").startswith("secure")]
    secrets = re.compile("|".join([r"\blist\w*\(", *(re.escape(f"parameters('{key}')") for key in secure)]))
    for part in ("variables", "resources", "outputs"):
        for place, text in _list_texts(document.get(part, {}), f"{name}.{part}"):
            if text.startswith("[") and secrets.search(text):
                yield place


def _list_texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """The texts in a value, each with its place; those of a module's own template aside."""
    match value:
        case str():
            yield place, value
        case dict() | list():
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in items:
                yield from _list_texts(item, f"{place}.{key}") if key != "template" else ()


@_EACH
def test_the_secrets_get_the_two_keys(name: str) -> None:
    """Random ones, unless they are given; each is in its secret, and nothing else of the deployment has it."""
    keys = ["parameters('apiKey1')", "parameters('apiKey2')"] if name == EVERYTHING else ["newGuid()", "newGuid()"]
    text = deployment(name).text

    assert [secret.get("properties.value") for secret in deployment(name).of(SECRETS)] == keys
    assert text.count("newGuid()") + text.count("parameters('apiKey") == 2


@pytest.mark.parametrize("key", ["the first key", "the second key"])
def test_a_key_that_is_given_is_not_in_what_is_deployed(key: str) -> None:
    """The compiler keeps it apart as Azure does: it shows values of plain parameters only."""
    assert key in (DEPLOYMENTS / f"{EVERYTHING}.bicepparam").read_text(encoding="utf-8")
    assert key not in deployment(EVERYTHING).text


def test_a_vault_is_recovered_only_if_there_is_one_to_recover() -> None:
    """Else each first deployment would fail."""
    modes = {name: deployment(name).only(VAULT).get("properties.createMode") for name in NAMES}

    assert modes == dict.fromkeys(NAMES, "default") | {RECOVERED: "recover"}


# Settings of the loop


def test_the_settings_of_the_loop_agree() -> None:
    """The type, what azd gives, what the app is set to, and what the code reads."""
    names = set(read_parameters()["loopSettings"])
    passed = {name: value for name, value in app_settings(EVERYTHING).items() if value.startswith("value of ")}

    assert set(template()["definitions"]["LoopSettings"]["properties"]) == names
    assert passed == {name: f"value of {name}" for name in names}
    assert {app_settings()[name] for name in names} == {""}
    assert names <= settings_read()


@pytest.mark.parametrize("name", ["main", "functions"])
def test_the_settings_of_the_loop_have_a_type(name: str) -> None:
    """One that is misspelt is refused; each is a text that may be left out."""
    document = templates()[name]
    declared = document["definitions"]["LoopSettings"]

    assert document["parameters"]["loopSettings"]["$ref"] == "#/definitions/LoopSettings"
    assert declared["additionalProperties"] is False
    assert {(each["type"], each.get("nullable")) for each in declared["properties"].values()} == {("string", True)}


@pytest.mark.parametrize(("name", "value"), sorted(read_parameters()["loopSettings"].items()))
def test_a_setting_of_the_loop_has_its_own_variable(name: str, value: str) -> None:
    """Of the same name, and empty unless the user sets it."""
    assert variables(value) == {name: ""}
    assert value == f"${{{name}=}}"


# The trainer's schedule


def test_the_trainers_schedule_is_set_where_its_binding_looks() -> None:
    """The platform reads it from the setting that the binding names, and knows no default."""
    tree = ast.parse((ROOT / "train_timer" / "__init__.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and "timer_trigger" in ast.unparse(node.func)
    ]
    schedules = [ast.literal_eval(word.value) for node in calls for word in node.keywords if word.arg == "schedule"]

    assert schedules == ["%TRAIN_SCHEDULE%"]
    assert app_settings(EVERYTHING)["TRAIN_SCHEDULE"] == "30 */2 * * * *", "as it is given"


def test_the_trainer_runs_every_five_minutes_seconds_after_events_are_due() -> None:
    """Those of a new loop, under the deployed settings: a run a minute sooner would leave them to the next one."""
    schedule = app_settings()["TRAIN_SCHEDULE"]
    moment_us = 1_764_075_000 * SECOND
    inputs = StatusInputs(None, new_configuration(4), Published(), Waiting(), moment_us, _read(schedule).join_grace_us)
    due = to_datetime(learning_status.ready_us(inputs, moment_us))
    first = Schedule(_timer(schedule)).after(due)

    assert _read(schedule).train_schedule == schedule
    assert longest_pause_us(schedule) == new_configuration(4).export_frequency_us == 5 * MINUTE
    assert timedelta(0) < first - due <= timedelta(seconds=10)


def _read(schedule: str) -> Settings:
    return read({"AzureWebJobsStorage": "x", "TRAIN_SCHEDULE": schedule})


def _timer(schedule: str) -> TimerFunction:
    """Only the schedule counts."""
    timer = object.__new__(TimerFunction)
    object.__setattr__(timer, "name", "train_timer")
    object.__setattr__(timer, "schedule", schedule)
    return timer
