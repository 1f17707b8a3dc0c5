"""The real compiler's opinion of the Bicep files, where there is one; and that no warning of it would be missed."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.project import INFRA

_MAIN = INFRA / "main.bicep"
_COMMANDS = (("build", "--stdout"), ("lint",))
_TROUBLE = re.compile(r"\b(warning|error)\b", re.IGNORECASE)
_LEFT_OUT = (
    "LEFT OUT: the Bicep compiler's own checks, since there is no program `bicep` on the PATH. "
    "To include them, install it (https://github.com/Azure/bicep/releases) and run the tests again"
)

Program = Callable[[str], None]


def complaints(main: Path) -> list[str]:
    """What `bicep build` and `bicep lint` find, warnings too; empty if nothing."""
    return [complaint for command in _COMMANDS for complaint in _complaints(main, *command)]


def _complaints(main: Path, *command: str) -> list[str]:
    done = subprocess.run(["bicep", *command, str(main)], capture_output=True, text=True, timeout=240)
    output = done.stderr if command[0] == "build" else done.stderr + done.stdout
    matching_lines = [line for line in output.splitlines() if _TROUBLE.search(line)]
    return matching_lines or ([f"exit code {done.returncode}: {output}"] if done.returncode else [])


@pytest.mark.skipif(shutil.which("bicep") is None, reason=_LEFT_OUT)
def test_the_compiler_finds_nothing() -> None:
    """Neither an error nor a warning; it also knows types and API versions, which nothing else here does."""
    assert complaints(_MAIN) == []


# What the test above would say of a compiler that only pretends


@pytest.fixture
def bicep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a shell script on the PATH, under the name of the compiler."""

    def put(script: str) -> None:
        path = tmp_path / "bicep"
        path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n{script}\n', encoding="utf-8")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return put


def test_a_quiet_compiler_is_content(bicep: Program, tmp_path: Path) -> None:
    """It is called to build and to lint, and what it builds goes nowhere: no file is left."""
    bicep('test $1 = lint || echo \'{"error": "a word in what was built"}\'')

    assert complaints(_MAIN) == []
    assert (tmp_path / "calls").read_text(encoding="utf-8") == f"build --stdout {_MAIN}\nlint {_MAIN}\n"


@pytest.mark.parametrize("command", ["build", "lint"])
@pytest.mark.parametrize("kind", ["Warning", "Error"])
def test_a_warning_is_a_complaint(bicep: Program, command: str, kind: str) -> None:
    """Though the compiler ends well with warnings."""
    line = f"/infra/main.bicep(1,7) : {kind} no-unused-params: Parameter is declared but never used."
    bicep(f"test $1 = {command} && echo '{line}' >&2\ntrue")

    assert complaints(_MAIN) == [line]


def test_a_warning_of_the_linter_counts_wherever_it_is_printed(bicep: Program) -> None:
    """Some versions have it among their output."""
    bicep("test $1 = lint && echo 'main.bicep(1,7) : Warning x: y'\ntrue")

    assert complaints(_MAIN) == ["main.bicep(1,7) : Warning x: y"]


@pytest.mark.parametrize("command", ["build", "lint"])
def test_a_compiler_that_fails_without_a_word_is_a_complaint(bicep: Program, command: str) -> None:
    """It may have crashed."""
    bicep(f"test $1 != {command}")

    assert complaints(_MAIN) == ["exit code 1: "]
