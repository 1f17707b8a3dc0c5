"""A host that serves a small app, and what its functions write down."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localhost.azurite.emulator import Azurite
from localhost.host.host_process import HostProcess
from tests.http.api import Api
from tests.http.local_host.toy_app import make_app

NEVER = "0 0 0 1 1 *"


@pytest.fixture(scope="module")
def connection_string(azurite: Azurite) -> str:
    """Storage that no other module has."""
    return azurite.new_account().connection_string


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app's timer and queue functions write down that they ran."""
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="module")
def described(
    tmp_path_factory: pytest.TempPathFactory, connection_string: str, notes: Path
) -> Callable[..., HostProcess]:
    """Describes a host for the app, with more settings given by name; it is still to be started."""
    root = make_app(tmp_path_factory.mktemp("app"))

    def describe(**settings: str) -> HostProcess:
        env = {"NOTES": str(notes), "OFTEN": NEVER, **settings}
        return HostProcess(connection_string, env=env, root=root, ready_path="/admin/host/status")

    return describe


@pytest.fixture
def start(described: Callable[..., HostProcess]) -> Iterator[Callable[..., HostProcess]]:
    """Starts hosts for one test."""
    started: list[HostProcess] = []

    def start(**settings: str) -> HostProcess:
        started.append(described(**settings))
        started[-1].start()
        return started[-1]

    yield start
    for host in started:
        host.stop()


@pytest.fixture(scope="module")
def host(described: Callable[..., HostProcess]) -> Iterator[HostProcess]:
    """One host for all tests of a module."""
    with described(LOCALHOST_FUNCTION_KEY="function-key", LOCALHOST_MASTER_KEY="master-key") as started:
        yield started


@pytest.fixture(scope="module")
def toys(host: HostProcess) -> Api:
    """Calls to that host."""
    return Api.at(host.url, None)
