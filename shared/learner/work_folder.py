"""Folders for a run's files; what a killed process left behind is cleared by the next run."""

import os
import re
import shutil
import tempfile
from pathlib import Path

_NAME = re.compile(r"rankloop-(\d+)-\w+")


def folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder that goes when its `with` block ends."""
    return tempfile.TemporaryDirectory(prefix=f"rankloop-{os.getpid()}-", ignore_cleanup_errors=True)


def tidy() -> None:
    """Clear the folders of processes that are no more."""
    for left in Path(tempfile.gettempdir()).glob("rankloop-*-*"):
        found = _NAME.fullmatch(left.name)
        if found and not _is_alive(int(found[1])):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    """Whether a process runs; where that cannot be asked without ending it, it is taken to."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
