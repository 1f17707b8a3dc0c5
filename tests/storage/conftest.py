"""What a test needs to reach an account of its own, directly or through a proxy that makes trouble."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.intake.intake import Intake
from shared.settings import Settings, StorageSettings, read, use
from shared.storage.azure.account import StorageAccount, account
from shared.storage.azure.rest import Rest
from shared.storage.paths import this_loop
from shared.storage.storage_answers import BlobMissing
from shared.times import MINUTE, SECOND
from tests.clock import now_us
from tests.faults.proxy import FaultProxy


@dataclass(frozen=True, slots=True)
class Services:
    """The addresses of an account's services, and its key."""

    name: str
    key: str
    blob: str
    queue: str
    table: str

    def account(self, *, blob: str | None = None, table: str | None = None, key: str | None = None) -> StorageAccount:
        """The account, with other addresses or another key where they are given."""
        endpoints = f"BlobEndpoint={blob or self.blob};QueueEndpoint={self.queue};TableEndpoint={table or self.table}"
        return account(StorageSettings(f"AccountName={self.name};AccountKey={key or self.key};{endpoints}"))

    def put(self, path: str, data: bytes) -> None:
        """Write a blob, whatever was there."""
        container, name = path.split("/", 1)
        with self.account().blobs as client:
            if not client.get_container_client(container).exists():
                client.create_container(container)
            client.get_blob_client(container, name).upload_blob(data, overwrite=True)


async def hear_time(rest: Rest) -> None:
    """Let storage answer, as it does before the first Rank of a process."""
    with suppress(BlobMissing):
        await rest.read_blob(this_loop().configuration)


@pytest.fixture
def services(account: EmulatedAccount) -> Services:
    """An empty account that no other test has."""
    addresses = account.blob_endpoint, account.queue_endpoint, account.table_endpoint
    return Services(account.name, account.key, *addresses)


@pytest.fixture
def proxy(services: Services) -> Iterator[FaultProxy]:
    """Between the test and the tables; passes everything on until its plan is set."""
    with FaultProxy(services.table) as started:
        yield started


@pytest.fixture
def blobs(services: Services) -> Iterator[FaultProxy]:
    """Between this process and its blobs, as if it were the app's."""
    with FaultProxy(services.blob) as proxy:
        endpoints = f"BlobEndpoint={proxy.url};QueueEndpoint={services.queue};TableEndpoint={services.table}"
        connection = f"AccountName={services.name};AccountKey={services.key};{endpoints}"
        with use(read({"AzureWebJobsStorage": connection})):
            yield proxy


@pytest.fixture
async def rest(services: Services) -> AsyncIterator[Rest]:
    """Reaches the account directly."""
    opened = Rest(services.account(), timeout=5)
    yield opened
    await opened.close()


@pytest.fixture
async def proxied(services: Services, proxy: FaultProxy) -> AsyncIterator[Rest]:
    """Reaches the tables through the proxy, and has time."""
    opened = Rest(services.account(table=proxy.url), timeout=10)
    yield opened
    await opened.close()


@pytest.fixture
async def hasty(services: Services, proxy: FaultProxy) -> AsyncIterator[Rest]:
    """Reaches the tables through the proxy, and waits for no answer longer than 1.2 seconds."""
    opened = Rest(services.account(table=proxy.url), timeout=1.2)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Callable[[], int]:
    """The time from the beginning of this minute on: no minute ends within a test."""
    behind_us = now_us() % MINUTE
    return lambda: now_us() - behind_us


@pytest.fixture
def settings() -> Settings:
    """Those of a deployment: time enough for a machine that is busy with other things."""
    return read({"AzureWebJobsStorage": "UseDevelopmentStorage=true"})


@pytest.fixture
def intake(proxied: Rest, settings: Settings, clock: Callable[[], int]) -> Intake:
    """Appends through the proxy, and has time; a row may be as old as its minute."""
    return Intake(proxied, replace(settings, write_deadline_us=settings.write_deadline_us + MINUTE), clock)


@pytest.fixture
def hasty_intake(hasty: Rest, settings: Settings) -> Intake:
    """Appends through the proxy within three seconds, or not at all."""
    return Intake(hasty, replace(settings, write_deadline_us=3 * SECOND), now_us)
