"""Folders for a run's files; the next run deletes the folders of killed processes."""

import os
import re
import shutil
import tempfile
from pathlib import Path

_NAME = re.compile(r"rankloop-(\d+)-\w+")


def folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder that is deleted at the end of its `with` block."""
    return tempfile.TemporaryDirectory(prefix=f"rankloop-{os.getpid()}-", ignore_cleanup_errors=True)


def tidy() -> None:
    """Delete the folders of processes that have ended."""
    for left in Path(tempfile.gettempdir()).glob("rankloop-*-*"):
        name = _NAME.fullmatch(left.name)
        if name and not _is_alive(int(name[1])):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    """Whether a process runs; True on Windows, where the question would end the process."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
