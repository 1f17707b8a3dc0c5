"""Clones of the set-up with programs that only pretend, so that nothing is fetched."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from localhost.environment import ROOT
from localhost.setup.node_packages import LIBRARIES

UV = """#!{python}
import os, pathlib, sys, time
folder = pathlib.Path({folder!r})
with (folder / "calls").open("a") as calls:
    calls.write("uv " + " ".join(sys.argv[1:]) + "\\n")
if "--version" in sys.argv:
    print("uv 99.0.0")
elif sys.argv[1] == "sync":
    time.sleep(float(os.environ.get("PRETEND_SECONDS", "0")))
    if "PRETEND_NO_NETWORK" in os.environ:
        sys.exit("error: cannot reach the index")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    answer = "if [ $1 = --version ]; then echo Python 3.13.0; else echo ran $@; exit ${{PRETEND_CODE:-0}}; fi"
    python.write_text("#!/bin/sh\\n" + answer + "\\n")
    python.chmod(0o755)
    lint = python.with_name("lint-imports")
    lint.write_text("#!/bin/sh\\necho ran lint-imports\\n")
    lint.chmod(0o755)
elif sys.argv[1] == "export":
    print("# a comment\\na==1")
"""
NPM = """#!{python}
import os, pathlib, shutil, sys
folder = pathlib.Path({folder!r})
with (folder / "calls").open("a") as calls:
    calls.write("npm " + " ".join(sys.argv[1:]) + "\\n")
if "--version" in sys.argv:
    print("10.0.0")
else:
    shutil.rmtree(folder / "node_modules", ignore_errors=True)
    for name, kind in (("azurite", "optional"), ("axe-core", "dev")):
        if f"--omit={{kind}}" not in sys.argv and os.environ.get("PRETEND_WITHOUT") != name:
            (folder / "node_modules" / name).mkdir(parents=True)
    for name in {libraries}:
        (folder / "node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "node_modules" / name).write_text("")
"""
NODE = "#!/bin/sh\necho v20.1.0\n"


@dataclass(frozen=True, slots=True)
class Clone:
    """A fresh clone, and a PATH on which every program only writes down how it was called."""

    folder: Path
    programs: Path

    def program(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        path = self.programs / name
        path.write_text(
            text.format(python=sys.executable, folder=str(self.folder), libraries=[*LIBRARIES.values()]),
            encoding="utf-8",
        )
        path.chmod(0o755)

    def begin(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start `dev.py`, as from a terminal: what runs in the background ignores Ctrl-C, and its children do too."""
        environment = {"PATH": f"{self.programs}{os.pathsep}/bin", "HOME": str(self.folder), **variables}
        command = [sys.executable, str(self.folder / "dev.py"), *arguments]
        return subprocess.Popen(
            command,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run `dev.py` and return its exit code and all its output."""
        with self.begin(*arguments, **variables) as process:
            output, _ = process.communicate(timeout=60)
            return process.returncode, output

    def calls(self, program: str) -> list[str]:
        """How a program was called, questions about its version aside."""
        path = self.folder / "calls"
        all_calls = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [call for call in all_calls if call.startswith(program) and "--version" not in call]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A fresh clone on a machine that has uv, Node.js and npm."""
    folder, programs = tmp_path / "clone", tmp_path / "programs"
    programs.mkdir()
    for package in ("localhost/setup", "deployment"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "localhost" / "__init__.py", folder / "localhost")
    shutil.copy(ROOT / "dev.py", folder)
    for name in ("uv.lock", "pyproject.toml", "package.json", "package-lock.json"):
        (folder / name).write_text(name, encoding="utf-8")
    (folder / "requirements.txt").write_text("# another comment\na==1\n", encoding="utf-8")
    made = Clone(folder, programs)
    made.program("uv", UV)
    made.program("npm", NPM)
    made.program("node", NODE)
    return made
