"""The smoke check as a user runs it."""

import os
import subprocess
import sys

from localhost.environment import ROOT

KEY = "the-key-of-the-smoke-check"


def run(*arguments: str, **variables: str) -> tuple[int, str]:
    """`dev.py smoke` as a user runs it, under a Python that has no packages; gives the exit code and all output."""
    environment = {"PATH": os.environ["PATH"], **variables}
    command = [sys._base_executable, str(ROOT / "dev.py"), "smoke", *arguments]  # type: ignore[attr-defined]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr
