"""Learning on the command line, as a user starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from localhost.environment import ROOT

RUN = [sys.executable, "-P", "-m", "localhost.learn"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("RANKLOOP")}
ENVIRONMENT["PYTHONPATH"] = str(ROOT)


def run(*arguments: str | Path, key: str = "", folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command with all that it says."""
    return subprocess.run(
        [*RUN, *map(str, arguments)],
        env=ENVIRONMENT | ({"RANKLOOP_KEY": key} if key else {}),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def learn(*arguments: str | Path, key: str = "") -> dict[str, Any]:
    """What it finds."""
    ended = run(*arguments, "--json", key=key)
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    return document
