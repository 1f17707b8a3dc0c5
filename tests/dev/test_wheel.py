"""The package `rankloop`: what is in its wheel, and what it does where nothing else of the project is."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from deployment.wheel.build import build
from localhost.demo.purchases import load
from localhost.demo.rehearsal import log_of
from localhost.environment import ROOT
from localhost.setup import places
from localhost.setup.node_packages import LIBRARIES
from localhost.setup.packages import uv
from localhost.setup.places import PLACES, in_environment
from localhost.setup.programs import quietly
from tests.dev.conftest import NODE, NPM
from tests.http.api import Api
from tests.unit.pages import files, page

RANK = {"eventId": "lunch", "actions": [{"id": name, "features": [{"is": name}]} for name in ("pasta", "salad")]}
REWARD = "/personalizer/v1.0/events/lunch/reward"
DEMO = "/admin/rankloop/demo"
SERVES = "Ctrl-C ends it."
FIND = """\
import sys
from importlib.util import find_spec

def is_there(name):
    try:
        return name in sys.modules or find_spec(name) is not None
    except ModuleNotFoundError:
        return False

print(*[name for name in sys.argv[1:] if not is_there(name)])
"""
"""Prints which of some modules are not there."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as it is built for a release."""
    folder = tmp_path_factory.mktemp("wheel")
    build(PLACES, folder)
    (path,) = folder.iterdir()
    return path


@dataclass(frozen=True, slots=True)
class Installed:
    """The package in an environment that has what it asks for and nothing else, and an empty folder to run it in.

    Attributes:
        home: Where it puts what it fetches.
    """

    environment: Path
    folder: Path
    home: Path

    def variables(self, **more: str) -> dict[str, str]:
        """The variables of a shell in that folder."""
        programs = f"{in_environment(self.environment, 'rankloop').parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": programs, "HOME": str(self.home), "XDG_DATA_HOME": str(self.home), **more}

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, or any other program of a shell."""
        words = arguments if arguments[0] == "sh" else ("rankloop", *arguments)
        environment = self.variables(**variables)
        return subprocess.run(
            words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    @contextmanager
    def serve(self) -> Iterator[tuple[Api, str]]:
        """Let it serve; gives calls of its loop, and what it printed. Ctrl-C ends it."""
        log = self.home / "log"
        with log.open("wb") as output:
            command = ["rankloop", "up", "--port", "0"]
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.variables(), stdout=output, stderr=subprocess.STDOUT
            )
        try:
            while SERVES not in log.read_text(encoding="utf-8") and process.poll() is None:
                time.sleep(0.02)
            text = log.read_text(encoding="utf-8")
            assert SERVES in text, text
            yield Api.at(*re.findall(r"serves at (\S+)\nAPI key +(\S+)", text)[0], tries=4), text
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0, log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installed package, which needs nothing else."""
    place = tmp_path_factory.mktemp("machine")
    made = Installed(place / "venv", place / "empty", place / "home")
    made.folder.mkdir()
    made.home.mkdir()
    python = str(in_environment(made.environment, "python"))
    for command in (
        ["venv", "--python", str(PLACES.python), str(made.environment)],
        ["pip", "install", "--no-deps", "--no-index", "--python", python, str(wheel)],
    ):
        code, output = quietly([str(uv(PLACES)), "--offline", *command])
        assert code == 0, output
    (site,) = made.environment.glob("lib/*/site-packages")
    provide([requirement.split("==")[0] for requirement in requirements(wheel)], site)
    return made


def provide(packages: list[str], site: Path) -> None:
    """Put packages of the tests' own environment, and no others, into another one."""
    for package in packages:
        for file in distribution(package).files or ():
            if ".." not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).symlink_to(Path(str(file.locate())))


def metadata(wheel: Path) -> Any:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as packed:
        return message_from_bytes(packed.read(f"rankloop-{PLACES.version}.dist-info/METADATA"))


def requirements(wheel: Path) -> list[str]:
    """The packages that it asks for, as name and version, without the platforms that some are for."""
    return [line.split(" ;")[0] for line in metadata(wheel).get_all("Requires-Dist")]


def imported(wheel: Path) -> set[str]:
    """The modules of other packages that those of the wheel import, also late, and also those of Python itself."""
    with zipfile.ZipFile(wheel) as packed:
        trees = [ast.parse(packed.read(name)) for name in packed.namelist() if name.endswith(".py")]
        own = {name.split("/")[2].removesuffix(".py") for name in packed.namelist() if name.startswith("rankloop/app/")}
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name for name in names if name.split(".")[0] not in own}


