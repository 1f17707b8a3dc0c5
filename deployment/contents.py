"""What of this project goes to Azure: the app, and the folders that it imports."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

APP = "function_app.py"
HOST = "host.json"
PAGE = "portal_fn/page"
_MODULES = "*.py"
# Not the syntax tree: the Python that runs this may be older than the one that the app is written for.
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+([\w., \t]+))", re.MULTILINE)


def app_folders(root: Path) -> list[str]:
    """Give the names of the folders that the app imports, directly or through one another."""
    folders: set[str] = set()
    unread = [root / APP]
    while unread:
        for name in _find_imports(unread.pop()) - folders:
            if (root / name / "__init__.py").is_file():
                folders.add(name)
                unread += (root / name).rglob("*.py")
    return sorted(folders)


def copy_app(root: Path, target: Path) -> None:
    """Copy the app into a folder that is there: modules and the page, so that no other file of a folder goes along.

    The app needs no other files; a test compares with what the repository has of them.
    """
    for name in (APP, HOST):
        shutil.copyfile(root / name, target / name)
    for folder in app_folders(root):
        copy_files(root, folder, _MODULES, target)
    copy_files(root, PAGE, "*", target)


def copy_files(root: Path, folder: str, pattern: str, target: Path) -> None:
    """Copy the files of a folder whose names are like a pattern, hidden ones aside."""
    for file in _files(root / folder, pattern):
        _copy(file, target / file.relative_to(root))


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)


def _files(folder: Path, pattern: str) -> list[Path]:
    paths = [path for path in folder.rglob(pattern) if path.is_file()]
    return [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _find_imports(path: Path) -> set[str]:
    names = set()
    for first, several in _IMPORT.findall(path.read_text(encoding="utf-8")):
        for name in [first] if first else several.split(","):
            names.add(name.strip().partition(" ")[0].partition(".")[0])
    return names
