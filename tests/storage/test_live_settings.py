"""The watch: what holds is in memory and never old, and trouble with storage reaches no reader."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.configuration.configuration import Configuration, new_configuration
from shared.models.published import Published
from shared.ranking.live_settings import LiveSettings
from shared.storage.azure.rest import Rest
from shared.storage.json_documents import to_json
from shared.storage.paths import this_loop
from shared.storage_errors import StorageUnavailable
from tests.faults.proxy import Fault, FaultProxy
from tests.storage.conftest import Services

PERIOD = 0.5
FIRST = new_configuration(7)
OTHER = new_configuration(3)


def first() -> Configuration:
    return FIRST


@pytest.fixture
def proxy(services: Services) -> Iterator[FaultProxy]:
    """Between the test and the blobs."""
    with FaultProxy(services.blob) as started:
        yield started


@pytest.fixture
async def watched(services: Services, proxy: FaultProxy) -> AsyncIterator[LiveSettings]:
    rest = Rest(services.account(blob=proxy.url), timeout=5)
    made = LiveSettings(rest, first, period=PERIOD)
    yield made
    await made.close()
    await rest.close()


async def wait_for_refresh(watched: LiveSettings, wanted: bool = True) -> float:
    """Wait for a refresh that does not fail, or for one that does, and return the seconds until then."""
    began = time.monotonic()
    while (watched.last_error is None) != wanted:
        await asyncio.sleep(0.02)
        assert time.monotonic() - began < 10
    return time.monotonic() - began


async def test_a_new_loop_gets_its_first_configuration(watched: LiveSettings, services: Services) -> None:
    now = await watched.current()

    assert (now.configuration, now.published) == (FIRST, Published())
    with services.account().blobs as client:
        assert client.get_blob_client(*this_loop().configuration.split("/", 1)).download_blob().readall() == to_json(
            FIRST
        )


async def test_an_existing_configuration_is_left_alone(watched: LiveSettings, services: Services) -> None:
    services.put(this_loop().configuration, to_json(OTHER))

    assert (await watched.current()).configuration == OTHER


async def test_readers_cause_no_reads(watched: LiveSettings, proxy: FaultProxy) -> None:
    """Two conditional reads a period, whatever the traffic."""
    await watched.current()
    proxy.requests.clear()

    for _ in range(1000):
        await watched.current()

    assert not proxy.requests


async def test_a_change_is_seen_soon_by_who_only_reads_memory(watched: LiveSettings, services: Services) -> None:
    await watched.current()
    services.put(this_loop().configuration, to_json(OTHER))
    services.put(this_loop().published, to_json(Published(joined_up_to_us=5)))

    await asyncio.sleep(2.5 * PERIOD)
    now = await watched.current()

    assert (now.configuration, now.published.joined_up_to_us) == (OTHER, 5)


async def test_what_did_not_change_is_not_read_again(
    watched: LiveSettings, proxy: FaultProxy, services: Services
) -> None:
    services.put(this_loop().published, to_json(Published(joined_up_to_us=5)))
    await watched.current()
    proxy.requests.clear()

    await asyncio.sleep(PERIOD * 1.5)

    assert {"GET"} == {request.method for request in proxy.requests}
    assert all(b"If-None-Match" in request.head for request in proxy.requests)
    assert len(proxy.requests) == 2


async def test_a_failed_refresh_keeps_what_was_read_and_is_reported(watched: LiveSettings, proxy: FaultProxy) -> None:
    before = await watched.current()
    refreshed_at = watched.refreshed_at
    proxy.plan = lambda _: Fault(status=503)

    await wait_for_refresh(watched, wanted=False)

    assert await watched.current() == before
    assert watched.refreshed_at == refreshed_at
    proxy.plan = lambda _: None
    assert await wait_for_refresh(watched) < 5


@pytest.mark.parametrize("path", [this_loop().configuration, this_loop().published])
async def test_a_damaged_document_keeps_both_as_they_were(watched: LiveSettings, services: Services, path: str) -> None:
    """Half of a new state is no state that anybody wanted."""
    before = await watched.current()
    services.put(this_loop().configuration, to_json(OTHER))
    services.put(path, b'{"damaged":')

    await wait_for_refresh(watched, wanted=False)

    assert await watched.current() == before


async def test_an_outage_makes_no_reader_wait(watched: LiveSettings, proxy: FaultProxy) -> None:
    before = await watched.current()
    proxy.plan = lambda _: Fault(before=60)
    slowest = 0.0

    for _ in range(30):
        began = time.monotonic()
        assert await watched.current() == before
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0.08)

    assert slowest < 0.9 * PERIOD
    assert watched.last_error


async def test_an_instance_that_slept_refreshes_before_it_answers(services: Services, rest: Rest) -> None:
    """A frozen process runs no background task; a clock that jumped says that it was frozen."""
    slept = 0.0
    watched = LiveSettings(rest, first, lambda: time.time() + slept, PERIOD)
    await watched.current()
    services.put(this_loop().published, to_json(Published(joined_up_to_us=9)))
    slept = 3600

    assert (await watched.current()).published.joined_up_to_us == 9
    await watched.close()


async def test_one_that_slept_into_an_outage_waits_once(services: Services, proxy: FaultProxy) -> None:
    slept = 0.0
    rest = Rest(services.account(blob=proxy.url), timeout=5)
    watched = LiveSettings(rest, first, lambda: time.time() + slept, PERIOD)
    before = await watched.current()
    proxy.plan = lambda _: Fault(before=60)
    slept = 3600

    times = []
    for _ in range(3):
        began = time.monotonic()
        assert await watched.current() == before
        times.append(time.monotonic() - began)

    assert 0.9 * PERIOD < times[0] < 5
    assert max(times[1:]) < 0.9 * PERIOD
    await watched.close()
    await rest.close()


async def test_a_loop_that_was_never_read_is_unavailable_until_it_is(watched: LiveSettings, proxy: FaultProxy) -> None:
    with proxy.away():
        for _ in range(5):
            began = time.monotonic()
            with pytest.raises(StorageUnavailable) as refused:
                await watched.current()
            assert refused.value.retry_after >= 1
        assert time.monotonic() - began < 0.9 * PERIOD

    await wait_for_refresh(watched)
    assert (await watched.current()).configuration == FIRST


async def test_followers_hear_of_each_refresh_and_cannot_break_it(watched: LiveSettings) -> None:
    heard: list[Published] = []

    async def follower(published: Published) -> None:
        heard.append(published)
        raise RuntimeError("a defect")

    watched.follow(follower)

    assert (await watched.current()).configuration == FIRST
    assert heard == [Published()]
    await asyncio.sleep(PERIOD * 1.5)
    assert len(heard) == 2


def test_another_event_loop_refreshes_again(services: Services) -> None:
    rest = Rest(services.account(), timeout=5)
    watched = LiveSettings(rest, first, period=PERIOD)

    async def use() -> None:
        assert (await watched.current()).configuration == FIRST
        await asyncio.sleep(0.05)
        await rest.close()

    for _ in range(2):
        asyncio.run(use())
