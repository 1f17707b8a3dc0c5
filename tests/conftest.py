"""Storage and hosts for every test that needs them: an empty folder for each test, or an account of Azurite."""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import Azurite
from shared.storage.paths import DEFAULT, in_loop
from tests import clock, order
from tests.hosts import HostProcess
from tests.storages import NewStorage

pytest.register_assert_rewrite("tests.loop.oracle", "tests.loop.stored_loop")  # they tell what differs
settings.register_profile("fixed seeds", derandomize=True, deadline=None)
settings.load_profile("fixed seeds")

StartHost = Callable[..., HostProcess]
PATIENT = {"WRITE_DEADLINE": "PT20S", "JOIN_GRACE": "PT60S"}
"""Settings of a host that waits for storage as long as one in Azure does, however busy this machine is."""


_YOUNG_SECONDS = 300
_whole_run = ExitStack()
"""What begins with a run of tests and ends with it."""


def pytest_configure() -> None:
    """Before any test is read, let alone run."""
    clock.begin_run()
    keep_bytecode()
    _whole_run.enter_context(in_loop(DEFAULT))


def keep_bytecode() -> None:
    """Let Python keep compiled modules, whatever the environment says.

    Tests start hundreds of processes. Where PYTHONDONTWRITEBYTECODE is set, as in some Docker images, each of them
    would compile all that it imports: for a host, two seconds in place of half a second.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    order.begin_with_long_files(items)


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over the tests themselves: thousands of objects that stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> order.Scheduling | None:
    """Hand out files, or where files share what takes long to make, folders."""
    return order.Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that the run had another time than the machine."""
    if text := clock.describe():
        terminalreporter.write_line(text)


@dataclass(slots=True)
class Emulator:
    """An Azurite in memory, on free ports, replaced by another one before it is old.

    The next one gets ports of its own: a connection may have taken the old ones meanwhile.

    Ten minutes after its start Azurite looks for data that belong to no blob any more. With what thousands of tests
    have left behind in memory it takes half a minute over that, and answers no call meanwhile.
    """

    azurite: Azurite
    _since: float = field(default_factory=time.monotonic)

    def young(self) -> Azurite:
        """The Azurite, a new one if it was old."""
        if time.monotonic() - self._since > _YOUNG_SECONDS:
            self.azurite.stop()
            self.azurite = Azurite()
            self.azurite.start()
            self._since = time.monotonic()
        return self.azurite


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Azurite() as first:
        emulator = Emulator(first)
        yield emulator
        emulator.azurite.stop()


@pytest.fixture(scope="module")
def azurite(emulator: Emulator) -> Azurite:
    """An Azurite whose accounts last as long as the module's tests."""
    return emulator.young()


@pytest.fixture
def account(azurite: Azurite) -> EmulatedAccount:
    """An empty storage account that no other test has."""
    return azurite.new_account()


@pytest.fixture(scope="module")
def theirs(azurite: Azurite) -> EmulatedAccount:
    """A customer's account, with files of theirs; no loop has its storage there."""
    return azurite.new_account()


@pytest.fixture(scope="session")
def new_storage(tmp_path_factory: pytest.TempPathFactory) -> NewStorage:
    """Makes storage that no other test has: an empty folder. Gives what stands in `AzureWebJobsStorage`."""
    return lambda: str(tmp_path_factory.mktemp("storage"))


@pytest.fixture
def storage(request: pytest.FixtureRequest, new_storage: NewStorage) -> str:
    """The storage of the test: an empty folder, or the account of a test that asks for one.

    A test needs an account to count, delay or cut requests, to stop a process at any instruction (it may hold the lock
    of a database), or to hold for Azure what other tests hold for a folder.
    """
    if "account" in request.fixturenames:
        account: EmulatedAccount = request.getfixturevalue("account")
        return account.connection_string
    return new_storage()


@pytest.fixture
def start_host(storage: str, tmp_path: Path) -> Iterator[StartHost]:
    """Starts hosts on the test's storage, with the settings given by name; all end with the test.

    `root` names another app, `ready_path` what must answer 200 before the host counts as started.
    """
    started: list[HostProcess] = []

    def start(root: Path | None = None, ready_path: str = "/ready", **settings: str) -> HostProcess:
        log_file = tmp_path / f"host-{len(started)}.log"
        place = {"root": root} if root else {}
        host = HostProcess(storage, env=settings, log_file=log_file, ready_path=ready_path, **place)
        started.append(host)
        host.start()
        return host

    yield start
    for host in started:
        host.stop()
        print(host.log())  # noqa: T201 - pytest shows it if the test has failed
