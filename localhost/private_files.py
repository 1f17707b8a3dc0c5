"""Folders and files that no other user of this machine can read, on systems where that is a matter of modes."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from localhost.failures import StartFailure

UMASK = 0o077
"""What a process that keeps something is started with."""
_OF_OTHERS = 0o077


def make_folder(folder: Path) -> bool:
    """Make a folder for this user alone, or take the rights of others from one that is there and all that is in it.

    Returns:
        Whether others had rights.

    Raises:
        StartFailure: They keep them: the folder is somebody else's, or its file system knows no modes.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_open(folder):
        return False
    try:
        for path in [folder, *_inside(folder)]:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OF_OTHERS)
    except PermissionError:
        raise _cannot_close(folder) from None
    if is_open(folder):
        raise _cannot_close(folder)
    return True


def is_open(folder: Path) -> bool:
    """Say whether others have a right on a folder."""
    return os.name == "posix" and bool(folder.stat().st_mode & _OF_OTHERS)


def open_file(file: Path, mode: str, **how: Any) -> IO[Any]:
    """Open a file to write to it, as `open` does; also one that was there before is for this user alone then."""
    opened = open(file, mode, opener=lambda path, flags: os.open(path, flags, 0o600), **how)  # noqa: SIM115
    if os.name == "posix":
        os.fchmod(opened.fileno(), 0o600)
    return opened


def write(file: Path, text: str) -> None:
    """Put a text in the place of what a file holds."""
    with open_file(file, "w", encoding="utf-8") as opened:
        opened.write(text)


def replace(file: Path, text: str) -> None:
    """Put a text in the place of a file, which at each moment holds all of the old one or all of the new one."""
    fresh = file.with_name(f"{file.name}.new")
    write(fresh, text)
    fresh.replace(file)


def _inside(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_symlink())


def _cannot_close(folder: Path) -> StartFailure:
    return StartFailure(
        f"Other users of this machine can look into {folder}, and their rights cannot be taken away.",
        "Choose a folder of your own by --data.",
    )
