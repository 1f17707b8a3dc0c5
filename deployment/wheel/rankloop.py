"""Rankloop: the app, in the folder beside this file, and the command that serves it."""

import sys
from pathlib import Path


def main() -> int:
    """Run the command and give the exit code."""
    sys.path.insert(0, str(Path(__file__).parent / "app"))
    from localhost.setup.loop_commands import begin_parser
    from localhost.setup.start import run

    top, _ = begin_parser(_DESCRIPTION)
    return run(top)


_DESCRIPTION = "Serves a loop on this machine, shows how one learns, evaluates logs, and asks a loop how it is."
