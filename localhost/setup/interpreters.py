"""A Python of the right version that really runs, wherever this machine has it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from localhost.setup.programs import quietly

VERSION = "3.13"
# Prints the path of the interpreter behind the command, or nothing if it is not the right one: 64 bits, with the GIL,
# since not all locked packages exist for others.
_PROBE = """
import sys, sysconfig
right = sys.version_info[:2] == (3, 13) and sys.maxsize > 2**32 and not sysconfig.get_config_var("Py_GIL_DISABLED")
print(getattr(sys, "_base_executable", None) or sys.executable if right else "")
"""
_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")


def find_python() -> str | None:
    """Give the path of a right Python, found by running the candidates: some are shims that fail; None if none is."""
    for candidate in _candidates():
        code, output = quietly([*candidate, "-c", _PROBE], timeout=30)
        lines = output.strip().splitlines()
        if code == 0 and lines and Path(lines[-1]).exists():
            return lines[-1]
    return None


def _candidates() -> Iterator[list[str]]:
    """Give the commands to try, the likeliest first."""
    yield [sys.executable]
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *_FOLDERS]
    for name in ("python3.13", "python3", "python"):
        for folder in filter(None, folders):
            program = shutil.which(name, path=folder)
            if program:
                yield [program]
    if shutil.which("py"):
        yield ["py", f"-{VERSION}"]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for path in sorted(pyenv.glob(f"versions/{VERSION}.*/bin/python"), reverse=True):
        yield [str(path)]
