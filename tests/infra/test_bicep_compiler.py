"""What Bicep's compiler says of the files of `infra`, on a machine that has it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.infra import bicep
from tests.infra.bicep import DEPLOYMENTS, INFRA, MAIN, NAMES
from tests.infra.snapshots import template

if not bicep.is_there():
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
    paths = [*INFRA.rglob("*.bicep"), *DEPLOYMENTS.glob("*.bicepparam")]
    copies = {path: Path(shutil.copy(path, tmp_path)) for path in paths}

    assert bicep.complaints(bicep.run("format", "--pattern", tmp_path / "*.bicep*")) == ""
    assert [path.name for path, copy in copies.items() if path.read_bytes() != copy.read_bytes()] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_is_what_the_compiler_makes(name: str) -> None:
    """Whatever changes in a deployment is in the diff of a commit."""
    assert bicep.snapshot(name, "validate") == "", bicep.MAKE_AGAIN


def test_the_template_is_what_the_compiler_makes() -> None:
    """But for the compiler's own version and the fingerprint of each module, which it writes into it."""
    made, committed = (_without_fingerprints(each) for each in (json.loads(bicep.build().stdout), template()))

    assert made == committed, bicep.MAKE_AGAIN


_WARNED_ABOUT = """\
param spare string = ''
resource group 'Microsoft.Resources/resourceGroups@2025-04-01' existing = {
  name: 'group'
  nme: 'group'
}
"""


@pytest.mark.parametrize("command", ["build", "lint"])
def test_a_warning_is_heard(command: str, tmp_path: Path) -> None:
    """Though the compiler ends well with warnings: else the tests above would say nothing."""
    main = tmp_path / "main.bicep"
    main.write_text(_WARNED_ABOUT, encoding="utf-8")
    said = bicep.complaints(bicep.run(command, main))

    assert "no-unused-params" in said
    assert "BCP037" in said


def _without_fingerprints(value: object) -> object:
    match value:
        case dict():
            return {key: _without_fingerprints(each) for key, each in value.items() if key != "_generator"}
        case list():
            return [_without_fingerprints(each) for each in value]
    return value
