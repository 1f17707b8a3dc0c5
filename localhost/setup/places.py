"""Where the set-up puts things, and how complete places are marked."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localhost.setup.programs import say

WINDOWS = os.name == "nt"
_STAMP = ".made-from"


@dataclass(frozen=True)
class Made:
    """A folder that is made from lock files.

    Attributes:
        folder: It.
        proof: A path inside it that must exist.
        locks: The files that say what goes into it.
    """

    folder: Path
    proof: Path
    locks: tuple[Path, ...]

    def is_current(self) -> bool:
        """Say whether it was completely made from the lock files as they are now."""
        stamp = self.folder / _STAMP
        return self.proof.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == self._digest()

    def finish(self) -> None:
        """Write down what it was made from; the last step, so that an interrupted set-up is done again."""
        (self.folder / _STAMP).write_text(self._digest(), encoding="ascii")

    def begin(self) -> None:
        """Forget what it was made from, before it is made anew: an installer may leave that file where it is."""
        (self.folder / _STAMP).unlink(missing_ok=True)

    def copy_stamp(self, folder: Path) -> None:
        """Say of a copy of the folder what this one was made from."""
        shutil.copyfile(self.folder / _STAMP, folder / _STAMP)

    def _digest(self) -> str:
        contents = b"\0".join(path.read_bytes().replace(b"\r\n", b"\n") for path in self.locks)
        return hashlib.sha256(contents).hexdigest()


@dataclass(frozen=True)
class Places:
    """The folders of a clone, or of the package `rankloop` as it is installed.

    Attributes:
        root: The folder of the app: the clone, or a folder of the package, which nothing is written to.
    """

    root: Path

    @property
    def is_clone(self) -> bool:
        """Whether it is a clone."""
        return (self.root / "dev.py").is_file()

    @property
    def program(self) -> str:
        """What its user types before the name of a command."""
        return "python3 dev.py" if self.is_clone else "rankloop"

    @property
    def version(self) -> str:
        """The version of the project, which `pyproject.toml` has."""
        text = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        match = re.search(r'^version = "(.+)"$', text, re.MULTILINE)
        return match[1] if match else "unknown"

    @property
    def work(self) -> Path:
        """The folder of its user, with settings and data: the clone, or where the package's command was started."""
        return self.root if self.is_clone else Path.cwd()

    @property
    def data(self) -> Path:
        """The folder of `up`, unless another one is chosen."""
        return self.work / (".local" if self.is_clone else ".rankloop")

    def name_of(self, file: str) -> str:
        """How its user finds a file of the app: in a clone by the path inside it, else by its whole path."""
        return file if self.is_clone else str(self.root / file)

    @property
    def fetched(self) -> Path:
        """The folder that is given what the set-up fetches."""
        return self.root if self.is_clone else _folder_of_user() / "rankloop" / self.version

    @property
    def boot(self) -> Path:
        """The folder of what the set-up itself needs."""
        return self.fetched / ".boot"

    @property
    def venv(self) -> Made:
        """A clone's environment with all Python packages."""
        locks = (self.root / "uv.lock", self.root / "pyproject.toml")
        return Made(self.root / ".venv", self.python, locks)

    @property
    def modules(self) -> Path:
        """The folder with packages of npm's lock file."""
        return self.fetched / "node_modules"

    def modules_with(self, package: str) -> Made:
        """The same folder, if it has a package."""
        return Made(self.modules, self.modules / package, self.npm_locks)

    @property
    def libraries(self) -> Made:
        """The folder with the libraries of the page, beside the page."""
        folder = self.root / "portal_fn" / "page" / "libraries"
        return Made(folder, folder / "preact.mjs", self.npm_locks)

    @property
    def npm_locks(self) -> tuple[Path, ...]:
        """The files by which npm installs."""
        return (self.root / "package-lock.json", self.root / "package.json")

    @property
    def python(self) -> Path:
        """The Python that has all packages: that of the clone's environment, or the one that runs this."""
        return in_environment(self.root / ".venv", "python") if self.is_clone else Path(sys.executable)


PLACES = Places(Path(__file__).resolve().parents[2])
"""The folders of the code that runs."""


def _folder_of_user() -> Path:
    """Where programs of this platform put what they fetch for their user."""
    if WINDOWS:
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    chosen = os.environ.get("XDG_DATA_HOME", "")
    return Path(chosen) if chosen.startswith("/") else Path.home() / ".local" / "share"


def in_environment(folder: Path, program: str) -> Path:
    """Give the path of a program inside a virtual environment."""
    return folder / "Scripts" / f"{program}.exe" if WINDOWS else folder / "bin" / program


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Wait for another set-up to end; the operating system lets go of this one's lock should its process die."""
    with path.open("a+b") as file:
        if not _lock(file.fileno()):
            say("Another set-up of this folder is going on: waiting for it ...")
            while not _lock(file.fileno()):
                time.sleep(0.2)
        yield


def _lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    say(f"{what} ...")
    began = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - began:.0f} s")
