"""The id of a deployment folder, which the app that runs from there tells: version, time of the build, contents.

It is another one with every build, so that a deployment of the same code can be told from the one before.
"""

from __future__ import annotations

import hashlib
import re
import time
import zipfile
import zlib
from pathlib import Path

from localhost.setup.programs import CannotSetUp

FILE = "package.txt"
_ID = re.compile(r"[0-9A-Za-z.+-]{1,100}")
_DIGITS = 8
_CANNOT_BE_UNPACKED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What reading a ZIP file raises that is damaged, cut off or encrypted."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How the files of a deployment's ZIP file are packed; what another method raises is not known."""
_BUILD = "Give the folder or the ZIP file that was deployed: what the command package has built, or a release has."


def write(folder: Path, version: str, built_at: time.struct_time) -> str:
    """Give a folder its id, once all else is in it, and return the id.

    Args:
        built_at: In UTC.
    """
    name = "-".join((version, time.strftime("%Y%m%dT%H%M%SZ", built_at), _digest(folder)[:_DIGITS]))
    (folder / FILE).write_text(f"{name}\n", encoding="utf-8", newline="\n")
    return name


def is_package(folder: Path) -> bool:
    """Whether a folder has an id."""
    return (folder / FILE).is_file()


def read(package: Path) -> str:
    """Read the id of a deployment folder or of a ZIP file of one.

    Raises:
        CannotSetUp: It has none.
    """
    try:
        text = _read_zip(package) if package.is_file() else (package / FILE).read_text(encoding="utf-8")
    except (*_CANNOT_BE_UNPACKED, OSError, ValueError, KeyError) as error:
        raise CannotSetUp(f"{package} is no deployment folder and no ZIP file of one", _BUILD) from error
    if not _ID.fullmatch(text.strip()):
        raise CannotSetUp(f"{FILE} of {package} holds no id", _BUILD)
    return text.strip()


def _read_zip(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        entry = archive.getinfo(FILE)
        if entry.compress_type not in _METHODS:
            raise zipfile.BadZipFile(f"{FILE} is packed by method {entry.compress_type}")
        return archive.read(entry).decode()


def _digest(folder: Path) -> str:
    """A hash of all files of a folder, with their names."""
    digest = hashlib.sha256()
    for name in sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()):
        digest.update(f"{name}\n".encode() + hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()
