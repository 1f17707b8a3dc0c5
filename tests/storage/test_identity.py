"""Signing in with an identity: the same calls over HTTPS with a token, and how tokens are fetched."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from shared.intake.intake import Intake
from shared.intake.rows import Event
from shared.settings import Settings, StorageSettings
from shared.storage.azure import endpoints
from shared.storage.azure.access_token import Identity
from shared.storage.azure.account import StorageAccount
from shared.storage.azure.rest import Rest
from shared.storage.interface import Row
from shared.storage.paths import this_loop
from shared.storage_errors import StorageUnavailable
from shared.times import SECOND
from tests.clock import now_us
from tests.identity.storage import SecuredAzurite, run_secured_azurite
from tests.identity.tokens import AUDIENCE, token
from tests.storage.conftest import hear_time
from tests.storage.rows import HASH, read_rows


@dataclass
class Credential:
    """An identity that hands out tokens without a real signature; Azurite reads the claims only."""

    lifetime: float = 3600
    audience: str = AUDIENCE
    takes: float = 0
    fetches: int = 0
    at_once: int = 0
    most_at_once: int = 0
    broken: bool = False
    threads: set[str] = field(default_factory=set)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for the scope."""
        assert scopes == (f"{AUDIENCE}/.default",)
        self.fetches += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.threads.add(threading.current_thread().name)
        time.sleep(self.takes)
        self.at_once -= 1
        if self.broken:
            raise RuntimeError("the endpoint for tokens is away, secret-text")
        expires = int(time.time() + self.lifetime)
        return AccessToken(token(expires, self.audience), expires)


def account(storage: SecuredAzurite, credential: Credential) -> StorageAccount:
    """The account, signed in to as settings with addresses would."""
    settings = StorageSettings(blob_uri=storage.blob, table_uri=storage.table)
    return StorageAccount(endpoints.from_identity(settings), Identity(lambda: credential), str(storage.certificate))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredAzurite]:
    with run_secured_azurite(tmp_path_factory.mktemp("secured")) as started:
        assert started.table.startswith("https://")
        yield started


async def test_the_intake_works_with_a_token(secured: SecuredAzurite, settings: Settings) -> None:
    reached = account(secured, Credential())
    rest = Rest(reached, timeout=5)
    await hear_time(rest)
    intake = Intake(rest, settings)

    events = [Event(f"event{number}", HASH, intake.arrival(), b"x") for number in range(20)]
    rows = await asyncio.gather(*(intake.append_event(event, 2) for event in events))
    again = await intake.append_event(events[0], 2)

    assert all(row.own for row in (*rows, again))
    assert len(read_rows(reached, this_loop().table_name("events", events[0].at_us, settings.intake_span_us))) == 20
    await rest.close()


async def test_blobs_work_with_a_token(secured: SecuredAzurite) -> None:
    rest = Rest(account(secured, Credential()), timeout=5)

    assert await rest.create_blob("loops/default/some thing.json", b"{}", "application/json")
    blob = await rest.read_blob("loops/default/some thing.json")
    assert blob is not None
    assert blob.data == b"{}"
    assert await rest.read_blob("loops/default/some thing.json", blob.etag) is None
    await rest.close()


async def test_a_token_for_something_else_is_storage_that_is_unavailable(secured: SecuredAzurite) -> None:
    rest = Rest(account(secured, Credential(audience="https://vault.azure.net")), timeout=5)

    with pytest.raises(StorageUnavailable):
        await rest.insert("anything", [Row("p", "k", "id", 1)])
    await rest.close()


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(secured: SecuredAzurite) -> None:
    settings = StorageSettings(blob_uri=secured.blob, table_uri=secured.table)
    rest = Rest(StorageAccount(endpoints.from_identity(settings), Identity(Credential)), timeout=5)

    with pytest.raises(StorageUnavailable):
        await rest.insert("anything", [Row("p", "k", "id", 1)])
    await rest.close()


async def test_one_fetch_serves_all_who_wait(caplog: pytest.LogCaptureFixture) -> None:
    credential = Credential(takes=0.1)
    identity = Identity(lambda: credential)

    headers = await asyncio.gather(*(identity.table_headers("/") for _ in range(50)))

    assert (credential.fetches, credential.most_at_once) == (1, 1)
    assert len({header["Authorization"] for header in headers}) == 1
    assert threading.current_thread().name not in credential.threads


async def test_a_token_is_renewed_ahead_of_time_without_a_wait() -> None:
    credential = Credential(lifetime=200)
    identity = Identity(lambda: credential)
    await identity.table_headers("/")
    credential.takes = 1
    began = time.monotonic()

    for _ in range(5):
        await identity.table_headers("/")

    assert time.monotonic() - began < 0.9
    await asyncio.sleep(0.5)
    assert credential.fetches == 2


async def test_a_token_about_to_expire_is_waited_for() -> None:
    credential = Credential(lifetime=10)
    identity = Identity(lambda: credential)
    first = await identity.table_headers("/")
    credential.lifetime = 3600

    assert first != await identity.table_headers("/")
    assert credential.fetches == 2


async def test_an_old_token_is_used_while_no_new_one_can_be_had() -> None:
    credential = Credential(lifetime=200)
    identity = Identity(lambda: credential)
    first = await identity.table_headers("/")
    credential.broken = True

    for _ in range(20):
        assert first == await identity.table_headers("/")
        await asyncio.sleep(0.01)

    assert credential.fetches == 2


async def test_no_token_is_storage_that_is_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    """The reason is logged by its kind only: an identity's messages may quote what must not be quoted."""
    credential = Credential(broken=True)
    identity = Identity(lambda: credential)

    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await identity.blob_headers("GET", "/", "", {}, 0)

    assert credential.fetches == 1
    assert "RuntimeError" in caplog.text
    assert "secret-text" not in caplog.text


async def test_a_token_that_does_not_come_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.storage.azure.access_token._MOST_WAIT_SECONDS", 0.1)
    identity = Identity(lambda: Credential(takes=3))
    began = time.monotonic()

    with pytest.raises(StorageUnavailable):
        await identity.table_headers("/")

    assert time.monotonic() - began < 2.5


async def test_the_clock_of_storage_decides_with_a_token_too(secured: SecuredAzurite, settings: Settings) -> None:
    rest = Rest(account(secured, Credential()), timeout=5)
    behind = Intake(rest, settings, lambda: now_us() - settings.write_deadline_us - SECOND // 10)

    with pytest.raises(StorageUnavailable, match="clock"):
        await behind.append_event(Event("late", HASH, behind.arrival(), b"x"), 2)
    await rest.close()
