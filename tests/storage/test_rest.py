"""The REST interface against a real Azurite, by shared key; what comes back is compared with what the SDK says."""

import asyncio
import os
import socket
import string

import pytest

from shared.intake import row_json
from shared.intake.rows import Event, Observation
from shared.settings import StorageSettings
from shared.storage import table_batch
from shared.storage.azure.rest import Rest
from shared.storage.storage_answers import (
    BlobChanged,
    BlobMissing,
    OutcomeUnknown,
    RowExists,
    RowRefused,
    StorageRefused,
    TableMissing,
)
from shared.storage_errors import StorageUnavailable
from tests.faults.proxy import Fault, FaultProxy
from tests.storage.conftest import Services
from tests.storage.rows import HASH, read_rows

_AT = 1_900_000_000_000_000


def rows(count: int, prefix: str = "event", size: int = 100) -> list[bytes]:
    events = [Event(f"{prefix}{number}", HASH, _AT, bytes(size)) for number in range(count)]
    return [row_json.event_entity(row_json.event_place(event, 1), event) for event in events]


async def test_a_row_comes_back_as_it_was_sent(rest: Rest, services: Services) -> None:
    """Ids may hold anything; binary pieces and the stored time must survive, for the SDK reads them in the join."""
    await rest.create_table("whole")
    event_id = "".join(map(chr, range(1, 300))) + "\u2028 {} --batch 日本 🎈"
    event = Event(event_id, HASH, _AT, os.urandom(200_000))
    place = row_json.event_place(event, 4)

    stored_at_us = await rest.insert("whole", row_json.event_entity(place, event))
    row = await rest.read("whole", *place)

    assert row is not None
    assert stored_at_us == row.stored_at_us == read_rows(services.account(), "whole")[place]["stored_at_us"]
    assert (row_json.arrival(row.entity), row_json.payload(row.entity)) == (event.at_us, event.payload)
    assert event_id == row.entity["id"]


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
    sent = [row_json.event_entity(row_json.event_place(event, 1), event) for event in events]

    times = await rest.insert_batch("boundaries", sent)

    times_by_id = {row["id"]: row["stored_at_us"] for row in read_rows(services.account(), "boundaries").values()}
    assert dict(zip(ids, times, strict=True)) == times_by_id


async def test_every_character_of_a_key_can_be_read_again(rest: Rest) -> None:
    """Keys are in quotes in the URL, so each allowed character is tried."""
    await rest.create_table("characters")
    for character in string.ascii_letters + string.digits + "._-~|":
        event = Event(f"{character}x" if character not in "~|" else f"x{character}", HASH, _AT, b"x")
        place = row_json.event_place(event, 4)
        await rest.insert("characters", row_json.event_entity(place, event))

        row = await rest.read("characters", *place)

        assert row is not None
        assert event.event_id == row.entity["id"]


async def test_the_sdk_reads_observations_with_their_types(rest: Rest, services: Services) -> None:
    """A whole reward must come back as a number with a fraction, a missing one as nothing."""
    await rest.create_table("types")
    for number, (value, slot) in enumerate([(1.0, None), (-0.25, "slöt"), (None, None)]):
        observation = Observation("event", f"{number}", _AT, value, slot)
        place = row_json.observation_place(observation, 4)
        await rest.insert("types", row_json.observation_entity(place, observation))

    observations = [
        (row.get("v"), row.get("slot"), row["at"].value) for row in read_rows(services.account(), "types").values()
    ]

    assert observations == [(1.0, None, _AT), (-0.25, "slöt", _AT), (None, None, _AT)]
    assert isinstance(observations[0][0], float)


async def test_a_conflict_names_its_row_and_nothing_is_stored(rest: Rest, services: Services) -> None:
    await rest.create_table("conflict")
    sent = rows(5)
    await rest.insert("conflict", sent[3])

    with pytest.raises(RowExists) as single:
        await rest.insert("conflict", sent[3])
    with pytest.raises(RowExists) as together:
        await rest.insert_batch("conflict", sent)

    assert (single.value.index, together.value.index) == (0, 3)
    assert len(read_rows(services.account(), "conflict")) == 1


async def test_a_row_that_storage_takes_never_is_told_apart(rest: Rest) -> None:
    await rest.create_table("refused")
    event = Event("event", HASH, _AT, b"x")

    with pytest.raises(RowRefused):
        await rest.insert("refused", row_json.event_entity(("a/b", "c"), event))


async def test_a_missing_table_is_told_apart_and_made(rest: Rest) -> None:
    with pytest.raises(TableMissing):
        await rest.insert("missing", rows(1)[0])
    with pytest.raises(TableMissing):
        await rest.insert_batch("missing", rows(2))
    await rest.create_table("missing")
    await rest.create_table("missing")

    assert len(await rest.insert_batch("missing", rows(2))) == 2


