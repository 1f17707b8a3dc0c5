"""The hook before the upload, as azd runs it, in a cloud of one machine: it waits until new roles have an effect."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from deployment import upload
from deployment.upload import predeploy
from localhost.setup.programs import CannotSetUp
from tests import clock
from tests.infra.cloud import MANAGEMENT, STORAGE, STORAGE_NAME, Cloud
from tests.infra.hook_machine import TOKEN, VALUES, Machine
from tests.unit.pages import page

HOOK = "loop predeploy"
URL = f"https://{STORAGE}/deployments"
GIVEN = {**VALUES, "AZURE_RESOURCE_GROUP": "rg-shop", "RANKLOOP_DEPLOYMENT_CONTAINER": URL}
ACCOUNT = f"/subscriptions/0d0c/resourceGroups/rg-shop/providers/Microsoft.Storage/storageAccounts/{STORAGE_NAME}"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/deployments"
ROLES = (
    f"{MANAGEMENT}{CONTAINER}/providers/Microsoft.Authorization/roleAssignments"
    "?api-version=2022-04-01&$filter=atScope()"
)
WRITE, DELETE = (f"{method} {STORAGE}/deployments/rankloop-can-write" for method in ("PUT", "DELETE"))
WRITTEN = [(WRITE, TOKEN), (DELETE, TOKEN)]
REFUSED = (403, b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>AuthorizationPermissionMismatch</Code></Error>")
SHUT = (403, b"<?xml version='1.0'?><Error><Code>AuthorizationFailure</Code><Message>Not allowed.</Message></Error>")
SYMPTOM = f"The container deployments of {STORAGE_NAME} takes no write of yours: 403 AuthorizationPermissionMismatch"
EFFECT = "The roles on storage have an effect: the package can be uploaded.\n"
LONG_AGO = "2026-01-02T03:04:05.1234567Z"


def ago(seconds: float) -> str:
    """A time as Azure writes it, by the machine's own clock: the hook knows no other, whatever the clock of the run."""
    now = datetime.fromtimestamp((clock.now_us() - clock.ahead_us()) / 1_000_000, UTC)
    return f"{now - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.1234567Z"


def roles(*created: str, scope: str = CONTAINER) -> tuple[int, object]:
    """The answer that lists assignments, made at these times."""
    return 200, {"value": [{"properties": {"scope": scope, "createdOn": moment}} for moment in created]}


@pytest.fixture(autouse=True)
def storage(azure: Cloud) -> None:
    """Roles of long ago, and a container that takes writes."""
    azure.answers |= {ROLES: [roles(LONG_AGO)], WRITE: [(201, b"")], DELETE: [(202, b"")]}


