"""`dev.py` before there is an environment."""

import ast
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from localhost.environment import ROOT
from localhost.setup import interpreters
from tests.dev.conftest import Clone
from tests.order import LONG_FIRST

SOURCES = [
    ROOT / "dev.py",
    *sorted(path for package in ("localhost/setup", "deployment") for path in (ROOT / package).glob("*.py")),
]


COMMANDS = (
    "demo",
    "up",
    "replay",
    "evaluate",
    "status",
    "metrics",
    "event",
    "package",
    "wheel",
    "smoke",
    "azd",
    "test",
    "bench",
)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_needs_no_set_up(clone: Clone, command: list[str]) -> None:
    code, output = clone.run(*command, "--help")

    assert code == 0
    assert output.startswith("usage: python3 dev.py")
    assert not (clone.folder / ".boot").exists()


def test_help_names_every_command(clone: Clone) -> None:
    _, output = clone.run("--help")

    assert [name for name in COMMANDS if f"\n    {name} " not in output] == []


@pytest.mark.parametrize("command", [["smoke"], ["azd", "preprovision"], ["azd", "predown"]])
def test_what_azd_runs_after_the_package_needs_no_set_up(clone: Clone, command: list[str]) -> None:
    """A pipeline that only provisions, or removes, fetches nothing."""
    _, output = clone.run(*command)

    assert output
    assert "Installing" not in output
    assert (clone.calls("uv"), clone.calls("npm")) == ([], [])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_set_up_is_python_3_10_and_imports_nothing_else(path: Path) -> None:
    """It runs before there is a newer Python, and before anything is installed."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    foreign = {name for name in modules if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith(("localhost.setup", "deployment"))} == set()


def test_the_first_run_sets_up_and_the_second_only_runs(clone: Clone) -> None:
    first = clone.run("bench", "rank", "--details")
    calls = (clone.folder / "calls").read_text(encoding="utf-8")
    second = clone.run("bench", "rank", "--details")

    assert (first[0], second) == (0, (0, "ran -P -m benchmarks rank --details\n"))
    assert first[1].startswith("Installing the locked packages ...\n  done in ")
    assert (clone.folder / "calls").read_text(encoding="utf-8") == calls


def test_a_changed_lock_file_is_followed(clone: Clone) -> None:
    clone.run("bench")
    (clone.folder / "uv.lock").write_text("changed", encoding="utf-8")
    clone.run("bench")

    assert (len(clone.calls("uv sync")), len(clone.calls("npm ci"))) == (2, 1)


def test_a_loop_needs_no_packages_of_the_tests(clone: Clone) -> None:
    """A browser and checkers are some hundred megabytes; they come with the first command that uses them."""
    begun = clone.run("up")
    again = clone.run("demo")
    (first,) = clone.calls("npm ci")
    clone.run("bench")
    _, last = clone.calls("npm ci")
    clone.run("up")

    assert (begun[0], again[1]) == (0, "ran -P -m localhost.demo\n")
    assert [[word for word in call.split() if "omit" in word] for call in (first, last)] == [
        ["--omit=dev", "--omit=optional"],
        [],
    ]
    assert len(clone.calls("npm ci")) == 2


@pytest.mark.parametrize("command", ["package", "demo"])
def test_libraries_of_the_page_that_are_gone_are_copied_and_nothing_is_fetched(clone: Clone, command: str) -> None:
    """They are among the packages that are there already."""
    clone.run("up")
    shutil.rmtree(clone.folder / "portal_fn" / "page" / "libraries")
    clone.run(command)

    assert len(clone.calls("npm ci")) == 1
    assert (clone.folder / "portal_fn" / "page" / "libraries" / "preact.mjs").is_file()


def test_a_storage_emulator_that_npm_has_left_out_is_told(clone: Clone) -> None:
    """An optional package that cannot be installed is no failure to npm."""
    code, output = clone.run("up", "--from-azurite", PRETEND_WITHOUT="azurite")

    assert (code, "The packages of package-lock.json could not be installed." in output) == (2, True)


def test_an_interrupted_set_up_is_done_again(clone: Clone) -> None:
    with clone.begin("bench", PRETEND_SECONDS="30") as process:
        while not clone.calls("uv sync"):
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    code, output = clone.run("bench")

    assert (code, output.splitlines()[-1]) == (0, "ran -P -m benchmarks")
    assert len(clone.calls("uv sync")) == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_set_up_and_what_it_started(clone: Clone, number: int, code: int) -> None:
    """Only `dev.py` gets the signal here: what it has started must end because of that."""
    with clone.begin("bench", PRETEND_SECONDS="60") as process:
        while not clone.calls("uv sync"):
            time.sleep(0.02)
        os.kill(process.pid, number)
        process.communicate(timeout=20)

    assert process.returncode == code
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_two_first_runs_at_once_set_up_once(clone: Clone) -> None:
    with clone.begin("bench", PRETEND_SECONDS="1") as first, clone.begin("bench", PRETEND_SECONDS="1") as second:
        outputs = [process.communicate(timeout=60)[0] for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0]
    assert (len(clone.calls("uv sync")), len(clone.calls("npm ci"))) == (1, 1)
    assert sum("waiting for it" in output for output in outputs) == 1


def test_without_a_network_the_next_step_is_named(clone: Clone) -> None:
    code, output = clone.run("up", PRETEND_NO_NETWORK="1")

    assert code == 2
    assert "  | error: cannot reach the index\nThe locked packages could not be installed.\n  Next step: " in output
    assert "Traceback" not in output


def test_without_node_the_next_step_is_told(clone: Clone) -> None:
    """The fallback is a package, and here it cannot be had."""
    clone.program("node", "#!/bin/sh\necho v12.0.0\n")
    clone.program("uv", UV_WITHOUT_NODE)
    code, output = clone.run("up")

    assert code == 2
    assert "There is no usable Node.js here, and none could be fetched.\n  Next step: " in output
    assert "or install Node.js 20 or later with npm" in output


UV_WITHOUT_NODE = """#!/bin/sh
case $1 in
--version) echo uv 99.0.0;;
sync) mkdir -p {folder}/.venv/bin && cp /bin/true {folder}/.venv/bin/python;;
*) echo no such package; exit 1;;
esac
"""


def test_every_check_runs_even_if_others_find_something(clone: Clone) -> None:
    code, output = clone.run("test", PRETEND_CODE="1")

    assert code == 1
    assert len(headlines(output)) == 17
    assert f"ran -m pytest --collect-only -qq {clone.folder / 'tests'}\n" in output
    assert "ran -m pytest --numprocesses 5 --dist loadfile --no-loadscope-reorder -r fEs\n" in output
    found = ("style (ruff check)", "format (ruff format)", "every test can be read (pytest)", "tests (pytest)")
    assert output.endswith("".join(f"   {name}\n" for name in (*found, "types (mypy)")))


def test_quick_checks_are_style_types_imports_and_unit_tests(clone: Clone) -> None:
    """None of them needs storage, so the emulator is not installed."""
    code, output = clone.run("test", "--quick", PRETEND_CODE="1")

    assert code == 1
    assert len(headlines(output)) == 11
    assert [line for line in output.splitlines() if line.startswith("ran ")] == [
        "ran -m ruff check",
        "ran -m ruff format --check",
        "ran lint-imports",
        "ran -m pytest --numprocesses 2 --dist worksteal -r fEs tests/unit",
        "ran -m mypy",
    ]
    assert clone.calls("npm") == []


@pytest.mark.parametrize(
    ("switches", "started"),
    [
        ([], "ran -m pytest --numprocesses 5 --dist loadfile --no-loadscope-reorder -r fEs -k name"),
        (["--quick"], "ran -m pytest --numprocesses 2 --dist worksteal -r fEs tests/unit -k name"),
    ],
)
def test_chosen_tests_are_all_that_runs(clone: Clone, switches: list[str], started: str) -> None:
    code, output = clone.run("test", *switches, "--", "-k", "name")

    assert code == 0
    assert [line for line in output.splitlines() if line.startswith("ran ")] == [started]
    assert len(headlines(output)) == 3


@pytest.mark.parametrize("path", LONG_FIRST)
def test_files_that_begin_first_exist(path: str) -> None:
    """One that was moved would begin late, and the whole run would wait for it."""
    assert (ROOT / path).exists()


def headlines(output: str) -> list[str]:
    """The first and the last line of each check, and of all of them."""
    return [line for line in output.splitlines() if line.startswith(("== ", "-- "))]


def test_checks_that_find_nothing_end_with_0(clone: Clone) -> None:
    code, output = clone.run("test")

    assert (code, output.splitlines()[-1].endswith("s in all, everything is good")) == (0, True)


def test_requirements_that_differ_from_the_lock_are_found(clone: Clone) -> None:
    (clone.folder / "requirements.txt").write_text("a==2\n", encoding="utf-8")
    code, output = clone.run("test")

    assert code == 1
    assert "They differ. Next step: uv export " in output


class TestInterpreter:
    """Which Python is taken."""

    @pytest.fixture
    def machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A machine with nothing but what the test puts on its PATH; `dev.py` itself runs under something old."""
        folder = tmp_path / "bin"
        folder.mkdir()
        self.put(folder / "old", "echo ''")
        monkeypatch.setattr(sys, "executable", str(folder / "old"))
        monkeypatch.setattr(interpreters, "_FOLDERS", ())
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("PYENV_ROOT", raising=False)
        return folder

    def put(self, path: Path, does: str) -> None:
        path.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        path.chmod(0o755)

    def test_a_shim_that_fails_is_passed_over(self, machine: Path) -> None:
        real = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
        self.put(machine / "python3.13", "echo 'command not found' >&2; exit 127")
        self.put(machine / "python3", f'exec {real} "$@"')
        python = interpreters.find_python()

        assert python is not None
        assert Path(python).resolve() == real

    def test_an_older_python_is_passed_over(self, machine: Path) -> None:
        self.put(machine / "python3.13", "echo ''")

        assert interpreters.find_python() is None

    def test_one_of_pyenv_is_found_without_its_shims(self, machine: Path) -> None:
        real = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
        inside = machine.parent / ".pyenv" / "versions" / "3.13.9" / "bin"
        inside.mkdir(parents=True)
        self.put(inside / "python", f'exec {real} "$@"')

        assert interpreters.find_python() is not None
