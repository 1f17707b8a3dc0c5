"""Where the set-up puts things, and how complete places are marked."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localhost.setup.programs import say

WINDOWS = os.name == "nt"


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
        stamp = self.folder / ".made-from"
        return self.proof.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == self._digest()

    def finish(self) -> None:
        """Write down what it was made from; the last step, so that an interrupted set-up is done again."""
        (self.folder / ".made-from").write_text(self._digest(), encoding="ascii")

    def begin(self) -> None:
        """Forget what it was made from, before it is made anew: an installer may leave that file where it is."""
        (self.folder / ".made-from").unlink(missing_ok=True)

    def _digest(self) -> str:
        contents = b"\0".join(path.read_bytes().replace(b"\r\n", b"\n") for path in self.locks)
        return hashlib.sha256(contents).hexdigest()


@dataclass(frozen=True)
class Places:
    """The folders of one clone.

    Attributes:
        root: The clone.
    """

    root: Path

    @property
    def boot(self) -> Path:
        """The folder of what the set-up itself needs."""
        return self.root / ".boot"

    @property
    def venv(self) -> Made:
        """The environment with all Python packages."""
        locks = (self.root / "uv.lock", self.root / "pyproject.toml")
        return Made(self.root / ".venv", self.python, locks)

    @property
    def modules(self) -> Made:
        """The folder with the packages of npm's lock file that a loop on this machine needs, or with all of them."""
        folder = self.root / "node_modules"
        return Made(folder, folder / "azurite", self._npm_locks)

    @property
    def all_modules(self) -> Made:
        """The same folder with all of them."""
        folder = self.root / "node_modules"
        return Made(folder, folder / "axe-core", self._npm_locks)

    @property
    def libraries(self) -> Made:
        """The folder with the libraries of the page, beside the page."""
        folder = self.root / "portal_fn" / "page" / "libraries"
        return Made(folder, folder / "preact.mjs", self._npm_locks)

    @property
    def _npm_locks(self) -> tuple[Path, ...]:
        return (self.root / "package-lock.json", self.root / "package.json")

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return in_environment(self.root / ".venv", "python")


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
