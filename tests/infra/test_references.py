"""What the check does about a reference to Key Vault that is not resolved, by a real host that says so."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import smoke
from deployment.references import NOT_RESOLVED
from localhost.azurite.emulator import Azurite
from shared import settings
from tests.hosts import HostProcess
from tests.infra.cloud import MANAGEMENT, Cloud, cloud
from tests.infra.hook_machine import AZD, TOKEN, VALUES, Machine
from tests.infra.scripted_server import serve_answers

APP = {**VALUES, "AZURE_RESOURCE_GROUP": "rg-shop", "RANKLOOP_FUNCTION_APP": "func-rankloop-a2b3c4d5e6f7g"}
SITE = (
    f"POST {MANAGEMENT}/subscriptions/0d0c/resourceGroups/rg-shop/providers/Microsoft.Web/sites"
    "/func-rankloop-a2b3c4d5e6f7g"
)
REFRESH = f"{SITE}/config/configreferences/appsettings/refresh?api-version=2022-03-01"
RESTART = f"{SITE}/restart?api-version=2022-03-01"
REFERENCE = "@Microsoft.KeyVault(VaultName=kv-rank-a2b3c4d5e6f7g;SecretName=api-key-1)"
SECONDS = 2.0


@pytest.fixture(scope="module")
def unresolved(azurite: Azurite) -> Iterator[str]:
    """The address of a host whose only key is a reference."""
    fields = {"API_KEY_1": REFERENCE, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}
    with HostProcess(azurite.new_account().connection_string, env=fields, ready_path="/status") as host:
        yield host.url


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A cloud that does as requested, in the reach of this process, with azd."""
    machine = Machine(tmp_path)
    machine.program("azd", AZD)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PRETEND_CALLS", str(tmp_path / "calls"))
    with cloud(tmp_path) as served:
        for name, value in served.variables.items():
            monkeypatch.setenv(name, value)
        served.answers = {REFRESH: [(200, {})], RESTART: [(200, {})]}
        yield served


def test_the_app_reads_its_references_again_once(
    azure: Cloud, unresolved: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not at once, since the platform may need no help; and then it is waited for as before."""
    code = smoke.check("", {**APP, "RANKLOOP_ENDPOINT": unresolved, "RANKLOOP_KEY": "a key"}, SECONDS)
    captured = capsys.readouterr()

    assert azure.requests == [(REFRESH, TOKEN), (RESTART, TOKEN)]
    waiting, restart_line = captured.out.splitlines()[1:3]
    assert f"Setting API_KEY_1: {NOT_RESOLVED}" in waiting
    assert restart_line == "  the app was told to read its references to Key Vault again, and to restart"
    assert code == 1
    assert NOT_RESOLVED in captured.err
    assert "(after " in captured.err


def test_the_text_is_that_of_the_app() -> None:
    """It is written in two places: what runs on the user's machine has no part of the app."""
    assert NOT_RESOLVED == settings.NOT_RESOLVED


@pytest.mark.parametrize(
    ("refusal", "problem"),
    [
        ((403, {"error": {"code": "AuthorizationFailed", "message": "You may not."}}), "refresh was answered 403: You"),
        ((500, {}), "refresh was answered 500"),
    ],
)
def test_trouble_with_that_is_reported_and_waiting_goes_on(
    azure: Cloud, unresolved: str, capsys: pytest.CaptureFixture[str], refusal: tuple[int, object], problem: str
) -> None:
    azure.answers[REFRESH] = [refusal]
    smoke.check("", {**APP, "RANKLOOP_ENDPOINT": unresolved, "RANKLOOP_KEY": "a key"}, SECONDS)
    captured = capsys.readouterr()

    assert [address for address, _ in azure.requests] == [REFRESH]
    assert f"  the app could not be told to read its references to Key Vault again: {problem}" in captured.out
    assert "(after " in captured.err


def test_a_login_that_has_expired_is_reported_and_waiting_goes_on(
    azure: Cloud, unresolved: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_EXPIRED", "1")
    smoke.check("", {**APP, "RANKLOOP_ENDPOINT": unresolved, "RANKLOOP_KEY": "a key"}, SECONDS)
    captured = capsys.readouterr()

    assert azure.requests == []
    assert "to Key Vault again: azd is not signed in, or its login has expired.\n" in captured.out
    assert "(after " in captured.err


def test_another_loop_than_that_of_azd_is_not_restarted(azure: Cloud, unresolved: str) -> None:
    """The one that --endpoint names may be any."""
    smoke.check(unresolved, {**APP, "RANKLOOP_KEY": "a key"}, SECONDS)

    assert azure.requests == []


@pytest.mark.parametrize("missing", ["AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "RANKLOOP_FUNCTION_APP"])
def test_without_its_name_no_app_is_restarted(azure: Cloud, unresolved: str, missing: str) -> None:
    """As after a deployment without azd."""
    smoke.check("", {**APP, "RANKLOOP_ENDPOINT": unresolved, "RANKLOOP_KEY": "a key", missing: ""}, SECONDS)

    assert azure.requests == []


def test_an_app_that_waits_for_something_else_is_not_restarted(azure: Cloud) -> None:
    """Such as its role in storage, which a restart does not speed up."""
    with serve_answers(ready=(503, '{"missing": ["Storage does not answer: 403."]}')) as url:
        smoke.check("", {**APP, "RANKLOOP_ENDPOINT": url, "RANKLOOP_KEY": "a key"}, SECONDS)

    assert azure.requests == []
