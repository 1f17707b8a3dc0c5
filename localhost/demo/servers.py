"""What the demo plays on: storage in memory, the functions, and a key."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localhost.azurite.emulator import Azurite
from localhost.demo.failures import DemoFailed
from localhost.host.host_process import HostProcess


@dataclass(frozen=True, slots=True)
class Stage:
    """A service that an application can talk to.

    Attributes:
        address: Its URL.
        key: An API key of it.
        has_ended: Says whether it has ended by itself.
    """

    address: str
    key: str
    has_ended: Callable[[], bool]


@contextmanager
def stage(**settings: str) -> Iterator[Stage]:
    """Start it, and end all of it afterwards.

    Args:
        settings: Of the functions, in place of the local defaults.

    Raises:
        StartFailure: It does not start.
        DemoFailed: As raised inside, with the place of the functions' log, and whether they have ended.
    """
    key = secrets.token_hex(16)
    with (
        _log_file() as log,
        Azurite() as storage,
        HostProcess(storage.account.connection_string, env={**settings, "API_KEY_1": key}, log_file=log) as host,
    ):
        try:
            yield Stage(host.url, key, lambda: storage.has_ended() or host.exit_code() is not None)
        except DemoFailed as failure:
            raise DemoFailed(f"{failure}\n{_describe_end(host, storage)}The functions' log: {log}") from failure


@contextmanager
def _log_file() -> Iterator[Path]:
    """Give a file that stays only if the demo failed."""
    handle, name = tempfile.mkstemp(prefix="rankloop-demo-", suffix=".log")
    os.close(handle)
    failed = False
    try:
        yield Path(name)
    except DemoFailed:
        failed = True
        raise
    finally:
        if not failed:
            Path(name).unlink()


def _describe_end(host: HostProcess, storage: Azurite) -> str:
    if (code := host.exit_code()) is not None:
        return f"The functions have ended, with code {code}.\n"
    return "Azurite has ended.\n" if storage.has_ended() else ""