@pytest.fixture
def pauses(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """This process in place of the machine's; how long it waits for roles is noted, and not waited."""
    for name, value in machine.environment({}).items():
        monkeypatch.setenv(name, value)
    made: list[float] = []
    monkeypatch.setattr(upload, "sleep", made.append)
    with clock.follow_machine():
        yield made


def requests(azure: Cloud) -> list[str]:
    """The addresses that were requested, in order."""
    return [address for address, _ in azure.requests]


# Storage lets in who deploys


def test_a_later_deployment_waits_for_nothing(machine: Machine, azure: Cloud) -> None:
    """Roles of long ago, and a write that works: the first one, which is taken back."""
    code, output = machine.run(HOOK, GIVEN)

    assert (code, output) == (0, EFFECT)
    assert azure.requests == [(ROLES, TOKEN), *WRITTEN]
    scopes = [f"--scope {scope}/.default" for scope in ("https://management.azure.com", "https://storage.azure.com")]
    assert [scope in call for scope, call in zip(scopes, machine.calls(), strict=True)] == [True, True]


def test_a_role_without_an_effect_is_waited_for(machine: Machine, azure: Cloud) -> None:
    """The write is refused for a while, and then it is not."""
    azure.answers[ROLES], azure.answers[WRITE] = [roles(LONG_AGO, ago(240))], [REFUSED, (201, b"")]
    code, output = machine.run(HOOK, GIVEN)

    assert code == 0, output
    assert f"  waiting: {SYMPTOM} (" in output
    assert output.endswith(EFFECT)
    assert requests(azure) == [ROLES, WRITE, WRITE, DELETE]


def test_what_stays_refused_ends_the_deployment_with_the_next_step(azure: Cloud, pauses: list[float]) -> None:
    """In plain words, and not without end."""
    azure.answers[ROLES], azure.answers[WRITE] = [roles(ago(240))], [REFUSED]
    with pytest.raises(CannotSetUp) as ended:
        predeploy({**os.environ, **GIVEN}, seconds=3.0)  # time for a second write on a busy machine too

    text = str(ended.value)
    assert text.startswith(f"{SYMPTOM} (after ")
    assert ".\n  Next step: azd deploy, in some minutes: " in text
    assert TOKEN not in text
    assert (pauses, requests(azure)[:3], set(requests(azure)[3:])) == ([], [ROLES, WRITE, WRITE], {WRITE})


@pytest.mark.parametrize("seconds", [598, 700, 1_000_000])
def test_who_may_not_write_there_deploys_all_the_same_once_roles_are_old(
    machine: Machine, azure: Cloud, seconds: float
) -> None:
    """A pipeline need not have the role: the platform stores the package as an identity of its own."""
    azure.answers[ROLES], azure.answers[WRITE] = [roles(ago(seconds))], [REFUSED]
    code, output = machine.run(HOOK, GIVEN)

    assert (code, set(requests(azure))) == (0, {ROLES, WRITE})
    assert f"{SYMPTOM} (after " in output
    assert ".\n  Who deploys need not: the platform stores the package as an identity of its own." in output


def test_a_busy_storage_is_asked_again(machine: Machine, azure: Cloud) -> None:
    azure.answers[ROLES], azure.answers[WRITE] = [roles(ago(240))], [(503, b""), (201, b"")]
    code, output = machine.run(HOOK, GIVEN)

    assert (code, output.endswith(EFFECT), requests(azure)) == (0, True, [ROLES, WRITE, WRITE, DELETE])


def test_a_container_that_is_not_there_ends_it(machine: Machine, azure: Cloud) -> None:
    """The platform could store nothing in it."""
    azure.answers[WRITE] = [(404, b"<Error><Code>ContainerNotFound</Code></Error>")]
    code, output = machine.run(HOOK, GIVEN)

    assert code == 2
    assert (
        f"The container deployments of {STORAGE_NAME} is not there: 404 ContainerNotFound.\n  Next step: azd " in output
    )


def test_a_container_elsewhere_gets_no_token(machine: Machine, azure: Cloud) -> None:
    """It would read all of storage."""
    code, output = machine.run(HOOK, {**GIVEN, "RANKLOOP_DEPLOYMENT_CONTAINER": f"https://{MANAGEMENT}/deployments"})

    assert (code, requests(azure), machine.calls()) == (2, [], [])
    assert "RANKLOOP_DEPLOYMENT_CONTAINER is no address of a container" in output


# How old the roles are


@pytest.mark.parametrize("listed", [roles(LONG_AGO, "2100-01-01T00:00:00.0000000Z"), roles("2100-01-01T00:00:00Z")])
def test_new_roles_get_two_minutes_even_if_a_write_works(
    azure: Cloud, pauses: list[float], capsys: pytest.CaptureFixture[str], listed: tuple[int, object]
) -> None:
    """The newest one counts. Where this machine's clock is behind Azure's, they are not waited for any longer."""
    azure.answers[ROLES] = [listed]
    code = predeploy({**os.environ, **GIVEN})

    assert (code, pauses, requests(azure)) == (0, [120.0], [ROLES, WRITE, DELETE])
    assert capsys.readouterr().out == page("docs/first-deployment.md").blocks("text")[0].replace("…", "120")


def test_roles_on_something_else_are_not_waited_for(azure: Cloud, pauses: list[float]) -> None:
    """Somebody was given a role in the whole subscription a moment ago."""
    elsewhere = {"properties": {"scope": "/subscriptions/0d0c", "createdOn": "2100-01-01T00:00:00Z"}}
    on_account = {"properties": {"scope": ACCOUNT.upper(), "createdOn": LONG_AGO}}
    azure.answers[ROLES] = [(200, {"value": [elsewhere, on_account]})]
    code = predeploy({**os.environ, **GIVEN})

    assert (code, pauses) == (0, [])


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (
            (403, {"error": {"code": "AuthorizationFailed", "message": "You may not."}}),
            "cannot be seen: 403: You may not",
        ),
        (roles(), "No role on storage is listed"),
    ],
)
def test_roles_of_unknown_age_get_two_minutes_and_one_attempt(
    azure: Cloud, pauses: list[float], capsys: pytest.CaptureFixture[str], listed: tuple[int, object], reason: str
) -> None:
    """Who may not see them may not write either, perhaps at every deployment."""
    azure.answers[ROLES], azure.answers[WRITE] = [listed], [REFUSED]
    code = predeploy({**os.environ, **GIVEN})

    assert (code, pauses, requests(azure)) == (0, [120.0], [ROLES, WRITE])
    assert reason in capsys.readouterr().out