class TestContent:
    """What is in the wheel."""

    def test_it_has_the_app_and_its_local_host_and_nothing_else(self, wheel: Path) -> None:
        """Of the files that Git lists; so neither data nor settings of this machine, and nothing of the tests."""
        app = re.compile(
            r"(shared|\w+_fn|train_timer|deployment)/.+\.py|(portal_fn/page|localhost)/.+|docs/.+\.md"
            r"|function_app\.py|host\.json|README\.md|package(-lock)?\.json|pyproject\.toml"
        )
        expected = {path.as_posix() for path in files() if app.fullmatch(path.as_posix())}
        expected |= {f"portal_fn/page/libraries/{name}" for name in (*LIBRARIES, ".made-from")}

        with zipfile.ZipFile(wheel) as packed:
            names = {name for name in packed.namelist() if not name.endswith("/") and ".dist-info/" not in name}

        assert names == {"rankloop/__init__.py", *(f"rankloop/app/{name}" for name in expected)}

    def test_it_says_what_it_is(self, wheel: Path) -> None:
        """By the table of the project in `pyproject.toml`, the one place of the version."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        told = metadata(wheel)

        assert wheel.name == f"rankloop-{project['version']}-py3-none-any.whl"
        pages = "".join(page(name).text for name in ("README.md", "docs/deploy.md"))
        assert f"uvx --from ./wheel/{wheel.name} rankloop demo\n" in pages
        assert {*re.findall(r"rankloop-\d\S*\.whl", pages)} == {wheel.name}
        assert (told["Name"], told["Version"]) == ("rankloop", project["version"])
        assert {*told["Requires-Python"].split(", ")} == {*project["requires-python"].split(",")}
        assert (told["License-Expression"], told["License-File"]) == ("MIT", "LICENSE")

    def test_it_asks_for_the_packages_of_the_lock_file(self, wheel: Path) -> None:
        """For what the app, its local host and its demo need, and what that needs, in the locked versions."""
        packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
        locked = {each["name"]: each for each in packages}
        unread = [*locked["rankloop"]["dependencies"]]
        for group in ("localhost", "demo"):
            unread += locked["rankloop"]["dev-dependencies"][group]
        names: set[str] = set()
        while unread:
            needed = unread.pop()
            package = locked[needed["name"]]
            extras = [more for extra in needed.get("extra", ()) for more in package["optional-dependencies"][extra]]
            unread += extras if package["name"] in names else [*package.get("dependencies", ()), *extras]
            names.add(package["name"])

        assert {*requirements(wheel)} == {f"{name}=={locked[name]['version']}" for name in names}

    def test_the_same_files_give_the_same_wheel(self, wheel: Path, tmp_path: Path) -> None:
        build(PLACES, tmp_path)

        assert wheel.read_bytes() == (tmp_path / wheel.name).read_bytes()


class TestCommand:
    """The command, where nothing else of the project is."""

    def test_all_that_its_modules_import_is_there(self, wheel: Path, installed: Installed) -> None:
        """Also what only one command needs, and only once it has begun, such as `demo --apprentice`."""
        names = sorted(imported(wheel) - {"msvcrt"})  # which is there on Windows alone
        python = str(in_environment(installed.environment, "python"))

        code, missing = quietly([python, "-c", FIND, *names])

        assert (code, missing.strip()) == (0, "")

    def test_it_is_the_command_line_of_a_clone_under_its_own_name(self, installed: Installed) -> None:
        """Without what builds, tests or deploys a clone; and its refusals and next steps name it."""
        version, usage, refused = installed.run("--version"), installed.run("--help"), installed.run("stauts")

        assert version.stdout == f"Rankloop {PLACES.version}\n"
        assert usage.stdout.startswith("usage: rankloop ")
        assert re.findall(r"^    (\w+) ", usage.stdout, re.MULTILINE) == [
            *(
                "demo",
                "up",
                "backup",
                "restore",
                "replay",
                "evaluate",
                "learn",
                "status",
                "metrics",
                "event",
                "loop",
                "key",
                "smoke",
            )
        ]
        assert refused.returncode == 2
        assert refused.stderr.endswith("did you mean status?\n  Next step: rankloop --help tells what there is.\n")

    def test_a_check_with_another_file_than_a_package_is_refused_without_the_program_of_a_clone(
        self, installed: Installed
    ) -> None:
        """Who has the package has the ZIP file of a release, and nothing that builds one."""
        refused = installed.run("smoke", "--endpoint", "http://127.0.0.1:1", "--package", "other.zip")

        assert (refused.returncode, "dev.py" in refused.stderr) == (2, False), refused.stderr
        assert "Next step: Give the folder or the ZIP file that was deployed" in refused.stderr

    def test_it_serves_a_loop_that_outlives_a_restart(self, installed: Installed) -> None:
        """Its data are where it was started, and what it says to do next works as it is printed."""
        with installed.serve() as (api, text):
            answers = api.post("/personalizer/v1.0/rank", RANK), api.post(REWARD, {"value": 1})
            page = api.get("/rankloop"), api.get("/rankloop/libraries/preact.mjs")
            (next_step,) = re.findall(r"^Is it learning\?\n  (.+)$", text, re.MULTILINE)
            status = installed.run("sh", "-c", next_step)
        with installed.serve() as (again, after_restart):
            event = installed.run("event", "lunch")
            reward = again.post(REWARD, {"value": 1})

        assert [answer.status for answer in (*answers, *page, reward)] == [201, 204, 200, 200, 204]
        assert (status.returncode, status.stdout.splitlines()[0]) == (0, f"Rankloop at {api.url}"), status.stderr
        assert (event.returncode, "lunch" in event.stdout) == (0, True), event.stderr
        assert again.key == api.key
        assert "Installing" not in text + after_restart
        assert [path.name for path in installed.folder.iterdir()] == [".rankloop"]
        assert "`rankloop up`" in installed.run("status").stderr

    def test_it_checks_a_loop_elsewhere(self, installed: Installed) -> None:
        """As the page about deploying says of a deployment without a clone."""
        with installed.serve() as (api, _):
            checked = installed.run("smoke", "--endpoint", api.url, RANKLOOP_KEY=api.key)

        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "  the trainer has run, first at 20" in checked.stdout

    def test_its_page_plays_the_demo(self, installed: Installed) -> None:
        """By the client library of the old service, which is among the packages that the wheel asks for."""
        with installed.serve() as (api, _):
            api.post(DEMO)
            while not (course := api.get(DEMO).json)["played"] and course["state"] != "failed":
                time.sleep(0.1)

        assert course["state"] == "playing", course

    def test_it_evaluates_a_log_of_the_folder_it_is_in(self, installed: Installed, tmp_path: Path) -> None:
        log = tmp_path / "log.dsjson"
        log.write_bytes(b"".join(line + b"\n" for line in log_of("shop", load("yogurt")[:60], rounds=2)))

        ended = installed.run("evaluate", "--log", os.path.relpath(log, installed.folder), "--json")

        assert ended.returncode == 0, ended.stderr
        assert {policy["name"] for policy in json.loads(ended.stdout)["policies"]} >= {"online", "baseline1"}

    def test_what_it_fetches_goes_to_a_folder_of_its_user(self, installed: Installed, tmp_path: Path) -> None:
        """By the package's lock file, once, and only to copy data that Azurite has."""
        (tmp_path / "loop" / "azurite").mkdir(parents=True, mode=0o700)
        (tmp_path / "loop").chmod(0o700)
        fetched, programs = tmp_path / "data" / "rankloop" / PLACES.version, tmp_path / "bin"
        programs.mkdir()
        for name, text in (("npm", NPM), ("node", NODE)):
            program = programs / name
            program.write_text(text.format(python=sys.executable, folder=str(fetched), libraries=[]), encoding="utf-8")
            program.chmod(0o755)
        path = f"{programs}{os.pathsep}{installed.variables()['PATH']}"

        switches = "--from-azurite", "--data", str(tmp_path / "loop")
        first, again = (
            installed.run("up", *switches, PATH=path, XDG_DATA_HOME=str(tmp_path / "data")) for _ in range(2)
        )

        assert f"Installing the libraries of the page, and Azurite into {fetched} ...\n" in first.stdout
        assert "Installing" not in again.stdout
        assert again.stderr.endswith(
            "Azurite is not installed.\n  Next step: Run `rankloop up --from-azurite`, which fetches it.\n"
        )
        assert (fetched / "package-lock.json").read_bytes() == (ROOT / "package-lock.json").read_bytes()

    def test_a_folder_that_cannot_be_written_is_refused_with_the_next_step(self, installed: Installed) -> None:
        refused = installed.run("up", "--from-azurite", XDG_DATA_HOME="/dev/null")

        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
        assert "What is fetched could not be written: " in refused.stderr
        assert "Next step: See that there is room on the disk" in refused.stderr


@pytest.mark.parametrize(
    ("windows", "platform", "expected"),
    [
        (False, "linux", "/home/me/.local/share/rankloop"),
        (False, "darwin", "/home/me/Library/Application Support/rankloop"),
        (True, "win32", "/home/me/AppData/Local/rankloop"),
    ],
)
def test_each_platform_has_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, windows: bool, platform: str, expected: str
) -> None:
    """Where its user's programs put what they fetch, and below it a folder for each version."""
    (tmp_path / "pyproject.toml").write_text('version = "3.14.1"\n', encoding="utf-8")
    monkeypatch.setattr(places, "WINDOWS", windows)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    assert str(places.Places(tmp_path).fetched) == f"{expected}/3.14.1"
