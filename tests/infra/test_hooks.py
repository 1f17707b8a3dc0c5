"""The hooks of azure.yaml as azd runs them: under sh, with an azd that only pretends, in a cloud of one machine."""

from pathlib import Path
from typing import Any

import pytest

from deployment.vault import NAME
from tests.conftest import StartHost
from tests.infra import snapshots
from tests.infra.cloud import DELETED, VAULT, VAULT_NAME, Cloud
from tests.infra.hook_machine import TOKEN, VALUES, Machine, outputs
from tests.infra.packaged import NEW, lay_out


def build_deleted_vault(
    name: str = VAULT_NAME, environment: str = "shop", location: str = "West Europe"
) -> dict[str, Any]:
    """A vault as the management service lists it."""
    tags = {"azd-env-name": environment}
    return {"name": name, "properties": {"location": location, "tags": tags, "vaultId": f"/vaults/{name}"}}


# preprovision


def test_without_a_deleted_vault_none_is_recovered(machine: Machine, azure: Cloud) -> None:
    """The list is requested with azd's login, in the tenant of the environment."""
    code, output = machine.run("preprovision")

    assert (code, output, machine.was_set()) == (0, "", ["false"])
    assert azure.requests == [(DELETED, TOKEN)]
    scope = "--scope https://management.azure.com/.default"
    assert machine.calls()[0] == f"auth token --output json {scope} --tenant-id 7e7a --no-prompt"


def test_a_deleted_vault_of_the_environment_is_recovered(machine: Machine, azure: Cloud) -> None:
    """Azure writes a region as people do, azd as programs do."""
    azure.answers[DELETED] = [
        (200, {"value": [build_deleted_vault("kv-rank-h2i3j4k5l6m7n", "blog"), build_deleted_vault()]})
    ]
    code, output = machine.run("preprovision")

    assert (code, machine.was_set()) == (0, ["true"])
    assert f"keeps the deleted Key Vault {VAULT_NAME} of this environment" in output


def test_a_deleted_vault_on_a_later_page_is_found(machine: Machine, azure: Cloud) -> None:
    """A subscription may have many."""
    more = f"{DELETED}&$skiptoken=2"
    azure.answers[DELETED] = [
        (200, {"value": [build_deleted_vault("kv-rank-h2i3j4k5l6m7n", "blog")], "nextLink": f"https://{more}"})
    ]
    azure.answers[more] = [(200, {"value": [build_deleted_vault()]})]
    code, _ = machine.run("preprovision")

    assert (code, machine.was_set()) == (0, ["true"])


@pytest.mark.parametrize(
    "other",
    [
        build_deleted_vault(location="northeurope"),
        build_deleted_vault(environment="shop2"),
        build_deleted_vault("kv-shop-of-the-website"),
        {"name": "bare"},
    ],
)
def test_a_deleted_vault_of_something_else_is_left_alone(machine: Machine, azure: Cloud, other: dict[str, Any]) -> None:
    """Of another region, of another environment, of another app of the environment, of no environment."""
    azure.answers[DELETED] = [(200, {"value": [other]})]
    code, _ = machine.run("preprovision")

    assert (code, machine.was_set()) == (0, ["false"])


def test_an_expired_login_ends_it_and_is_told(machine: Machine, azure: Cloud) -> None:
    """The deployment could not go on anyway."""
    machine.variables["PRETEND_EXPIRED"] = "1"
    code, output = machine.run("preprovision")

    assert (code, machine.was_set(), azure.requests) == (2, [], [])
    assert "  | ERROR: not logged in" in output
    assert "azd is not signed in, or its login has expired.\n  Next step: azd auth login --tenant-id 7e7a" in output


def test_a_login_that_the_service_refuses_is_told(machine: Machine, azure: Cloud) -> None:
    """It may be for another tenant."""
    azure.answers[DELETED] = [(401, {"error": {"code": "InvalidTenant", "message": "Wrong issuer."}})]
    code, output = machine.run("preprovision")

    assert (code, machine.was_set()) == (2, [])
    assert "was answered 401: Wrong issuer.\n" in output
    assert "Next step: azd auth login --tenant-id 7e7a" in output


def test_without_the_right_to_look_it_goes_on_and_says_so(machine: Machine, azure: Cloud) -> None:
    """A first deployment needs no such right; a value that the user has set stays."""
    azure.answers[DELETED] = [(403, {"error": {"code": "AuthorizationFailed", "message": "You may not."}})]
    code, output = machine.run("preprovision")

    assert (code, machine.was_set()) == (0, [])
    assert "You may not." in output
    assert "azd env set RANKLOOP_RECOVER_VAULT true, and azd provision" in output


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "MissingSubscriptionRegistration"), (400, "NoRegisteredProviderFound"), (409, "NoRegisteredProviderFound")],
)
def test_where_no_vault_ever_was_none_is_recovered(machine: Machine, azure: Cloud, status: int, code: str) -> None:
    """In a new subscription, to which the deployment itself has yet to make vaults known."""
    azure.answers[DELETED] = [(status, {"error": {"code": code, "message": "Not registered."}})]
    ended, output = machine.run("preprovision")

    assert (ended, output, machine.was_set()) == (0, "", ["false"])


