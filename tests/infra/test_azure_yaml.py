"""azure.yaml: that it configures azd, and fits the files that it names."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import dev
from deployment.vault import RECOVER
from localhost.environment import ROOT
from tests.infra import azure_yaml
from tests.infra.azd_parameters import read_parameters, variables
from tests.infra.azure_yaml import SERVICE, hook, hooks
from tests.infra.bicep import NAMES
from tests.infra.snapshots import SITE, deployment, template
from tests.unit.pages import page

AZD_KNOWS = {"AZURE_ENV_NAME", "AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION", "AZURE_TENANT_ID"}
"""What azd's environment has before anything is deployed; a tenant only perhaps."""
OF_THE_PIPELINE = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE"}
"""Variables of the parameters that azd has by itself, or that a workflow sets."""
BOTH = [(posix, hook(posix.name, "windows")) for posix in hooks("posix")]
_NAMES = [posix.name for posix, _ in BOTH]


def outputs() -> set[str]:
    """What azd's environment has after the deployment."""
    return set(template()["outputs"])


def parameters() -> set[str]:
    """The variables of azd that the parameters of the deployment come from."""
    return set(variables(read_parameters()))


def test_the_folder_goes_to_azure_as_it_was_built() -> None:
    """A remote build would take another Python and other packages."""
    document = azure_yaml.document()
    service = {name: value for name, value in document["services"][SERVICE].items() if name != "hooks"}
    built = dev.parser().parse_args(["package"]).output

    assert service == {"project": ".", "language": "python", "host": "function", "dist": "dist", "remoteBuild": False}
    assert built == ROOT / service["dist"]
    assert list(document["services"]) == [SERVICE]


def test_azd_is_told_which_template_this_is() -> None:
    """In the version of the project, so that reports name it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert azure_yaml.document()["metadata"] == {"template": f"{project['name']}@{project['version']}"}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def test_an_azd_that_would_build_remotely_is_refused() -> None:
    """The page names the oldest one that does not, and the pipelines' own is no older."""
    oldest = re.fullmatch(r">= (\d+\.\d+\.\d+)", azure_yaml.document()["requiredVersions"]["azd"])
    pipelines = [path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("azure-*.yml")]
    pinned = [
        version for pipeline in pipelines for version in re.findall(r"^ +version: ([\d.]+)$", pipeline, re.MULTILINE)
    ]

    assert oldest is not None
    assert f"{oldest[1]} or later (`azd version`)" in page("docs/deploy.md").flat
    assert f"azd has to be {oldest[1]} or later" in page("docs/first-deployment.md").flat
    assert len(pinned) == len(pipelines) == 2
    assert [version for version in pinned if _version(version) < _version(oldest[1])] == []


def test_azd_runs_these_hooks() -> None:
    """Under names that it knows; it ignores others without a word."""
    of_service = [f"{SERVICE} {name}" for name in ("prepackage", "predeploy", "postdeploy")]

    assert [*of_service, "preprovision", "predown"] == _NAMES


@pytest.mark.parametrize("name", _NAMES)
def test_what_a_hook_runs_exists(name: str) -> None:
    """The parser of `dev.py` takes it; one plain command, so that its exit code is the hook's."""
    program, script, *arguments = shlex.split(hook(name).run)

    assert (program, script) == ("python3", "dev.py")
    assert (ROOT / script).is_file()
    assert dev.parser().parse_args(arguments)


@pytest.mark.parametrize(("posix", "windows"), BOTH, ids=_NAMES)
def test_a_hook_does_the_same_on_windows(posix: azure_yaml.Hook, windows: azure_yaml.Hook) -> None:
    """PowerShell ends with 0 after a program that failed, unless the hook passes the code on."""
    same = {name: value for name, value in posix.fields.items() if name not in ("run", "shell")}

    assert windows.run == f"{posix.run.replace('python3', 'python')}; exit $LASTEXITCODE"
    assert windows.fields == {**same, "shell": "pwsh", "run": windows.run}
    assert posix.fields["shell"] == "sh"


@pytest.mark.parametrize("windows_hook", [*hooks("windows")], ids=_NAMES)
def test_powershell_reads_a_hook_as_it_is_meant(windows_hook: azure_yaml.Hook) -> None:
    """Plain words only: there is no PowerShell here to try; an azd of old turns each slash into a backslash."""
    assert re.fullmatch(r"python dev\.py( [a-z]+)+; exit \$LASTEXITCODE", windows_hook.run)


@pytest.mark.parametrize("system", ["posix", "windows"])
def test_what_a_hook_says_stays_on_the_screen(system: str) -> None:
    """Unless it has the terminal, azd shows it in a pane that is wiped at its end, and no question could be answered.

    What building the folder says is of no use afterwards.
    """
    silent = [hook.name for hook in hooks(system) if hook.fields.get("interactive") is not True]

    assert silent == [f"{SERVICE} prepackage"]


def test_a_hook_that_fails_ends_azd() -> None:
    """With what went wrong as the last thing on the screen."""
    assert [hook.name for hook in hooks("posix") if "continueOnError" in hook.fields] == []


@pytest.mark.parametrize("name", NAMES)
def test_azd_finds_the_function_app(name: str) -> None:
    """By its tag, the only one of its kind."""
    tags = [(resource.type, resource.get("tags.azd-service-name")) for resource in deployment(name).resources]

    assert [(kind, tag) for kind, tag in tags if tag] == [(SITE, SERVICE)]


def test_no_hook_hands_a_secret_to_a_shell() -> None:
    """azd's `secrets` reads Key Vault once, before a role that is minutes old need have an effect; the check waits."""
    assert [hook.name for hook in [*hooks("posix"), *hooks("windows")] if "secrets" in hook.fields] == []


@pytest.mark.parametrize("path", sorted((ROOT / "deployment").glob("*.py")), ids=lambda path: path.name)
def test_every_variable_that_a_hook_reads_is_one_of_azd(path: Path) -> None:
    """An output of the deployment, or what azd knows from the start; and the key of who checks a loop by hand."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    read = {text for text in texts if re.fullmatch(r"(AZURE|RANKLOOP)_[A-Z_]+", text)}

    assert read - outputs() - AZD_KNOWS - parameters() == ({"RANKLOOP_KEY"} if path.name == "key.py" else set())


def test_the_hooks_that_check_and_report_have_what_they_need() -> None:
    """The names are written in two places."""
    assert {"RANKLOOP_ENDPOINT", "RANKLOOP_KEY_REFERENCE", "RANKLOOP_SHOW_KEYS"} <= outputs()
    assert {"AZURE_RESOURCE_GROUP", "AZURE_KEY_VAULT_NAME", "AZURE_TENANT_ID"} <= outputs()
    assert "RANKLOOP_DEPLOYMENT_CONTAINER" in outputs()


def test_the_deployment_heeds_what_the_hook_has_found_out() -> None:
    """The variable is a parameter."""
    assert read_parameters()["recoverVault"] == f"${{{RECOVER}=false}}"
