"""A real Azurite for the session, another one over HTTPS that takes tokens, and what a test needs to reach them."""

import contextlib
import itertools
import re
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.loop.times import DAY, SECOND
from shared.settings import Settings, StorageSettings
from shared.storage.account import StorageAccount, account
from shared.storage.arrivals import now_us
from shared.storage.intake import Intake
from shared.storage.rest import Rest
from tests.faults.proxy import FaultProxy

NAME = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_ROOT = Path(__file__).parents[2]
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (\S+)")


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running Azurite, reached at the addresses of its services."""

    blob: str
    queue: str
    table: str

    def account(self, *, blob: str | None = None, table: str | None = None) -> StorageAccount:
        """The account, some of its services reached another way."""
        endpoints = f"BlobEndpoint={blob or self.blob};QueueEndpoint={self.queue};TableEndpoint={table or self.table}"
        return account(StorageSettings(f"AccountName={NAME};AccountKey={KEY};{endpoints}"))

    def put(self, path: str, data: bytes) -> None:
        """Write a blob, whatever was there."""
        container, name = path.split("/", 1)
        with self.account().blobs as client:
            if not client.get_container_client(container).exists():
                client.create_container(container)
            client.get_blob_client(container, name).upload_blob(data, overwrite=True)

    def delete(self, path: str) -> None:
        """Delete a blob, if it is there."""
        with self.account().blobs as client:
            blob = client.get_blob_client(*path.split("/", 1))
            if blob.exists():
                blob.delete_blob()


@contextlib.contextmanager
def running(*options: str) -> Iterator[Azurite]:
    """Azurite on free ports, kept in memory."""
    script = _ROOT / "node_modules/azurite/dist/src/azurite.js"
    ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"]
    flags = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence"]
    process = subprocess.Popen(["node", script, *flags, *ports, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found: dict[str, str] = {}
    while len(found) < 3:
        line = process.stdout.readline()
        assert line, "Azurite ended"
        found |= {service.lower(): f"{url}/{NAME}" for service, url in _LISTENING.findall(line)}
    drain = threading.Thread(target=process.stdout.read)
    drain.start()
    try:
        yield Azurite(**found)
    finally:
        process.terminate()
        process.wait(30)
        drain.join()
        process.stdout.close()


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    with running() as started:
        yield started


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[FaultProxy]:
    """Between the test and the tables; passes everything on until its plan is set."""
    with FaultProxy(azurite.table) as started:
        yield started


@pytest.fixture
async def rest(azurite: Azurite) -> AsyncIterator[Rest]:
    opened = Rest(azurite.account(), timeout=5)
    yield opened
    await opened.close()


@pytest.fixture
async def proxied(azurite: Azurite, proxy: FaultProxy) -> AsyncIterator[Rest]:
    """Reaches the tables through the proxy."""
    opened = Rest(azurite.account(table=proxy.url), timeout=1)
    yield opened
    await opened.close()


_days = itertools.count(2)


@pytest.fixture
def clock() -> Callable[[], int]:
    """The time of a day in the future that no other test uses: its tables are this test's own, and its rows count.

    It starts at noon, so that no minute ends within a test.
    """
    began = now_us()
    noon = (began // DAY + next(_days)) * DAY + DAY // 2
    return lambda: noon + now_us() - began


@pytest.fixture
def settings() -> Settings:
    return Settings(StorageSettings(), write_deadline_us=3 * SECOND, join_grace_us=5 * SECOND)


@pytest.fixture
def intake(proxied: Rest, settings: Settings, clock: Callable[[], int]) -> Intake:
    """Appends through the proxy, in tables of its own."""
    return Intake(proxied, settings, clock)