def test_another_refusal_is_told_and_does_not_stop_the_deployment(machine: Machine, azure: Cloud) -> None:
    """It would be the same the next time, so that no deployment could ever succeed; what the user has set stays."""
    azure.answers[DELETED] = [(409, {"error": {"code": "ReadOnlyDisabled", "message": "It is disabled."}})]
    code, output = machine.run("preprovision")

    assert (code, machine.was_set()) == (0, [])
    assert "cannot be seen: 409 ReadOnlyDisabled: It is disabled.\n" in output
    assert "azd env set RANKLOOP_RECOVER_VAULT true, and azd provision" in output
    assert "Wait" not in output


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_stays_out_of_step_is_told(machine: Machine, azure: Cloud, status: int) -> None:
    """This passes, so waiting is the advice."""
    azure.answers[DELETED] = [(status, {"error": {"code": "Busy", "message": "Later."}})]
    code, output = machine.run("preprovision")

    assert (code, machine.was_set()) == (2, [])
    assert f"was answered {status}: Later.\n  Next step: Wait a minute" in output


def test_the_vault_has_the_name_that_is_looked_for() -> None:
    """uniqueString makes thirteen characters."""
    assert NAME.fullmatch(snapshots.deployment().only(snapshots.VAULT).name)
    assert NAME.fullmatch(VAULT_NAME)


def test_an_unknown_subscription_is_told(machine: Machine, azure: Cloud) -> None:
    azure.answers[DELETED] = [(404, {"error": {"code": "SubscriptionNotFound", "message": "No such subscription."}})]
    code, output = machine.run("preprovision")

    assert (code, machine.was_set()) == (2, [])
    assert "No such subscription." in output
    assert "Next step: azd env set AZURE_SUBSCRIPTION_ID" in output


def test_a_service_out_of_step_is_asked_again(machine: Machine, azure: Cloud) -> None:
    azure.answers[DELETED] = [(503, {}), (200, {"value": [build_deleted_vault()]})]
    code, _ = machine.run("preprovision")

    assert (code, machine.was_set()) == (0, ["true"])


def test_no_network_ends_it_and_is_told(machine: Machine) -> None:
    """The proxy is away."""
    machine.variables["https_proxy"] = "http://127.0.0.1:9"
    code, output = machine.run("preprovision")

    assert (code, machine.was_set()) == (2, [])
    assert "Azure's management service cannot be reached: " in output
    assert "Next step: Check the network connection" in output


def test_the_token_goes_to_nobody_else(machine: Machine, azure: Cloud) -> None:
    """Whatever the answer says of where the list goes on."""
    azure.answers[DELETED] = [(200, {"value": [], "nextLink": f"https://{VAULT}/list"})]
    code, output = machine.run("preprovision")

    assert (code, azure.requests) == (2, [(DELETED, TOKEN)])
    assert f"goes on at {VAULT}" in output


def test_without_azd_the_next_step_is_told(machine: Machine) -> None:
    (machine.folder / "programs" / "azd").unlink()
    code, output = machine.run("preprovision")

    assert code == 2
    assert "There is no azd here.\n  Next step: Install azd" in output


def test_what_azd_has_not_asked_yet_is_not_guessed(machine: Machine, azure: Cloud) -> None:
    """`azd provision` runs the hook before it asks for the region, the first time."""
    code, output = machine.run("preprovision", {**VALUES, "AZURE_LOCATION": "", "AZURE_SUBSCRIPTION_ID": ""})

    assert (code, machine.calls(), azure.requests) == (0, [], [])
    assert "azd does not know AZURE_SUBSCRIPTION_ID and AZURE_LOCATION yet" in output


# loop postdeploy

SECRET = f"{VAULT}/secrets/api-key-1?api-version=7.4"
FORBIDDEN = (403, {"error": {"code": "Forbidden", "message": "Caller is not authorized."}})


def test_after_a_deployment_the_loop_is_checked_with_the_key_of_the_vault(
    machine: Machine, azure: Cloud, start_host: StartHost, tmp_path: Path
) -> None:
    """As soon as the role that reads it has an effect; a RANKLOOP_KEY of the user's shell is another loop's.

    What must answer is the folder that the hook before it has built.
    """
    azure.answers[SECRET] = [FORBIDDEN, (200, {"value": "key-of-the-vault", "id": "…"})]
    machine.variables["RANKLOOP_KEY"] = "the key of a loop on this machine"
    host = start_host(root=lay_out(tmp_path / "app", NEW), API_KEY_1="key-of-the-vault", TRAIN_SCHEDULE="* * * * * *")
    code, output = machine.run("loop postdeploy", outputs(host.url), machine.project(NEW))

    assert code == 0, output
    assert f"waiting: Secret api-key-1 of Key Vault {VAULT_NAME} cannot be read yet: 403: Caller is not" in output
    assert f"\n  package {NEW} answers, 10 times in a row\n" in output
    assert output.endswith("  Keys      az …\n")
    assert "key-of-the-vault" not in output
    assert azure.requests == [(SECRET, TOKEN)] * 2
    assert "--scope https://vault.azure.net/.default" in machine.calls()[0]


def test_a_secret_that_is_not_there_is_told(machine: Machine) -> None:
    """It was deleted, say."""
    code, output = machine.run("loop postdeploy", outputs("https://loop.azurewebsites.net"))

    assert code == 2
    assert f"Secret api-key-1 of Key Vault {VAULT_NAME} was answered 404" in output
    assert "Next step: " in output


# both of the project's


@pytest.mark.parametrize("hook", ["preprovision", "loop predeploy", "predown"])
def test_a_hook_that_azd_has_not_started_says_so(machine: Machine, azure: Cloud, hook: str) -> None:
    """Nothing is found out or printed that might be of another environment, or of none."""
    code, output = machine.run(hook, {})

    assert (code, azure.requests, machine.calls()) == (2, [], [])
    assert output.startswith(
        "\nThis is a hook, and azd has not started it: there is no AZURE_ENV_NAME.\n  Next step: azd "
    )