# Storage cannot be reached, or is not named


def test_with_private_networking_only_the_age_counts(machine: Machine, azure: Cloud) -> None:
    """No machine outside of the network can write."""
    code, output = machine.run(HOOK, {**GIVEN, "RANKLOOP_PRIVATE_NETWORKING": "true"})

    assert (code, requests(azure)) == (0, [ROLES])
    assert output == "Storage is reached by a private network only, so a write was not tried from here.\n"


def test_with_private_networking_and_addresses_let_in_a_write_is_tried(machine: Machine, azure: Cloud) -> None:
    """Who deploys may be at one of them; from elsewhere storage says that it lets nobody in."""
    private = {"RANKLOOP_PRIVATE_NETWORKING": "true", "RANKLOOP_ALLOWED_ADDRESSES": "203.0.113.7"}
    code, output = machine.run(HOOK, {**GIVEN, **private})

    assert (code, output, requests(azure)) == (0, EFFECT, [ROLES, WRITE, DELETE])


def test_with_private_networking_new_roles_get_their_two_minutes(azure: Cloud, pauses: list[float]) -> None:
    azure.answers[ROLES] = [roles("2100-01-01T00:00:00Z")]
    code = predeploy({**os.environ, **GIVEN, "RANKLOOP_PRIVATE_NETWORKING": "true"})

    assert (code, pauses, requests(azure)) == (0, [120.0], [ROLES])


def test_a_firewall_of_storage_stops_no_deployment(machine: Machine, azure: Cloud) -> None:
    """Waiting would change nothing; whatever the roles are, storage lets nobody in from there."""
    azure.answers[ROLES], azure.answers[WRITE] = [roles(ago(240))], [SHUT]
    code, output = machine.run(HOOK, GIVEN)

    assert (code, requests(azure)) == (0, [ROLES, WRITE])
    assert f"of {STORAGE_NAME} lets no write in from here: 403 AuthorizationFailure. If the upload is refused" in output


def test_storage_out_of_reach_stops_no_deployment(machine: Machine, azure: Cloud) -> None:
    """A company's proxy lets nobody through to that name, say."""
    elsewhere = URL.replace(STORAGE_NAME, "elsewhere")
    azure.answers[ROLES.replace(STORAGE_NAME, "elsewhere")] = [roles(ago(240), scope="/storageAccounts/elsewhere")]
    code, output = machine.run(HOOK, {**GIVEN, "RANKLOOP_DEPLOYMENT_CONTAINER": elsewhere})

    assert code == 0
    assert output.startswith("elsewhere cannot be reached from here, so a write was not tried: ")


@pytest.mark.parametrize("name", ["RANKLOOP_DEPLOYMENT_CONTAINER", "AZURE_RESOURCE_GROUP", "AZURE_SUBSCRIPTION_ID"])
def test_what_azd_does_not_know_is_told_and_stops_no_deployment(machine: Machine, azure: Cloud, name: str) -> None:
    """The resources may be those of an earlier version."""
    code, output = machine.run(HOOK, {**GIVEN, name: ""})

    assert (code, requests(azure), machine.calls()) == (0, [], [])
    assert f"azd does not know {name}" in output
    assert "wait some minutes and run azd deploy again" in output


def test_an_expired_login_ends_it(machine: Machine) -> None:
    """The upload could not go on anyway."""
    machine.variables["PRETEND_EXPIRED"] = "1"
    code, output = machine.run(HOOK, GIVEN)

    assert code == 2
    assert "Next step: azd auth login --tenant-id 7e7a" in output
