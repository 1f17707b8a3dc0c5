"""The deployment folder as a ZIP file: the same folder gives the same bytes."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

_MODE = stat.S_IFREG | 0o644
_UNIX = 3


def write(folder: Path, path: Path) -> None:
    """Write all files of a folder, in the order of their names, without anything of this machine."""
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)  # its time is the earliest that a ZIP file can hold
            entry.create_system, entry.external_attr = _UNIX, _MODE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (folder / name).read_bytes())
