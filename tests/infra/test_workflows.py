"""The workflows for GitHub: pinned, with few rights, and in step with the rest."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment.vault import RECOVER
from localhost.environment import ROOT
from tests.infra.snapshots import template
from tests.infra.test_azure_yaml import OF_THE_PIPELINE, parameters
from tests.infra.test_azure_yaml import outputs as deployment_outputs
from tests.unit.pages import page

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
AZURE = {"azure-dev.yml": "deploy", "azure-provision.yml": "provision"}
"""What goes to Azure, and its environment."""
LOGIN = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"}


def workflow(name: str) -> dict[str, Any]:
    """One of them; YAML takes its `on` for a truth."""
    document: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in document.items()}


def jobs(name: str) -> dict[str, dict[str, Any]]:
    """Those with steps of their own, by name."""
    return {job: body for job, body in workflow(name)["jobs"].items() if "steps" in body}


def job(name: str) -> dict[str, Any]:
    """The only one with steps of its own."""
    (body,) = jobs(name).values()
    return body


def steps(name: str) -> list[dict[str, Any]]:
    """The steps of all its jobs."""
    return [step for body in jobs(name).values() for step in body["steps"]]


def commands(name: str) -> list[str]:
    """The lines of its steps."""
    return [line for step in steps(name) for line in step.get("run", "").splitlines()]


def test_these_are_the_workflows() -> None:
    """Deploying and provisioning are apart: they need different rights."""
    assert [path.name for path in FILES] == ["azure-dev.yml", "azure-provision.yml", "release.yml", "test.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned(path: Path) -> None:
    """A tag can be moved to other code; the version is a comment beside the commit."""
    used = re.findall(r"^\s*- uses: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(used) == sum("uses" in step for step in steps(path.name))
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_job_ends(path: Path) -> None:
    """Also one that hangs."""
    assert [name for name, body in jobs(path.name).items() if not 0 < body["timeout-minutes"] <= 60] == []


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
    """So that they build and lint infra/ with it; in the version that made the committed template."""
    run = commands("test.yml")
    version = template()["metadata"]["_generator"]["version"].rpartition(".")[0]

    assert run[0] == f"az bicep install --version v{version}"
    assert run[1:3] == ['echo "$HOME/.azure/bin" >> "$GITHUB_PATH"', "bicep --version"]
    assert run.index("python3 dev.py test") == 3


def test_the_tests_may_only_read() -> None:
    """Pull requests are code of others. On main, the deployment runs them."""
    document = workflow("test.yml")
    pushes = {"branches-ignore": ["main"]}

    assert document["permissions"] == {"contents": "read"}
    assert document["on"] == {"push": pushes, "pull_request": None, "workflow_call": None}
    assert [name for name, body in jobs("test.yml").items() if "permissions" in body] == []


def test_runs_of_the_tests_do_not_end_those_of_another_workflow() -> None:
    """The group is the caller's: a deployment would be left without its tests."""
    assert workflow("test.yml")["concurrency"]["group"] == "test-${{ github.workflow }}-${{ github.ref }}"


@pytest.mark.parametrize("name", AZURE)
def test_nothing_goes_to_azure_before_the_tests_have_passed(name: str) -> None:
    """They are the same as for everybody, and they have no login."""
    document = workflow(name)
    (work,) = jobs(name)

    assert document["permissions"] == {"contents": "read"}
    assert document["jobs"].keys() == {"test", work}
    assert document["jobs"]["test"] == {"uses": "./.github/workflows/test.yml"}
    assert job(name)["needs"] == "test"


@pytest.mark.parametrize(("name", "environment"), AZURE.items())
def test_only_main_gets_a_login_and_only_in_an_environment_of_its_own(name: str, environment: str) -> None:
    """The login is for jobs of that environment, which says which branches may use it, and who is asked."""
    body = job(name)

    assert (list(jobs(name)), body["environment"]) == ([environment], environment)
    assert body["permissions"] == {"id-token": "write", "contents": "read"}
    assert body["if"].split(" && ")[0] == "github.ref == 'refs/heads/main'"


@pytest.mark.parametrize("name", AZURE)
def test_deployments_wait_for_each_other(name: str) -> None:
    """Two at once spoil each other; one that was cut off leaves half of it."""
    concurrency = workflow(name)["concurrency"]

    assert concurrency == {"group": "azure-dev-${{ vars.AZURE_ENV_NAME }}", "cancel-in-progress": False}


def test_a_deployment_starts_by_hand_and_after_a_push_to_main() -> None:
    """Never for a pull request, whose code would get the login. Where nothing was set up, the tests are all."""
    assert workflow("azure-dev.yml")["on"] == {"workflow_dispatch": None, "push": {"branches": ["main"]}}
    assert job("azure-dev.yml")["if"].split(" && ")[1:] == ["vars.AZURE_ENV_NAME != ''"]


def test_resources_and_roles_are_made_by_hand_alone() -> None:
    """Whoever may give roles may take all."""
    assert workflow("azure-provision.yml")["on"] == {"workflow_dispatch": None}


def test_a_deployment_knows_where_it_goes_and_nothing_more() -> None:
    """What azd and the check afterwards ask of an environment; each is an output of the templates or azd's own."""
    of_app = {"RANKLOOP_FUNCTION_APP", "RANKLOOP_ENDPOINT", "RANKLOOP_KEY_REFERENCE"}
    outputs = of_app | {"AZURE_RESOURCE_GROUP", "RANKLOOP_DEPLOYMENT_CONTAINER"}
    variables = LOGIN | outputs | {"AZURE_ENV_NAME", "AZURE_LOCATION", "RANKLOOP_PRIVATE_NETWORKING"}

    assert job("azure-dev.yml")["env"] == {name: f"${{{{ vars.{name} }}}}" for name in variables}
    assert outputs <= deployment_outputs()


def test_provisioning_has_every_variable() -> None:
    """Under its own name; the identity is none of a person."""
    variables = LOGIN | parameters() - {"AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE", RECOVER}
    references = {name: f"${{{{ vars.{name} }}}}" for name in variables}

    assert job("azure-provision.yml")["env"] == {**references, "AZURE_PRINCIPAL_TYPE": "ServicePrincipal"}


def test_no_parameter_of_the_templates_is_left_to_chance() -> None:
    """azd itself finds out who deploys; the hook, whether a vault is recovered."""
    env = job("azure-provision.yml")["env"]

    assert parameters() - set(env) == {"AZURE_PRINCIPAL_ID", "RANKLOOP_RECOVER_VAULT"}
    assert {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_TYPE"} == OF_THE_PIPELINE & set(env)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("azure-dev.yml", "azd deploy --no-prompt || { sleep 120; azd deploy --no-prompt; }"),
        ("azure-provision.yml", "azd provision --no-prompt"),
    ],
)
def test_each_logs_in_and_does_one_thing(name: str, command: str) -> None:
    """Without a question, which no person could answer. A deployment gets a second attempt, whose exit code counts."""
    login = 'azd auth login --client-id "$AZURE_CLIENT_ID" --federated-credential-provider github'

    assert commands(name) == [f'{login} --tenant-id "$AZURE_TENANT_ID"', command]
