"""What Bicep's compiler says of the files of `infra`, on a machine that has it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra import bicep
from tests.infra.bicep import DEPLOYMENTS, INFRA, MAIN, NAMES
from tests.infra.snapshots import template

if not bicep.is_installed():
    pytest.skip(
        "LEFT OUT: the Bicep compiler's own checks, since there is no program `bicep` on the PATH. "
        f"To include them, {bicep.INSTALL} and run the tests again",
        allow_module_level=True,
    )


def test_the_compiler_has_nothing_to_say() -> None:
    """Neither an error nor a warning; it also knows the types and the API versions of every resource."""
    assert bicep.complaints(bicep.build()) == ""
    assert bicep.complaints(bicep.run("lint", MAIN)) == ""


def test_the_files_are_formatted(tmp_path: Path) -> None:
    """As `bicep format` would write them."""
    texts = {path.name: path.read_bytes() for path in (*INFRA.rglob("*.bicep"), *DEPLOYMENTS.glob("*.bicepparam"))}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)

    assert bicep.complaints(bicep.run("format", "--pattern", tmp_path / "*.bicep*")) == ""
    assert [name for name, text in texts.items() if (tmp_path / name).read_bytes() != text] == []


# What it makes


def test_the_compiler_is_the_one_that_made_the_files() -> None:
    """Another one may know other rules and types, and writes its version into the template."""
    version = bicep.run("--version").stdout.split()[3]
    made_with = _made_with()

    assert made_with == version, (
        f"Bicep {made_with} made the files of tests/infra/deployments, and {version} is on the PATH. "
        f"Install {made_with}, or make the files again and write {version} into .github/workflows/test.yml"
    )


def _made_with() -> str:
    version: str = template()["metadata"]["_generator"]["version"]
    return version.rpartition(".")[0]


@pytest.fixture
def compiles() -> None:
    """What does not compile cannot be compared; `test_the_compiler_has_nothing_to_say` tells why."""
    assert bicep.build().returncode == 0, "infra/ does not compile"


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_is_what_the_compiler_makes(name: str) -> None:
    """Whatever changes in a deployment is in the diff of a commit."""
    assert bicep.complaints(bicep.snapshot(name, "validate")) == "", bicep.MAKE_AGAIN


@pytest.mark.usefixtures("compiles")
def test_the_template_is_what_the_compiler_makes() -> None:
    """To the last letter."""
    assert json.loads(bicep.build().stdout) == template(), bicep.MAKE_AGAIN


# What it refuses


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[str], str]:
    """Gives what the compiler says of a deployment with these parameters; Azure says it before it makes anything."""

    def refuse(parameters: str) -> str:
        shutil.copytree(INFRA, tmp_path / "infra")
        text = f"using 'infra/main.bicep'\nparam environmentName = 'shop'\n{parameters}\n"
        (tmp_path / "refused.bicepparam").write_text(text, encoding="utf-8")
        return bicep.complaints(bicep.snapshot("refused", "overwrite", tmp_path))

    return refuse


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("region", ["West Europe", "WestEurope", "brazilsoutheast"])
def test_a_region_is_one_of_the_list_and_spelled_as_there(region: str, refusal: Callable[[str], str]) -> None:
    """Another spelling would make a second loop beside the first."""
    said = refusal(f"param location = any('{region}')")

    assert f"The value '{region}' is not part of the allowed value(s)" in said


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("param allowedAddresses = '203.0.113.7'", "only with privateNetworking"),
        (
            "param privateNetworking = true\nparam givenNetwork = { zonesGroupId: '/a/b', integrationSubnetId: '/c' }",
            "all three ids are needed",
        ),
    ],
)
def test_what_could_not_work_is_refused_with_the_reason(
    parameters: str, reason: str, refusal: Callable[[str], str]
) -> None:
    """A firewall would shut the app out, and half a network leads nowhere."""
    assert reason in refusal(f"param location = 'westeurope'\n{parameters}")


# That it would be heard

_WARNED_ABOUT = """\
targetScope = 'subscription'
param spare string = ''
resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'group'
  location: 'westeurope'
  properties: { nme: 'group' }
}
"""


@pytest.mark.parametrize("command", ["build", "lint"])
def test_a_warning_is_heard(command: str, tmp_path: Path) -> None:
    """Though the compiler ends well with warnings: else the tests above would say nothing."""
    main = tmp_path / "main.bicep"
    main.write_text(_WARNED_ABOUT, encoding="utf-8")
    done = bicep.run(command, main)
    said = bicep.complaints(done)

    assert done.returncode == 0
    assert "no-unused-params" in said
    assert "BCP037" in said


def test_after_a_warning_nothing_counts_as_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests of a machine without the compiler would say nothing of it."""
    main, made_of = tmp_path / "main.bicep", tmp_path / "made_of.json"
    main.write_text(_WARNED_ABOUT, encoding="utf-8")
    monkeypatch.setattr(bicep, "MAIN", main)
    monkeypatch.setattr(bicep, "NAMES", ())
    monkeypatch.setattr(bicep, "TEMPLATE", tmp_path / "template.json")
    monkeypatch.setattr(bicep, "MADE_OF", made_of)
    monkeypatch.setattr(bicep, "build", bicep.build.__wrapped__)

    assert "no-unused-params" in bicep.make()
    assert not made_of.exists()
