"""The Python packages: uv makes the environment from its lock file."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from localhost.setup.interpreters import VERSION, find_python
from localhost.setup.places import Places, in_environment, step
from localhost.setup.programs import CannotSetUp, quietly, say, version_of

UV = (0, 13, 9)
_UV_FILE = Path(__file__).with_name("uv.txt")
"""What pip installs: this version, and no file that differs from those that were published."""
NETWORK = "Check the network connection (or this machine's proxy and package index), then run it again."
_OTHER_INDEX = "It was not run. Find out which package index this machine uses, and use another one, such as PyPI."
_INSTALL_VENV = "Install its venv module (Debian, Ubuntu: apt install python3-venv), or uv, then run it again."
_INSTALL_PYTHON = f"Install Python {VERSION} (from python.org, a package manager or pyenv), then run it again."


def are_there(places: Places) -> bool:
    """Say whether they are: a clone's environment is made of its lock file, and whoever installs a wheel gets them."""
    return not places.is_clone or places.venv.is_current()


def install_packages(places: Places) -> None:
    """Make `.venv`, with a Python of this machine if one is right, else with one that uv fetches."""
    python = find_python()
    what = "Installing the locked packages" if python else f"Fetching Python {VERSION} and the locked packages"
    with step(what):
        chosen = ["--python", python] if python else ["--python", VERSION, "--managed-python"]
        code, output = _sync(places, chosen)
    if code and python is None:
        raise CannotSetUp(f"There is no Python {VERSION} here, and uv could not fetch one", _INSTALL_PYTHON, output)
    if code:
        raise cannot_fetch("The locked packages could not be installed", NETWORK, output)
    places.venv.finish()


def _sync(places: Places, chosen: list[str]) -> tuple[int, str]:
    folder = places.root / ".venv"
    if folder.exists() and not version_of([str(places.python), "--version"]):
        shutil.rmtree(folder)  # left by an interrupted set-up, or its Python is gone
    project = ["--project", str(places.root), "--frozen", "--quiet"]
    return quietly([str(uv(places)), "sync", *project, *chosen], UV_PROJECT_ENVIRONMENT=str(folder))


def uv(places: Places) -> Path:
    """Give a uv that is recent enough: the one on PATH, or the one in `.boot`, which is installed if need be."""
    own = in_environment(places.boot / "uv", "uv")
    for candidate in filter(None, [shutil.which("uv"), str(own)]):
        if version_of([candidate, "--version"]) >= UV:
            return Path(candidate)
    version = ".".join(str(part) for part in UV)
    say(f"  (with uv {version}, which goes to {places.boot})")
    code, output = quietly([sys.executable, "-m", "venv", "--clear", str(places.boot / "uv")])
    if code:
        raise CannotSetUp("This Python cannot make a virtual environment", _INSTALL_VENV, output)
    pip = [str(in_environment(places.boot / "uv", "python")), "-m", "pip", "install", "--quiet"]
    code, output = quietly([*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(_UV_FILE)], PIP_USER="0")
    if code:
        raise cannot_fetch(f"uv {version}, which installs the packages, could not be installed", NETWORK, output)
    return own


def cannot_fetch(what: str, next_step: str, output: str) -> CannotSetUp:
    """Make the refusal of what could not be installed; another file in its place has a next step of its own."""
    if re.search("hash mismatch|do not match the hashes", output, re.IGNORECASE):
        return CannotSetUp(f"{what}: what was handed out is not what was published", _OTHER_INDEX)
    return CannotSetUp(what, next_step, output)
