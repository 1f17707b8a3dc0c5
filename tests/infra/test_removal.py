"""What the hook prints and asks for before `azd down` deletes anything."""

import pytest

from tests.infra.cloud import VAULT_NAME
from tests.infra.hook_machine import VALUES, Machine, outputs
from tests.infra.terminal import QUESTION, at_terminal


def test_before_removal_it_is_said_what_is_lost_and_what_stays(machine: Machine) -> None:
    """Without a terminal, azd's own --force decides."""
    code, output = machine.run("predown", build_environment())

    assert code == 0
    for phrase in ("resource group rg-shop", "all that was learned", "does not come back", VAULT_NAME, "90 days"):
        assert phrase in output
    assert "curl -X POST https://loop.azurewebsites.net/rankloop/v1/exports" in output
    assert "Ocp-Apim-Subscription-Key: $(az …)" in output
    assert "az storage blob download-batch --account-name $account" in output
    assert "waiting events are not in it" in output
    assert "type the environment's name" not in output


def build_environment() -> dict[str, str]:
    """What azd knows before it removes what it has made."""
    variables = outputs("https://loop.azurewebsites.net")
    return {**variables, "AZURE_RESOURCE_GROUP": "rg-shop", "AZURE_KEY_VAULT_NAME": VAULT_NAME}


@pytest.mark.parametrize("private", ["true", "false", ""])
def test_where_the_copy_has_to_be_made_is_said(machine: Machine, private: str) -> None:
    """From outside a private network the commands would only fail."""
    _, output = machine.run("predown", {**build_environment(), "RANKLOOP_PRIVATE_NETWORKING": private})

    assert ("on a machine inside it" in output) == (private == "true")


@pytest.mark.parametrize("missing", ["AZURE_RESOURCE_GROUP", "RANKLOOP_ENDPOINT", "RANKLOOP_SHOW_KEYS"])
def test_no_command_is_printed_that_lacks_a_name(machine: Machine, missing: str) -> None:
    """A deployment that failed halfway leaves azd without some."""
    code, output = machine.run("predown", {**build_environment(), missing: ""})

    assert (code, "all that was learned" in output) == (0, True)
    assert "curl" not in output
    assert "az storage" not in output


def test_before_anything_was_made_there_is_something_to_say_too(machine: Machine) -> None:
    code, output = machine.run("predown")

    assert code == 0
    assert output.startswith("azd down deletes the resource group with everything in it:\n  * the function app;\n")


@pytest.mark.parametrize(
    ("arguments", "typed", "goes_on", "asks_for_name"),
    [
        (["down"], "shop\n", True, True),
        (["down"], "y\n", False, True),
        (["down"], "\x04", False, True),
        (["down"], "\x03", False, True),
        (["down", "--force", "--purge"], "\x04", True, False),
        (["down", "--no-prompt"], "\x04", True, False),
    ],
    ids=["name", "yes", "end of input", "interrupted", "forced", "unattended"],
)
def test_at_a_terminal_the_name_has_to_be_typed(
    machine: Machine, arguments: list[str], typed: str, goes_on: bool, asks_for_name: bool
) -> None:
    """Unless azd runs without prompts; all else than the name stops azd before it deletes anything."""
    machine.program("azd", f"#!/bin/sh\n/bin/sh {machine.script('predown')}\n")
    command = [str(machine.folder / "programs" / "azd"), *arguments]
    code, output = at_terminal(command, machine.environment(VALUES), typed)

    assert (code == 0) == goes_on, output
    assert (QUESTION in output) == asks_for_name
    assert "Traceback" not in output
