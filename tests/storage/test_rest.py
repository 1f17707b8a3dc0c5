"""The REST interface of tables and blobs against a real Azurite: what `test_contract.py` does not say of it."""

import asyncio
import os
import socket
import string

import pytest

from shared.intake.rows import Event, Observation, event_row, observation_row
from shared.settings import StorageSettings
from shared.storage.azure.rest import Rest
from shared.storage.interface import MOST_BATCH_BYTES, Row
from shared.storage.storage_answers import OutcomeUnknown, RowRefused, StorageRefused
from shared.storage_errors import StorageUnavailable
from tests.faults.proxy import Fault, FaultProxy
from tests.storage.conftest import Services
from tests.storage.rows import HASH, read_rows

_AT = 1_900_000_000_000_000


def rows(count: int, prefix: str = "event", size: int = 100) -> list[Row]:
    return [event_row(Event(f"{prefix}{number}", HASH, _AT, bytes(size)), 1) for number in range(count)]


async def test_a_row_is_in_storage_as_the_sdk_reads_it(rest: Rest, services: Services) -> None:
    """Ids may hold anything; a payload is in pieces, and the stored time is the one of the service."""
    await rest.create_table("whole")
    event_id = "".join(map(chr, range(1, 300))) + "\u2028 {} --batch 日本 🎈"
    row = event_row(Event(event_id, HASH, _AT, os.urandom(200_000)), 4)

    [stored_at_us] = await rest.insert("whole", [row])

    stored = read_rows(services.account(), "whole")[row.partition, row.key]
    assert await rest.read("whole", row.partition, row.key) == row._replace(stored_at_us=stored_at_us)
    assert (stored["id"], stored["stored_at_us"], stored["at"].value) == (event_id, stored_at_us, _AT)
    assert b"".join(stored[f"d{piece}"] for piece in range(4)) == row.payload


async def test_ids_that_hold_anything_pass_in_a_batch(rest: Rest, services: Services) -> None:
    """A batch is text cut at boundaries, so an id must not be able to pass for one."""
    await rest.create_table("boundaries")
    ids = [
        "a\r\n--changeset_rankloop\r\n",
        "{}}}{",
        "\u2028\u2029",
        "HTTP/1.1 409",
        "é",
        "GET http://x/y",
        "'\"\\",
        "%41",
    ]
    events = [Event(event_id, HASH, _AT, b"x") for event_id in ids]

    times = await rest.insert("boundaries", [event_row(event, 1) for event in events])

    times_by_id = {row["id"]: row["stored_at_us"] for row in read_rows(services.account(), "boundaries").values()}
    assert dict(zip(ids, times, strict=True)) == times_by_id


async def test_every_character_of_a_key_can_be_read_again(rest: Rest) -> None:
    """Keys are in quotes in the URL, so each allowed character is tried."""
    await rest.create_table("characters")
    for character in string.ascii_letters + string.digits + "._-~|":
        event = Event(f"{character}x" if character not in "~|" else f"x{character}", HASH, _AT, b"x")
        row = event_row(event, 4)
        await rest.insert("characters", [row])

        stored = await rest.read("characters", row.partition, row.key)

        assert stored is not None
        assert event.event_id == stored.event_id


async def test_the_sdk_reads_observations_with_their_types(rest: Rest, services: Services) -> None:
    """A whole reward must come back as a number with a fraction, a missing one as nothing."""
    await rest.create_table("types")
    for number, (value, slot) in enumerate([(1.0, None), (-0.25, "slöt"), (None, None)]):
        await rest.insert("types", [observation_row(Observation("event", f"{number}", _AT, value, slot), 4)])

    observations = [
        (row.get("v"), row.get("slot"), row["at"].value) for row in read_rows(services.account(), "types").values()
    ]

    assert observations == [(1.0, None, _AT), (-0.25, "slöt", _AT), (None, None, _AT)]
    assert isinstance(observations[0][0], float)


async def test_a_row_that_storage_takes_never_is_told_apart(rest: Rest) -> None:
    await rest.create_table("refused")

    with pytest.raises(RowRefused):
        await rest.insert("refused", [Row("a/b", "c", "event", _AT)])


async def test_the_largest_batch_is_taken(rest: Rest) -> None:
    """100 rows, and 4 MiB counted in base64: both limits are the service's."""
    await rest.create_table("largest")
    large = rows(48, "large", size=60_000)
    assert 0.9 * MOST_BATCH_BYTES < sum(row.size_bytes for row in large) <= MOST_BATCH_BYTES

    assert len(await rest.insert("largest", large)) == 48
    assert len(await rest.insert("largest", rows(100, "many"))) == 100