async def test_the_largest_batch_is_taken(rest: Rest) -> None:
    """100 rows, and 4 MiB counted in base64: both limits are the service's."""
    await rest.create_table("largest")
    size = (table_batch.BYTES // 50 - table_batch.PART_BYTES - 300) * 3 // 4 // 3 * 3
    large = rows(50, "large", size=min(size, 60_000))
    assert 50 * table_batch.PART_BYTES + sum(map(len, large)) > 3_900_000

    assert len(await rest.insert_batch("largest", large)) == 50
    assert len(await rest.insert_batch("largest", rows(100, "many"))) == 100


async def test_a_batch_over_the_limit_is_refused_without_a_name(rest: Rest) -> None:
    """Such an answer says of no row that it is to blame; the rows must be tried one by one."""
    await rest.create_table("over")

    with pytest.raises(OutcomeUnknown):
        await rest.insert_batch("over", rows(70, size=60_000))


async def test_a_blob_is_read_again_only_when_it_changed(rest: Rest, services: Services) -> None:
    path = "loops/default/some thing.json"

    assert await rest.create_blob(path, b"{}", "application/json")
    assert not await rest.create_blob(path, b"other", "application/json")
    first = await rest.read_blob(path)
    assert first is not None
    assert first.data == b"{}"
    assert await rest.read_blob(path, first.etag) is None
    with services.account().blobs as client:
        client.get_blob_client("loops", "default/some thing.json").upload_blob(b"new", overwrite=True)
    second = await rest.read_blob(path, first.etag)
    assert second is not None
    assert second.data == b"new"


async def test_a_missing_blob_and_a_missing_container_are_told_apart_from_trouble(rest: Rest) -> None:
    for path in ("loops/default/nothing.json", "nowhere/default/nothing.json"):
        with pytest.raises(BlobMissing):
            await rest.read_blob(path)
        with pytest.raises(BlobMissing):
            await rest.read_piece(path, 0, 1)


async def test_a_piece_of_a_blob_is_read(rest: Rest) -> None:
    """Shorter where the blob ends, and empty behind its end."""
    await rest.create_blob("loops/default/piece", b"0123456789", "application/octet-stream")

    pieces = [await rest.read_piece("loops/default/piece", start, 4) for start in (0, 3, 8, 10, 20)]

    assert pieces == [b"0123", b"3456", b"89", b"", b""]


async def test_a_piece_is_of_the_version_that_is_wanted(rest: Rest) -> None:
    await rest.create_blob("loops/default/versions", b"0123", "application/octet-stream")
    blob = await rest.read_blob("loops/default/versions")
    assert blob is not None
    assert await rest.read_piece("loops/default/versions", 1, 2, blob.etag) == b"12"

    await rest.clear_metadata("loops/default/versions")

    with pytest.raises(BlobChanged):
        await rest.read_piece("loops/default/versions", 1, 2, blob.etag)


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

    for attempt in (hasty.insert("trouble", rows(1)[0]), hasty.insert_batch("trouble", rows(2))):
        with pytest.raises(StorageUnavailable) as trouble:
            await attempt
        assert kind is type(trouble.value)


async def test_nothing_was_stored_when_nothing_listens(proxied: Rest, proxy: FaultProxy) -> None:
    """A connection that was never made leaves no doubt."""
    with proxy.away(), pytest.raises(StorageUnavailable) as trouble:
        await proxied.insert("trouble", rows(1)[0])
    assert StorageUnavailable is type(trouble.value)


async def test_connections_are_kept(proxied: Rest, proxy: FaultProxy) -> None:
    """A new one costs a handshake, in the service even of TLS."""
    await proxied.create_table("kept")

    for row in rows(10):
        await proxied.insert("kept", row)
    await asyncio.gather(*(proxied.insert("kept", row) for row in rows(4, "at-once")))
    await asyncio.gather(*(proxied.insert("kept", row) for row in rows(4, "again")))

    assert proxy.connections == 4


async def test_a_connection_that_storage_ended_is_replaced(proxied: Rest, proxy: FaultProxy) -> None:
    await proxied.create_table("replaced")
    with proxy.away():
        await asyncio.sleep(0.05)

    for row in rows(3):
        await proxied.insert("replaced", row)

    assert proxy.connections == 2


async def test_a_connection_that_was_idle_for_long_is_not_used_again(
    proxied: Rest, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side may be about to end it, and then the request's outcome is unknown."""
    await proxied.create_table("idle")
    monkeypatch.setattr(proxied._tables, "_idle_seconds", 0.05)
    await asyncio.sleep(0.1)

    for row in rows(3):
        await proxied.insert("idle", row)

    assert proxy.connections == 2


async def test_a_host_that_does_not_answer_is_given_up(services: Services) -> None:
    """A port that takes connections and says nothing, as a dead machine behind a balancer does."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rest = Rest(services.account(table=f"http://127.0.0.1:{silent.getsockname()[1]}/{services.name}"), timeout=0.3)
        began = asyncio.get_running_loop().time()
        with pytest.raises(OutcomeUnknown):
            await rest.insert("anything", rows(1)[0])
        await rest.close()

    assert asyncio.get_running_loop().time() - began < 2


async def test_a_wrong_key_is_storage_that_is_unavailable(services: Services) -> None:
    rest = Rest(services.account(key="A" * 86 + "=="), timeout=5)

    with pytest.raises(StorageUnavailable):
        await rest.insert("anything", rows(1)[0])
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
