"""`dev.py up` as a user runs it: on its folder, or on an Azurite that saves into a folder, as earlier versions did."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import machine, servers
from benchmarks.failures import MeasureFailed
from benchmarks.storage import BYTECODE, KEY
from localhost.azurite.emulator import Azurite
from localhost.azurite.processes import Record
from localhost.data_folder import storage_folder
from localhost.environment import EMULATOR, LOCAL_DEFAULTS, ROOT, STORAGE, clean_environment
from localhost.failures import CommandFailure
from localhost.report.welcome import Welcome

_SMALL_TABLES = {"INTAKE_SPAN": "PT10M"}
"""What versions that stored in Azurite had by default: in a larger table, Azurite takes longer for an insert."""
_SERVICE = "/personalizer/v1.0/configurations/service"
_PAUSE = 0.5
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop that `up` serves.

    Attributes:
        url: Without a slash at its end.
        data: The folder of `up`.
        emulator: The process id of its Azurite; None if it stores in its folder.
    """

    url: str
    data: Path
    emulator: int | None = None

    @property
    def storage(self) -> Path:
        """The folder in which it stores, if it does."""
        return storage_folder(self.data)

    def processes(self) -> dict[str, int]:
        """The processes, by what they do."""
        host = Record.read(self.data / "host.json")
        if host is None:
            raise MeasureFailed("`up` has ended")
        (background, *workers) = machine.children(host.child.pid)
        more = {f"calls, too ({number})": pid for number, pid in enumerate(workers, 1)}
        storage = {"Azurite": self.emulator} if self.emulator else {}
        return {"calls": host.child.pid, "timers and queues": background, **more, **storage}

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time of each so far."""
        return {name: machine.cpu_seconds(pid) for name, pid in self.processes().items()}

    def memory(self) -> dict[str, float]:
        """Memory of each in MB."""
        return {name: machine.resident_bytes(pid) / _MB for name, pid in self.processes().items()}

    def configure(self, **changes: str) -> None:
        """Change the service configuration."""
        now = json.loads(servers.call(self.url, "GET", _SERVICE, b""))
        servers.call(self.url, "PUT", _SERVICE, json.dumps({**now, **changes}).encode())

    def status(self) -> dict[str, Any]:
        """Give the status."""
        status: dict[str, Any] = json.loads(servers.call(self.url, "GET", "/rankloop/v1/status", b""))
        return status

    def wait_until_all_is_log(self, seconds: float) -> None:
        """Wait until all that has come is log."""
        until = time.monotonic() + seconds
        while waiting := self.status()["events"]["waiting"]:
            if time.monotonic() > until:
                raise MeasureFailed(f"{waiting} events are not log {seconds:.0f} s after the last call")
            time.sleep(_PAUSE)

    def read_log(self) -> Iterator[tuple[str, float]]:
        """Read event id and reward of each line."""
        path: str | None = "/rankloop/v1/logs"
        while path:
            page, path = servers.read_page(self.url, path)
            for line in page.splitlines():
                logged = orjson.loads(line)
                yield logged["EventId"], -logged["_label_cost"]


@contextmanager
def serve(
    folder: Path, settings: Mapping[str, str] = LOCAL_DEFAULTS, *, workers: int = 1, azurite: bool = False
) -> Iterator[Loop]:
    """Run `up` with storage of its own, as one does who has no settings.

    Args:
        folder: Where all data are; it is made.
        workers: How many processes answer calls.
        azurite: Whether it stores in an Azurite, which saves into a folder.
    """
    data, log_file = folder / "data", folder / "up.log"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "localhost", "up", "--port", "0", "--data", str(data), "--workers", str(workers)]
    storage, emulator = EMULATOR, None
    with ExitStack() as running:
        if azurite:
            started = running.enter_context(Azurite(folder / "azurite"))
            storage, emulator = started.account.connection_string, started.pid
            command.append("--elsewhere")
        own = {STORAGE: storage, "API_KEY_1": "", "RANKLOOP_KEY": KEY, **(_SMALL_TABLES if azurite else {})}
        environment = {**clean_environment(), **BYTECODE, **LOCAL_DEFAULTS, **settings, **own}
        log = running.enter_context(log_file.open("wb"))
        up = running.enter_context(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
        running.callback(up.send_signal, signal.SIGTERM)
        while (welcome := _read_welcome(data)) is None:
            if up.poll() is not None:
                raise MeasureFailed(f"`up` did not start:\n{log_file.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(_PAUSE)
        yield Loop(welcome.url, data, emulator)


def _read_welcome(data: Path) -> Welcome | None:
    try:
        return Welcome.read(data)
    except CommandFailure:
        return None