async def test_a_batch_over_the_limit_is_refused_without_a_name(rest: Rest) -> None:
    """Such an answer says of no row that it is to blame; the rows must be tried one by one."""
    await rest.create_table("over")

    with pytest.raises(OutcomeUnknown):
        await rest.insert("over", rows(70, size=60_000))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(cut="before"), OutcomeUnknown),
        (Fault(cut="after"), OutcomeUnknown),
        (Fault(cut="middle"), OutcomeUnknown),
        (Fault(after=1.8), OutcomeUnknown),
        (Fault(status=500), OutcomeUnknown),
        (Fault(status=503), OutcomeUnknown),
        (Fault(status=403), StorageRefused),
        (Fault(status=429), StorageUnavailable),
    ],
)
async def test_trouble_tells_whether_the_row_may_be_there(
    hasty: Rest, proxy: FaultProxy, fault: Fault, kind: type[Exception]
) -> None:
    await hasty.create_table("trouble")
    proxy.plan = lambda _: fault

    for attempt in (hasty.insert("trouble", rows(1)), hasty.insert("trouble", rows(2))):
        with pytest.raises(StorageUnavailable) as trouble:
            await attempt
        assert kind is type(trouble.value)


async def test_nothing_was_stored_when_nothing_listens(proxied: Rest, proxy: FaultProxy) -> None:
    """A connection that was never made leaves no doubt."""
    with proxy.away(), pytest.raises(StorageUnavailable) as trouble:
        await proxied.insert("trouble", rows(1))
    assert StorageUnavailable is type(trouble.value)


async def test_connections_are_kept(proxied: Rest, proxy: FaultProxy) -> None:
    """A new one costs a handshake, in the service even of TLS."""
    await proxied.create_table("kept")

    for row in rows(10):
        await proxied.insert("kept", [row])
    await asyncio.gather(*(proxied.insert("kept", [row]) for row in rows(4, "at-once")))
    await asyncio.gather(*(proxied.insert("kept", [row]) for row in rows(4, "again")))

    assert proxy.connections == 4


async def test_a_connection_that_storage_ended_is_replaced(proxied: Rest, proxy: FaultProxy) -> None:
    await proxied.create_table("replaced")
    with proxy.away():
        await asyncio.sleep(0.05)

    for row in rows(3):
        await proxied.insert("replaced", [row])

    assert proxy.connections == 2


async def test_a_connection_that_was_idle_for_long_is_not_used_again(
    proxied: Rest, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side may be about to end it, and then the request's outcome is unknown."""
    await proxied.create_table("idle")
    monkeypatch.setattr(proxied._tables, "_idle_seconds", 0.05)
    await asyncio.sleep(0.1)

    for row in rows(3):
        await proxied.insert("idle", [row])

    assert proxy.connections == 2


async def test_a_host_that_does_not_answer_is_given_up(services: Services) -> None:
    """A port that takes connections and says nothing, as a dead machine behind a balancer does."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rest = Rest(services.account(table=f"http://127.0.0.1:{silent.getsockname()[1]}/{services.name}"), timeout=0.3)
        began = asyncio.get_running_loop().time()
        with pytest.raises(OutcomeUnknown):
            await rest.insert("anything", rows(1))
        await rest.close()

    assert asyncio.get_running_loop().time() - began < 2


async def test_a_wrong_key_is_storage_that_is_unavailable(services: Services) -> None:
    rest = Rest(services.account(key="A" * 86 + "=="), timeout=5)

    with pytest.raises(StorageUnavailable):
        await rest.insert("anything", rows(1))
    with pytest.raises(StorageUnavailable):
        await rest.read_blob("loops/default/configuration.json")
    await rest.close()


def test_another_event_loop_gets_connections_of_its_own(services: Services) -> None:
    """Test runners and scripts start several loops in one process."""
    rest = Rest(services.account(), timeout=5)

    async def use() -> None:
        await rest.create_table("loops")
        await rest.close()

    for _ in range(3):
        asyncio.run(use())


def test_secrets_do_not_show(services: Services) -> None:
    reached = services.account()

    assert services.key not in repr(reached) + repr(vars(reached)) + repr(StorageSettings(services.key))
