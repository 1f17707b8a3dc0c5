"""Azurite, the storage emulator: always ended in order, never two on one folder.

Azurite saves every few seconds and at its end, so one signal ends it and the caller waits. Should the process
that started it die, it ends by itself; what is left of it is ended by whoever opens the folder next.

Every user of the machine reaches its ports, so it takes a key that only the process that started it has.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from localhost.azurite.accounts import (
    EMULATOR_NAME,
    EmulatedAccount,
    Ports,
    emulator_accounts,
    new_key,
    spare_name,
)
from localhost.azurite.node import node
from localhost.azurite.processes import ProcessId, Record
from localhost.child_process import ChildProcess, ask_to_end
from localhost.failures import StartFailure
from localhost.locks import FolderLock
from localhost.private_files import UMASK, make_folder
from localhost.setup.places import PLACES

SCRIPT = PLACES.modules / "azurite" / "dist" / "src" / "azurite.js"
CLOCK = Path(__file__).with_name("azurite_clock.cjs")
"""What a process of Node.js has to load first so that its clock can be moved; for tests and benchmarks."""
GUARD = Path(__file__).with_name("azurite_guard.cjs")
"""What Azurite loads first."""
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at http://[^:]+:(\d+)")
_START_SECONDS = 30.0
_STOP_SECONDS = 60.0
_QUIET_SECONDS = 6.0
_SPARE_ACCOUNTS = 1000


class Azurite(ChildProcess):
    """One emulator, in memory or on a folder.

    A stopped one can be started again, on the ports it had; in memory it is empty then.
    """

    name = "Azurite"

    def __init__(
        self,
        folder: Path | None = None,
        ports: Ports = Ports(),  # noqa: B008 - frozen
        key: str | None = None,
    ) -> None:
        """Take the folder of its data (None: in memory), its ports, and the key of its accounts (None: a new one)."""
        self._folder = folder
        self._ports = ports
        self._key = key or new_key()
        self._lock = FolderLock(folder / "azurite.lock") if folder else None
        self._output: list[str] = []
        self._reader: threading.Thread | None = None
        self._accounts = iter(range(_SPARE_ACCOUNTS))

    @property
    def account(self) -> EmulatedAccount:
        """The account that every emulator has."""
        return EmulatedAccount(EMULATOR_NAME, self._key, self._ports)

    def new_account(self) -> EmulatedAccount:
        """Give an account that nobody was given before, so that its data mix with no other's."""
        return EmulatedAccount(spare_name(next(self._accounts)), self._key, self._ports)

    def start(self) -> None:
        """Start it and wait until it serves; raises `StartFailure` if it does not."""
        if not SCRIPT.exists():
            raise StartFailure(
                "Azurite is not installed.", f"Run `{PLACES.program} up --from-azurite`, which fetches it."
            )
        if self._folder and self._lock:
            make_folder(self._folder)
            _take_over(self._folder, self._lock)
        try:
            self._launch()
            self._wait_until_listening()
        except BaseException:
            self.stop()
            raise

    def has_ended(self) -> bool:
        """Say whether it is no longer running."""
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, once, and wait until it has saved and gone."""
        process, self._process = self._process, None
        if process is not None:
            ask_to_end(process)
            _await_end(process, self._folder)
            _close_pipes(process, self._reader)
            if self._folder:
                (self._folder / "azurite.json").unlink(missing_ok=True)
        if self._lock:
            self._lock.let_go()

    def _launch(self) -> None:
        self._output.clear()
        self._process = subprocess.Popen(
            [node(), "--require", str(GUARD), str(SCRIPT), *self._flags()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "AZURITE_ACCOUNTS": emulator_accounts(self._key, _SPARE_ACCOUNTS)},
            pass_fds=self._lock.file_descriptors() if self._lock else (),
            start_new_session=True,
            umask=UMASK,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        if self._folder:
            Record(ProcessId.of(self._process.pid), ProcessId.of(os.getpid())).write(self._folder / "azurite.json")
        self._reader = threading.Thread(target=self._drain, args=(self._process,), daemon=True)
        self._reader.start()

    def _flags(self) -> list[str]:
        ports = {"--blobPort": self._ports.blob, "--queuePort": self._ports.queue, "--tablePort": self._ports.table}
        place = ["--location", str(self._folder)] if self._folder else ["--inMemoryPersistence"]
        fixed = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        return [*fixed, *place, *(part for flag, port in ports.items() for part in (flag, str(port)))]

    def _drain(self, process: subprocess.Popen[str]) -> None:
        """Read all it says, so that it never waits for a reader; only the first lines are kept."""
        for line in process.stdout or ():
            if len(self._output) < 100:
                self._output.append(line.rstrip())

    def _wait_until_listening(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while len(ports := dict(_LISTENING.findall("\n".join(self._output)))) < 3:
            if self.has_ended() or time.monotonic() > until:
                output = "\n".join(self._output[-5:]) or "(it said nothing)"
                raise StartFailure(f"Azurite did not start:\n{output}", "Check that its ports and its folder are free.")
            time.sleep(0.01)
        self._ports = Ports(int(ports["Blob"]), int(ports["Queue"]), int(ports["Table"]))


def _take_over(folder: Path, lock: FolderLock) -> None:
    """End what a run that died left behind on the folder, then take its lock."""
    record = Record.read(folder / "azurite.json")
    refusal = StartFailure(
        f"Another process works on the data in {folder}.", "End it (it may be another `up`), or choose another --data."
    )
    if record and record.child.runs():
        if record.owner.runs():
            raise refusal
        _end(record.child, folder)
    lock.take(5, refusal)


def _end(left_behind: ProcessId, folder: Path) -> None:
    if sys.platform != "win32":
        left_behind.send(signal.SIGTERM)
        ended = left_behind.wait(_STOP_SECONDS)
    else:
        ended = left_behind.wait(_QUIET_SECONDS)
    if not ended:
        _wait_until_saved(folder)
        left_behind.send(getattr(signal, "SIGKILL", signal.SIGTERM))
        left_behind.wait(_STOP_SECONDS)


def _close_pipes(process: subprocess.Popen[str], reader: threading.Thread | None) -> None:
    if reader:
        reader.join()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def _await_end(process: subprocess.Popen[str], folder: Path | None) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        if folder:
            _wait_until_saved(folder)
        process.kill()
        process.wait()


def _wait_until_saved(folder: Path) -> None:
    """Wait until nothing in the folder has been written for longer than the emulator's pause between two savings."""
    began = since = time.monotonic()
    last = 0.0
    while time.monotonic() - began < _STOP_SECONDS:
        written = max((path.stat().st_mtime for path in folder.rglob("*")), default=0.0)
        if written != last:
            last, since = written, time.monotonic()
        elif time.monotonic() - since > _QUIET_SECONDS:
            return
        time.sleep(0.5)
