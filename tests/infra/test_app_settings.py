"""The settings of the Function App: what Bicep sets, what the code reads, what the platform wants."""

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from localhost.environment import ROOT
from localhost.host.functions import TimerFunction
from localhost.host.schedules import Schedule
from shared.settings import read
from shared.storage.endpoints import from_identity
from tests.infra.bicep.expressions import (
    Call,
    Choice,
    Expression,
    Literal,
    Member,
    Name,
    Object,
    Operation,
    Primitive,
    Text,
    walk,
)
from tests.infra.bicep.template import Value
from tests.infra.project import app_settings, default_text, read_parameters, template, variables
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
_OF_THE_PLATFORM: dict[str, str] = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where the host sends log and requests",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the identity that the host signs in with",
    "MALLOC_ARENA_MAX": "how many threads have memory of their own, which they do not give back",
    "MALLOC_MMAP_THRESHOLD_": "from which size on memory is given back at once",
    "MALLOC_TRIM_THRESHOLD_": "from how much on memory at the end is given back",
}
"""Settings that only the platform reads, and why they are set."""
_REFERENCE = re.compile(r"@Microsoft\.KeyVault\(VaultName=(?P<vault>[^;]+);SecretName=(?P<secret>[^;)]+)\)")
_GUID = "72f988bf-86f1-41af-91ab-2d7cd011db47"


# What is set and what is read


@pytest.mark.parametrize("name", sorted(app_settings()))
def test_a_setting_is_none_that_the_plan_forbids(name: str) -> None:
    """Flex Consumption has properties in their place; some are refused, some are ignored."""
    assert not _NEVER_ON_FLEX.fullmatch(name)


def test_settings_are_in_one_place() -> None:
    """Two lists would overwrite each other; and only `functionAppConfig` names the runtime."""
    properties = template().only("Microsoft.Web/sites").body.get("properties")
    assert isinstance(properties, Object)
    config = properties.get("siteConfig")

    assert not {"appSettings", "linuxFxVersion", "connectionStrings"} & set(getattr(config, "names", []))


def test_what_the_code_reads_is_set() -> None:
    """Except for the sign-ins to storage that are not used."""
    assert settings_read() - set(app_settings()) == set(_NOT_SET)


def test_what_is_set_is_read() -> None:
    """By the code or, for those listed, by the platform."""
    assert set(app_settings()) - settings_read() == set(_OF_THE_PLATFORM)


def test_the_app_starts_with_the_settings_of_a_first_deployment() -> None:
    """With the identity, and with every setting of the loop at its default."""
    settings = read({name: _example(name) for name in app_settings()})
    default = read({"AzureWebJobsStorage": "x"})
    endpoints = from_identity(settings.storage)

    assert (settings.storage.connection_string, settings.storage.credential) == ("", "managedidentity")
    assert settings.storage.client_id == _GUID
    assert [endpoints.blob, endpoints.table, endpoints.queue] == [_address(name) for name in ("blob", "table", "queue")]
    assert settings.api_keys == {name: f"key of {name}" for name in ("API_KEY_1", "API_KEY_2")}
    others = replace(settings, storage=default.storage, api_keys={})
    assert others == default


def _address(service: str) -> str:
    return f"https://strankloop.{service}.core.windows.net"


def _example(name: str) -> str:
    """A setting as the app gets it: what only Azure knows is filled in, what is not given is empty."""
    value = app_settings()[name]
    match value.expression:
        case Operation(sign="??", operands=(_, Text(plain=str(otherwise)))):
            return otherwise
    text = template().render(value)
    if _REFERENCE.fullmatch(text):
        return f"key of {name}"
    text = re.sub(r"\{\w+\.\w+\.properties\.primaryEndpoints\.(\w+)\}", lambda match: f"{_address(match[1])}/", text)
    text = re.sub(r"\{\w+\.\w+\.properties\.clientId\}", _GUID, text)
    text = re.sub(r"\{\w+\.\w+\.properties\.ConnectionString\}", "InstrumentationKey=x", text)
    text = text.replace("{main.trainSchedule}", default_text("trainSchedule"))
    assert "{" not in text, text
    return text


# Keys


@pytest.mark.parametrize("name", ["API_KEY_1", "API_KEY_2"])
def test_a_key_is_a_reference_to_a_secret_that_is_made(name: str) -> None:
    """Without a version, so that a new one is taken up; and as the code knows references that were not resolved."""
    setting = template().render(app_settings()[name])
    reference = _REFERENCE.fullmatch(setting)
    vault = template().render(template().only("Microsoft.KeyVault/vaults").get("name"))
    secrets = {
        template().render(resource.get("name"))
        for resource in template().resources("Microsoft.KeyVault/vaults/secrets")
    }

    assert reference is not None
    assert reference["vault"] == vault
    assert reference["secret"] in secrets
    assert read({"AzureWebJobsStorage": "x", "API_KEY_1": "k", name: setting}).unresolved_keys == (name,)


