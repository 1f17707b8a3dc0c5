"""A host with nothing of this clone within its reach but a deployment folder."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import _time_machine
import time_machine

from localhost.environment import ROOT
from localhost.host.host_process import HostProcess
from localhost.setup.packages import uv
from localhost.setup.places import Places, in_environment
from localhost.setup.programs import quietly
from tests import clock

_PASSED_ON = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL")


@dataclass(frozen=True, slots=True)
class LonelyHost:
    """A place of its own: a copy of the local host, and an environment with no packages but the host's.

    Attributes:
        place: Where both are.
        folder: The deployment folder.
    """

    place: Path
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return in_environment(self.place / "venv", "python")

    def process(self, settings: Mapping[str, str], ready_path: str = "/ready") -> HostProcess:
        """A host that is still to be started; these settings are its whole configuration."""
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return HostProcess(
            env={**passed_on, **clock.variables(), **settings},
            inherit=False,
            root=self.folder,
            ready_path=ready_path,
            python=self.python,
            home=self.place,
        )


def lonely_host(place: Path, folder: Path) -> LonelyHost:
    """Make the place for a deployment folder."""
    made = LonelyHost(place, folder)
    shutil.copytree(ROOT / "localhost", place / "localhost", ignore=shutil.ignore_patterns("__pycache__"))
    pinned = place / "pinned.txt"
    export = ["export", "--frozen", "--only-group", "localhost", "--no-emit-project", "--output-file", str(pinned)]
    export += ["--no-emit-package", "aiohttp"]  # for queues; the SDKs load it where it is
    base = str(Path(sys._base_executable))  # type: ignore[attr-defined]
    _uv(*export, "--project", str(ROOT))
    _uv("venv", "--python", base, str(place / "venv"))
    _uv("pip", "install", "--require-hashes", "--python", str(made.python), "--requirements", str(pinned))
    if clock.ahead_us():
        _lend_clock(made.python)
    return made


def _lend_clock(python: Path) -> None:
    """Give it what moves its clock, and nothing else of this environment."""
    [packages] = python.parent.parent.glob("lib/python*/site-packages")
    shutil.copy(str(_time_machine.__file__), packages)
    shutil.copytree(Path(str(time_machine.__file__)).parent, packages / "time_machine")


def _uv(*arguments: str) -> None:
    code, output = quietly([str(uv(Places(ROOT))), *arguments, "--quiet"])
    assert code == 0, output
