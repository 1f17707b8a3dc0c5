"""The storage of a benchmark: Azurite in memory, with a clock that can be set, and an account for each loop."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

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
        ports: Where it is set, for each emulator.
    """

    ports: Sequence[int]

    def set(self, ahead_us: int) -> None:
        """Let storage's time be the machine's plus so many microseconds; a negative number is the past."""
        for port in self.ports:
            with socket.create_connection(("127.0.0.1", port), _SECONDS) as connection:
                connection.sendall(str(ahead_us / 1000).encode())
                if connection.recv(16) != b"set":
                    raise ConnectionError("the clock of the storage emulator could not be set")


@dataclass(frozen=True, slots=True)
class Storage:
    """A running emulator.

    Attributes:
        tables: The emulator of the tables, if they have one of their own; else None.
    """

    azurite: Azurite
    clock: Clock
    tables: Azurite | None

    def loop(self) -> dict[str, str]:
        """Give the settings of a loop that has an account of its own: the deployed defaults, small intake tables.

        An insert takes the emulator longer in a larger table, which the service does not know.
        """
        account = self.azurite.new_account()
        if self.tables:
            account = replace(account, ports=replace(account.ports, table=self.tables.account.ports.table))
        return settings(account.connection_string)


def settings(storage: str, **more: str) -> dict[str, str]:
    """Give the settings of a loop in an account or a folder; its timer never fires by itself."""
    return {
        **BYTECODE,
        STORAGE: storage,
        "API_KEY_1": KEY,
        "INTAKE_SPAN": "PT10M",
        "WRITE_DEADLINE": "PT20S",
        "JOIN_GRACE": "PT60S",
        "TRAIN_SCHEDULE": "0 0 0 1 1 *",
        **more,
    }


@contextmanager
def start_storage(*, tables_apart: bool = False) -> Iterator[Storage]:
    """Start an emulator; it ends with the context.

    Args:
        tables_apart: Whether tables are served by a process of their own, and do not wait for requests of blobs.
    """
    node()
    with ExitStack() as ending:
        azurite, port = _start(ending, None)
        if not tables_apart:
            yield Storage(azurite, Clock((port,)), None)
            return
        tables, second_port = _start(ending, azurite.account.key)
        yield Storage(azurite, Clock((port, second_port)), tables)


def _start(ending: ExitStack, key: str | None) -> tuple[Azurite, int]:
    """Start an emulator with a key, which ends with a stack; gives the port of its clock too."""
    file = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="rankloop-bench-")), "clock")
    options = f'--require "{CLOCK}" --max-old-space-size={_HEAP_MB}'
    azurite = Azurite(key=key)
    with _environment({"NODE_OPTIONS": options, "BENCHMARK_CLOCK": str(file)}):
        azurite.start()
    ending.callback(azurite.stop)
    return azurite, _port(file)


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