def test_the_outputs_lead_to_the_first_key() -> None:
    """One for azd's hooks, one for people; neither holds the key itself."""
    vault = template().render(template().only("Microsoft.KeyVault/vaults").get("name"))
    reference = template().render_output("RANKLOOP_KEY_REFERENCE")
    command = template().render_output("RANKLOOP_SHOW_KEYS").split()

    assert template().render_output("AZURE_KEY_VAULT_NAME") == vault
    assert reference == f"akvs://{{main.subscription().subscriptionId}}/{vault}/api-key-1"
    assert command[:4] == ["az", "keyvault", "secret", "show"]
    assert [command[command.index(flag) + 1] for flag in ("--vault-name", "--name")] == [vault, "api-key-1"]


def test_the_keys_differ() -> None:
    """Two names of one secret could not be changed one after the other."""
    keys = [template().render(app_settings()[name]) for name in ("API_KEY_1", "API_KEY_2")]

    assert keys[0] != keys[1]


def test_a_secret_is_made_once() -> None:
    """A later deployment, which has other random values, must not undo that a key was changed."""
    secrets = template().resources("Microsoft.KeyVault/vaults/secrets")

    assert len(secrets) == 2
    assert all(secret.declaration.has("onlyIfNotExists") for secret in secrets)


def test_the_keys_cannot_be_guessed_and_are_shown_to_nobody() -> None:
    """A first deployment makes random keys; `secure` keeps them out of the history of deployments."""
    main, secrets = template().main, template().resources("Microsoft.KeyVault/vaults/secrets")
    given = [main.get(name, "parameter") for name in ("apiKey1", "apiKey2")]
    received = [secrets[0].file.get(name, "parameter") for name in ("apiKey1", "apiKey2")]

    assert all(parameter is not None and parameter.has("secure") for parameter in (*given, *received))
    assert [parameter and parameter.value for parameter in given] == [Call(function="newGuid")] * 2
    assert [secret.body.get("properties", "value") for secret in secrets] == [
        Name(name="apiKey1"),
        Name(name="apiKey2"),
    ]


def test_a_vault_is_recovered_only_if_there_is_one_to_recover() -> None:
    """Else each first deployment would fail."""
    vault = template().only("Microsoft.KeyVault/vaults")
    mode = vault.body.get("properties", "createMode")
    default = template().main.get("recoverVault", "parameter")
    assert isinstance(mode, Choice)
    assert default is not None

    assert (mode.yes, mode.no) == (Text(("recover",)), Text(("default",)))
    assert template().render(Value(vault.file, mode.condition)) == "{main.recoverVault}"
    assert default.value == Literal(value=False)


# Settings of the loop


def test_the_settings_of_the_loop_agree() -> None:
    """The type, what azd gives, what the app is set to, and what the code reads."""
    declared = template().main.get("loopSettings", "parameter")
    assert declared is not None
    assert isinstance(declared.of_type, Name)
    kind = next(type_ for file in template().files for type_ in file.all("type") if type_.name == declared.of_type.name)
    assert isinstance(kind.value, Object)
    types = {property_.name: property_.value for property_ in kind.value.properties}
    passed = {name for name, value in app_settings().items() if _reads(value.expression, "loopSettings", name)}

    assert kind.has("sealed")
    assert all(declared_type == Operation("?", (Primitive("string"),)) for declared_type in types.values())
    assert set(types) == set(read_parameters()["loopSettings"]) == passed
    assert passed <= settings_read()


def _reads(expression: Expression, parameter: str, name: str) -> bool:
    wanted = Member(Name(parameter), name)
    return any(part == wanted for part in walk(expression))


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
    assert template().render(app_settings()["TRAIN_SCHEDULE"]) == "{main.trainSchedule}"


def test_the_trainers_schedule_is_that_of_the_code() -> None:
    """And one that timers can follow: once a minute."""
    schedule = default_text("trainSchedule")
    moment = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    after = Schedule(_timer(schedule)).after(moment)

    assert read({"AzureWebJobsStorage": "x"}).train_schedule == schedule
    assert read({"AzureWebJobsStorage": "x", "TRAIN_SCHEDULE": schedule}).train_schedule == schedule
    assert after - moment == timedelta(seconds=30)


def _timer(schedule: str) -> TimerFunction:
    """Only the schedule counts."""
    timer = object.__new__(TimerFunction)
    object.__setattr__(timer, "name", "train_timer")
    object.__setattr__(timer, "schedule", schedule)
    return timer
