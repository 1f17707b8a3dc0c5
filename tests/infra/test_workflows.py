"""The workflows for GitHub: pinned, with few rights, and in step with the rest."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from localhost.environment import ROOT
from tests.infra import azure_yaml
from tests.infra.test_azure_yaml import OF_THE_PIPELINE, parameters
from tests.unit.pages import page

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
LOGIN = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"}


def workflow(name: str) -> dict[str, Any]:
    """One of them; YAML takes its `on` for a truth."""
    document: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in document.items()}


def steps(name: str) -> list[dict[str, Any]]:
    """Those of its only job."""
    (job,) = workflow(name)["jobs"].values()
    job_steps: list[dict[str, Any]] = job["steps"]
    return job_steps


def commands(name: str) -> list[str]:
    """The lines of its steps."""
    return [line for step in steps(name) for line in step.get("run", "").splitlines()]


def test_these_are_the_workflows() -> None:
    """`azd pipeline config` searches for the name `azure-dev.yml`."""
    assert [path.name for path in FILES] == ["azure-dev.yml", "test.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned(path: Path) -> None:
    """A tag can be moved to other code; the version is a comment beside the commit."""
    used = re.findall(r"^\s*(?:- )?uses: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(used) == sum("uses" in step for step in steps(path.name))
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_job_ends(path: Path) -> None:
    """Also one that hangs."""
    (job,) = workflow(path.name)["jobs"].values()

    assert 0 < job["timeout-minutes"] <= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_secret_is_used_and_none_can_be_printed(path: Path) -> None:
    """The login is a federated one; the check after a deployment reads the key itself and says nothing of it."""
    text = path.read_text(encoding="utf-8")

    assert "secrets." not in text
    assert [line for line in commands(path.name) if re.search(r"\b(echo|set -x|printenv|get-values?)\b", line)] == [
        line for line in commands(path.name) if line.endswith('>> "$GITHUB_PATH"')
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_from_outside_is_pasted_into_a_shell(path: Path) -> None:
    """A variable's value could be a command there; the environment holds values as what they are."""
    assert [line for line in commands(path.name) if "${{" in line] == []


def test_the_tests_run_as_the_readme_says() -> None:
    """One command, here and on a desk."""
    (command,) = [block for block in page("README.md").blocks("bash") if "dev.py test" in block]

    assert command.strip() in commands("test.yml")


def test_the_tests_have_the_compiler_on_their_path() -> None:
    """So that they build and lint infra/ with it; in one pinned version."""
    run = commands("test.yml")

    assert re.fullmatch(r"az bicep install --version v\d+\.\d+\.\d+", run[0])
    assert run[1:3] == ['echo "$HOME/.azure/bin" >> "$GITHUB_PATH"', "bicep --version"]
    assert run.index("python3 dev.py test") == 3


def test_the_tests_may_only_read() -> None:
    """Pull requests are code of others."""
    document = workflow("test.yml")

    assert document["permissions"] == {"contents": "read"}
    assert document["on"] == {"push": None, "pull_request": None}


def test_a_deployment_may_only_ask_for_a_login() -> None:
    """And read the code."""
    assert workflow("azure-dev.yml")["permissions"] == {"id-token": "write", "contents": "read"}


def test_deployments_wait_for_each_other() -> None:
    """Two at once spoil each other; one that was cut off leaves half of it."""
    concurrency = workflow("azure-dev.yml")["concurrency"]

    assert concurrency == {"group": "azure-dev-${{ vars.AZURE_ENV_NAME }}", "cancel-in-progress": False}


def test_a_deployment_starts_by_hand_and_after_a_push_to_main() -> None:
    """Never for a pull request, whose code would get the login."""
    assert workflow("azure-dev.yml")["on"] == {"workflow_dispatch": None, "push": {"branches": ["main"]}}


def test_a_deployment_has_every_variable() -> None:
    """Under its own name; the identity is none of a person."""
    variables = LOGIN | {"AZURE_ENV_NAME", "AZURE_LOCATION", *azure_yaml.document()["pipeline"]["variables"]}
    references = {name: f"${{{{ vars.{name} }}}}" for name in variables}

    assert workflow("azure-dev.yml")["env"] == {**references, "AZURE_PRINCIPAL_TYPE": "ServicePrincipal"}


def test_no_parameter_of_the_deployment_is_left_to_chance() -> None:
    """azd itself finds out who deploys; the hook, whether a vault is recovered."""
    env = workflow("azure-dev.yml")["env"]

    assert parameters() - set(env) == {"AZURE_PRINCIPAL_ID", "RANKLOOP_RECOVER_VAULT"}
    assert {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_TYPE"} == OF_THE_PIPELINE & set(env)


def test_a_deployment_logs_in_provisions_and_deploys() -> None:
    """Without a question, which no person could answer."""
    login = 'azd auth login --client-id "$AZURE_CLIENT_ID" --federated-credential-provider github'

    assert commands("azure-dev.yml") == [
        f'{login} --tenant-id "$AZURE_TENANT_ID"',
        "azd provision --no-prompt",
        "azd deploy --no-prompt",
    ]
