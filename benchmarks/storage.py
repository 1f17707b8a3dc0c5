"""The storage of a benchmark: Azurite in memory, with a clock that can be set, and an account for each loop."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import CLOCK, Azurite
from localhost.azurite.node import node
from localhost.environment import STORAGE

KEY = "benchmark"
BYTECODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(sys.prefix, "bytecode"))}
"""Lets every process find compiled modules, whatever this shell says about them."""
_SECONDS = 5.0
_HEAP_MB = 8192
"""The most that the emulator may keep; a million hostile calls leave half of it behind, and by default that is all."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Storage's clock.

    Attributes:
        port: Where it is set.
    """

    port: int

    def set(self, ahead_us: int) -> None:
        """Let storage's time be the machine's plus so many microseconds; a negative number is the past."""
        with socket.create_connection(("127.0.0.1", self.port), _SECONDS) as connection:
            connection.sendall(str(ahead_us / 1000).encode())
            if connection.recv(16) != b"set":
                raise ConnectionError("the clock of the storage emulator could not be set")


@dataclass(frozen=True, slots=True)
class Storage:
    """A running emulator."""

    azurite: Azurite
    clock: Clock

    def loop(self) -> dict[str, str]:
        """Give the settings of a loop that has an account of its own: the deployed defaults, small intake tables.

        Azurite reads a whole table for every query, where the service has an index.
        """
        return settings(self.azurite.new_account())


def settings(account: EmulatedAccount, **more: str) -> dict[str, str]:
    """Give the settings of a loop in an account; its timer never fires by itself."""
    return {
        **BYTECODE,
        STORAGE: account.connection_string,
        "API_KEY_1": KEY,
        "INTAKE_SPAN": "PT10M",
        "WRITE_DEADLINE": "PT20S",
        "JOIN_GRACE": "PT60S",
        "TRAIN_SCHEDULE": "0 0 0 1 1 *",
        **more,
    }


@contextmanager
def start_storage() -> Iterator[Storage]:
    """Start an emulator; it ends with the context."""
    node()
    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        file = Path(folder, "clock")
        with _environment(
            {"NODE_OPTIONS": f'--require "{CLOCK}" --max-old-space-size={_HEAP_MB}', "BENCHMARK_CLOCK": str(file)}
        ):
            azurite = Azurite()
            azurite.start()
        try:
            yield Storage(azurite, Clock(_port(file)))
        finally:
            azurite.stop()


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _port(file: Path) -> int:
    until = time.monotonic() + _SECONDS
    while not file.exists():
        if time.monotonic() > until:
            raise TimeoutError("the clock of the storage emulator did not start")
        time.sleep(0.01)
    return int(file.read_text())
