"""The browser of the tests: on Linux (x64) the Chromium of an npm package, elsewhere the one that Playwright installs.

The package holds the browser compressed, with the libraries and the fonts that it needs, so that it starts on a machine
that has none of them.
"""

import ctypes.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from localhost.azurite.node import node
from localhost.environment import ROOT
from localhost.setup.places import hold_lock

PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
_UNPACK = """
import {{ inflate }} from {module};
for (const name of ["chromium.br", "fonts.tar.br", "al2023.tar.br"])
  await inflate({folder} + "/" + name);
"""
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
"""In place of the package's own, which looks for fonts in `/tmp/fonts` and in the folders of a cloud function."""
_ARGUMENTS = (
    *("--no-sandbox", "--disable-dev-shm-usage"),
    *("--disable-gpu", "--font-render-hinting=none"),
)
"""Without a graphics processor: imitating one takes a fifth of all that a test of the page costs."""


def launch_options() -> dict[str, Any]:
    """Give how Playwright is to launch Chromium."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return {}
    folder = _unpacked()
    return {"executable_path": str(folder / "chromium"), "args": [*_ARGUMENTS], "env": _environment(folder)}


def _unpacked() -> Path:
    """Give the folder of the unpacked browser; the first process of a machine unpacks it for all."""
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    folder = ROOT / ".boot" / f"chromium-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with hold_lock(folder / "lock"):
        if not (folder / "complete").exists():
            texts = {"module": (PACKAGE / "build" / "index.js").as_uri(), "folder": str(PACKAGE / "bin")}
            script = _UNPACK.format(**{name: json.dumps(text) for name, text in texts.items()})
            command = [node(), "--input-type=module", "--eval", script]
            subprocess.run(command, env={**os.environ, "TMPDIR": str(folder)}, check=True)
            (folder / "complete").touch()
        fonts = _FONTS.format(fonts=escape(str(folder / "fonts")), cache=escape(str(folder / "font-cache")))
        (folder / "new-fonts.conf").write_text(fonts, encoding="utf-8")
        (folder / "new-fonts.conf").replace(folder / "fonts.conf")
    return folder


def _environment(folder: Path) -> Mapping[str, str]:
    """Give the environment of the browser: with the package's libraries where the machine has none."""
    environment = {**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf"), "HOME": str(folder)}
    if ctypes.util.find_library("nss3") is None:
        environment["LD_LIBRARY_PATH"] = str(folder / "al2023" / "lib")
    return environment
