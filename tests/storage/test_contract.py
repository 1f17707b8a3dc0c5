"""What the product relies on in storage, whichever storage it is. Azurite stands in for Azure."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localhost.azurite.emulator import Azurite
from shared.settings import StorageSettings
from shared.storage.interface import Connection, Row, RowRange, Storage
from shared.storage.storage_answers import (
    BlobChanged,
    BlobLeased,
    BlobMissing,
    ChangedMeanwhile,
    MessageLost,
    RowExists,
    TableMissing,
)
from shared.storage.this_storage import open_storage
from shared.times import SECOND, from_datetime

TABLE = "events2026120300001440"
STORAGES = ("embedded", "azure")
_numbers = iter(range(10_000, 100_000))


@pytest.fixture(scope="module", params=STORAGES)
def connection_setting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `AzureWebJobsStorage` is for a storage that only the tests of this module use."""
    if request.param == "embedded":
        return str(tmp_path_factory.mktemp("contract") / "storage")
    azurite: Azurite = request.getfixturevalue("azurite")
    return azurite.new_account().connection_string


@pytest.fixture(scope="module")
def storage(connection_setting: str) -> Iterator[Storage]:
    is_folder = Path(connection_setting).is_absolute()
    opened = open_storage(StorageSettings(**{"folder" if is_folder else "connection_string": connection_setting}))
    opened.blobs.read("contract/time")
    yield opened
    opened.close()


@pytest.fixture
async def connection(storage: Storage) -> Any:
    opened = storage.connect(30)
    yield opened
    await opened.close()


@pytest.fixture
def root() -> str:
    """A folder of blobs that no other test has."""
    return f"contract/{next(_numbers)}/"


@pytest.fixture
async def table(connection: Connection) -> str:
    """An empty table."""
    name = f"t{next(_numbers)}{TABLE}"
    await connection.create_table(name)
    return name


def row(key: str = "k", partition: str = "p", **fields: Any) -> Row:
    return Row(
        partition, key, **{"event_id": "id", "at_us": 1_800_000_000_000_000, "deadline_us": 20 * SECOND, **fields}
    )


EVERYTHING = RowRange("", "~")


# Rows


@pytest.mark.parametrize(
    "stored",
    [
        row(payload=bytes(range(256)) * 3),
        row(payload=b"x" * 300_000),
        row(event_id='with "quotes", \\, a line\nbreak, ä and 🦜', slot="slot ü", value=0.1),
        row(value=-1e300, deadline_us=None),
        row(value=0.0, slot=""),
    ],
)
async def test_a_row_is_read_as_it_was_inserted(connection: Connection, table: str, stored: Row) -> None:
    [stored_at_us] = await connection.insert(table, [stored])

    assert await connection.read(table, "p", "k") == stored._replace(stored_at_us=stored_at_us)
    [queried] = (await connection.query(table, EVERYTHING, 10)).rows
    assert queried == stored._replace(stored_at_us=stored_at_us)


async def test_a_batch_is_stored_as_a_whole(connection: Connection, table: str) -> None:
    batch = [row(f"k{number:03}", payload=b"x" * 20_000) for number in range(100)]

    times = await connection.insert(table, batch)

    assert len(times) == 100
    found = (await connection.query(table, EVERYTHING, 1000)).rows
    assert [each._replace(stored_at_us=0) for each in found] == batch


async def test_a_conflict_names_the_row_and_leaves_the_batch_out(connection: Connection, table: str) -> None:
    await connection.insert(table, [row("b", payload=b"first")])

    with pytest.raises(RowExists) as refusal:
        await connection.insert(table, [row("a"), row("b", payload=b"second"), row("c")])

    assert refusal.value.index == 1
    found = (await connection.query(table, EVERYTHING, 10)).rows
    assert [(each.key, each.payload) for each in found] == [("b", b"first")]


async def test_one_of_many_that_insert_the_same_row_succeeds(connection: Connection, table: str) -> None:
    async def insert(number: int) -> bool:
        try:
            await connection.insert(table, [row(payload=b"%d" % number)])
        except RowExists:
            return False
        return True

    inserted = await asyncio.gather(*map(insert, range(20)))

    assert sum(inserted) == 1
    stored = await connection.read(table, "p", "k")
    assert stored is not None
    assert stored.payload == b"%d" % inserted.index(True)


async def test_there_are_no_rows_without_a_table(connection: Connection, storage: Storage) -> None:
    missing = f"missing{TABLE}"

    with pytest.raises(TableMissing):
        await connection.insert(missing, [row()])
    with pytest.raises(TableMissing):
        await connection.insert(missing, [row("a"), row("b")])
    with pytest.raises(TableMissing):
        await connection.query(missing, EVERYTHING, 10)
    assert await connection.read(missing, "p", "k") is None
    assert await asyncio.to_thread(storage.tables.read, missing, EVERYTHING) == []
    await asyncio.to_thread(storage.tables.delete, missing, "p", "k")
    await asyncio.to_thread(storage.tables.drop, missing)


KEYS = st.text("ab|}", min_size=1, max_size=3)
RANGES = st.builds(
    RowRange,
    KEYS,
    KEYS,
    st.lists(st.tuples(KEYS, KEYS), max_size=2),
    st.none() | st.integers(0, 4),
    st.none() | st.integers(0, 4),
    st.sampled_from(["", "i", "id1"]),
    st.booleans(),
)
ROWS = st.builds(row, KEYS, KEYS, at_us=st.integers(0, 4), event_id=st.sampled_from(["id1", "id2", "other"]))


@given(
    rows=st.lists(ROWS, max_size=12, unique_by=lambda each: (each.partition, each.key)),
    wanted=st.lists(RANGES, min_size=5, max_size=5),
    most=st.integers(1, 5),
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_query_gives_the_rows_of_its_range_in_order(
    storage: Storage, rows: list[Row], wanted: list[RowRange], most: int
) -> None:
    async def read() -> list[list[list[Row]]]:
        connection, name = storage.connect(30), f"t{next(_numbers)}{TABLE}"
        await connection.create_table(name)
        for each in rows:
            await connection.insert(name, [each])
        answers = []
        for each_range in wanted:
            page = await connection.query(name, each_range, most)
            pages = [page.rows]
            while page.after is not None:
                page = await connection.query(name, each_range, most, page.after)
                pages.append(page.rows)
            answers.append(pages)
        await connection.close()
        return answers

    for each_range, pages in zip(wanted, asyncio.run(read()), strict=True):
        assert all(len(page) <= most for page in pages)
        found = [each._replace(stored_at_us=0) for page in pages for each in page]
        assert found == sorted(filter(lambda each, of=each_range: _is_in(each, of), rows))


def _is_in(each: Row, wanted: RowRange) -> bool:
    return (
        wanted.first_partition <= each.partition <= wanted.last_partition
        and (not wanted.keys or any(first < each.key < last for first, last in wanted.keys))
        and (wanted.from_us is None or each.at_us >= wanted.from_us)
        and (wanted.to_us is None or each.at_us < wanted.to_us)
        and each.event_id.startswith(wanted.id_begin)
    )


async def test_payloads_can_be_left_out(connection: Connection, table: str) -> None:
    stored = row(payload=b"large", value=0.5, slot="s")
    [stored_at_us] = await connection.insert(table, [stored])

    [found] = (await connection.query(table, RowRange("p", "p", payloads=False), 10)).rows

    assert found == stored._replace(payload=b"", stored_at_us=stored_at_us)


async def test_a_row_can_be_deleted(connection: Connection, table: str, storage: Storage) -> None:
    await connection.insert(table, [row("a"), row("b")])

    await asyncio.to_thread(storage.tables.delete, table, "p", "a")
    await asyncio.to_thread(storage.tables.delete, table, "p", "a")

    assert [each.key for each in await asyncio.to_thread(storage.tables.read, table, EVERYTHING)] == ["b"]


async def test_a_dropped_table_is_gone_and_no_other(connection: Connection, storage: Storage) -> None:
    names = [f"dropped{kind}{TABLE}" for kind in "abc"]
    for name in [*names, names[0]]:
        await connection.create_table(name)
        await asyncio.gather(
            *(connection.insert(name, [row(f"{number}")]) for number in range(3)), return_exceptions=True
        )
    listed = await asyncio.to_thread(storage.tables.list_names, "dropped", "droppedz")
    for _ in range(2):
        await asyncio.to_thread(storage.tables.drop, names[1])

    assert names == listed
    assert [names[0], names[2]] == await asyncio.to_thread(storage.tables.list_names, "dropped", "droppedz")
    assert [names[2]] == await asyncio.to_thread(storage.tables.list_names, "droppedc", "droppedz")
    with pytest.raises(TableMissing):
        await connection.insert(names[1], [row()])
    assert len((await connection.query(names[2], EVERYTHING, 10)).rows) == 3


async def test_a_table_that_was_dropped_can_be_created_empty(connection: Connection, storage: Storage) -> None:
    name = f"again{TABLE}"
    await connection.create_table(name)
    await connection.insert(name, [row()])
    await asyncio.to_thread(storage.tables.drop, name)

    await connection.create_table(name)

    assert (await connection.query(name, EVERYTHING, 10)).rows == []
    assert await connection.insert(name, [row()])


async def test_stored_times_follow_the_clock(connection: Connection, table: str, storage: Storage) -> None:
    times = []
    for number in range(5):
        before_us = storage.clock.earliest_us()
        [stored_at_us] = await connection.insert(table, [row(f"{number}")])
        assert before_us <= stored_at_us <= storage.clock.latest_us()
        times.append(stored_at_us)

    assert times == sorted(times)
    assert storage.clock.earliest_us() <= storage.clock.now_us() <= storage.clock.latest_us()


# Blobs


def test_a_blob_is_read_as_it_was_written(storage: Storage, root: str) -> None:
    blobs, large = storage.blobs, os.urandom(9 * 1024 * 1024)

    assert blobs.create(f"{root}created", b"first", {"lines": "3", "events": '{"cb": 2}'})
    assert not blobs.create(f"{root}created", b"second")
    blobs.write(f"{root}written", large)
    assert blobs.create(f"{root}file", io.BytesIO(large))

    created, version = blobs.read(f"{root}created"), blobs.read_version(f"{root}created")
    assert created is not None
    assert version is not None
    assert (created.data, created.etag) == (b"first", version.etag)
    assert (dict(version.metadata), version.size_bytes) == ({"lines": "3", "events": '{"cb": 2}'}, 5)
    assert abs(from_datetime(version.modified) - storage.clock.now_us()) < 60 * SECOND
    assert blobs.read_all([f"{root}written", f"{root}missing", f"{root}file"]) == [large, None, large]


def test_there_is_no_blob_before_it_is_written(storage: Storage, root: str) -> None:
    blobs, path = storage.blobs, f"{root}missing"

    assert blobs.read(path) is None
    assert blobs.read_piece(path, 0, 1) is None
    assert blobs.read_version(path) is None
    assert blobs.read_etag(path) is None
    assert not blobs.renew(path)
    assert not blobs.set_metadata(path, {})
    blobs.remove(path)
    with pytest.raises(BlobMissing):
        blobs.acquire(path, 15)
    assert list(blobs.list_blobs("nothing/")) == list(blobs.list_folders("nothing/")) == []
    assert blobs.read("nothing/at/all") is None


@pytest.mark.parametrize("name", ["plain", "a b", "ä/ö", "%41", "dots../..x", "UPPER", "a+b&c=d", "q?#"])
def test_names_may_have_all_characters(storage: Storage, root: str, name: str) -> None:
    path = f"{root}{name}"
    storage.blobs.write(path, name.encode())

    blob = storage.blobs.read(path)
    assert blob is not None
    assert blob.data == name.encode()
    assert [path] == list(storage.blobs.list_paths(path))
    storage.blobs.remove(path)
    assert storage.blobs.read(path) is None


def test_each_change_gives_another_etag(storage: Storage, root: str) -> None:
    blobs, path = storage.blobs, f"{root}blob"
    etags = [blobs.write_over(path, b"1", None), blobs.write_over(path, b"1", blobs.read_etag(path))]
    blobs.write(path, b"1")
    etags.append(str(blobs.read_etag(path)))
    assert blobs.set_metadata(path, {"a": "b"})
    etags.append(str(blobs.read_etag(path)))
    assert blobs.renew(path)
    etags.append(str(blobs.read_etag(path)))

    version, [listed] = blobs.read_version(path), blobs.list_blobs(path)
    assert len(set(etags)) == 5
    assert version is not None
    assert dict(version.metadata) == {"a": "b"}
    assert etags[-1] == listed.etag == version.etag
    assert blobs.read(path) == (b"1", etags[-1])


def test_only_the_version_that_was_read_is_written_over(storage: Storage, root: str) -> None:
    blobs, path = storage.blobs, f"{root}blob"
    first = blobs.write_over(path, b"1", None, metadata={"a": "b"})
    second = blobs.write_over(path, b"2", first)

    for etag in (first, None, '"0x1"'):
        with pytest.raises(ChangedMeanwhile):
            blobs.write_over(path, b"3", etag)
    with pytest.raises(ChangedMeanwhile):
        blobs.write_over(f"{root}missing", b"3", second)
    with pytest.raises(ChangedMeanwhile):
        blobs.set_metadata(path, {}, first)
    with pytest.raises(ChangedMeanwhile):
        blobs.remove(path, first)
    blobs.remove_unchanged(path, first)

    version = blobs.read_version(path)
    assert blobs.read(path) == (b"2", second)
    assert version is not None
    assert not version.metadata
    blobs.remove(path, second)
    assert blobs.read(path) is None


def test_no_change_is_lost(storage: Storage, root: str) -> None:
    path = f"{root}count"
    storage.blobs.write(path, b"0")

    def add(_: int) -> None:
        for _ in range(5):
            while True:
                stored = storage.blobs.read(path)
                assert stored is not None
                try:
                    storage.blobs.write_over(path, b"%d" % (int(stored.data) + 1), stored.etag)
                except ChangedMeanwhile:
                    continue
                break

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(add, range(6)))

    stored = storage.blobs.read(path)
    assert stored is not None
    assert stored.data == b"30"


def test_content_and_etag_belong_together_while_others_write(storage: Storage, root: str) -> None:
    path, written = f"{root}changing", dict[str, bytes]()
    written[storage.blobs.write_over(path, b"0" * 1000, None)] = b"0" * 1000

    def write() -> None:
        etag = str(storage.blobs.read_etag(path))
        for number in range(60):
            content = b"%d" % (number % 10) * (1000 + number)
            etag = storage.blobs.write_over(path, content, etag)
            written[etag] = content

    with ThreadPoolExecutor(1) as threads:
        writing, read = threads.submit(write), []
        while not writing.done():
            read.append(storage.blobs.read(path))
        writing.result()

    assert len(read) > 5
    assert all(blob is not None and written[blob.etag] == blob.data for blob in read)


def test_pieces_of_one_version_are_read(storage: Storage, root: str) -> None:
    blobs, path = storage.blobs, f"{root}blob"
    etag = blobs.write_over(path, b"0123456789", None)

    assert [blobs.read_piece(path, *piece) for piece in [(0, 3), (8, 5), (10, 1), (50, 1)]] == [b"012", b"89", b"", b""]
    assert blobs.read_piece(path, 0, 10, etag) == b"0123456789"
    with pytest.raises(BlobChanged):
        blobs.read_piece(path, 0, 10, '"0x1"')


def test_blobs_are_listed_in_order(storage: Storage, root: str) -> None:
    names = ["a", "a-b", "a.json", "b/1", "b/2", "b/c/3", "c"]
    for name in reversed(names):
        storage.blobs.create(f"{root}{name}", name.encode(), {"name": name.replace("/", "-")})

    listed = list(storage.blobs.list_blobs(root, page=2))
    assert [blob.path for blob in listed] == [f"{root}{name}" for name in names]
    assert [blob.size_bytes for blob in listed] == [len(name) for name in names]
    assert [blob.metadata["name"] for blob in listed] == [name.replace("/", "-") for name in names]
    assert [blob.etag for blob in listed] == [storage.blobs.read_etag(blob.path) for blob in listed]
    assert [f"{root}b/1", f"{root}b/2", f"{root}b/c/3"] == list(storage.blobs.list_paths(f"{root}b/"))
    assert [f"{root}a", f"{root}a-b", f"{root}a.json"] == list(storage.blobs.list_paths(f"{root}a"))
    assert list(storage.blobs.list_folders(root)) == ["b"]
    assert list(storage.blobs.list_folders(f"{root}b/")) == ["c"]


async def test_an_event_loop_reads_a_blob_only_if_it_has_changed(
    connection: Connection, storage: Storage, root: str
) -> None:
    path = f"{root}blob"
    with pytest.raises(BlobMissing):
        await connection.read_blob(path)
    with pytest.raises(BlobMissing):
        await connection.clear_metadata(path)
    assert await connection.create_blob(path, b"first", "text/plain")
    assert not await connection.create_blob(path, b"second", "text/plain")
    first = await connection.read_blob(path)
    assert first is not None
    assert first.data == b"first"
    assert await connection.read_blob(path, first.etag) is None

    await asyncio.to_thread(storage.blobs.set_metadata, path, {"a": "b"})
    await connection.clear_metadata(path)

    second, version = (
        await connection.read_blob(path, first.etag),
        await asyncio.to_thread(storage.blobs.read_version, path),
    )
    assert second is not None
    assert second.data == b"first"
    assert version is not None
    assert not version.metadata


# Leases


def test_only_the_holder_of_a_lease_writes(storage: Storage, root: str) -> None:
    blobs, path = storage.blobs, f"{root}blob"
    etag = blobs.write_over(path, b"1", None)
    lease = blobs.acquire(path, 15)
    assert lease is not None
    assert blobs.acquire(path, 15) is None

    for write in (
        lambda: blobs.write(path, b"2"),
        lambda: blobs.write_over(path, b"2", etag),
        lambda: blobs.set_metadata(path, {}),
        lambda: blobs.remove(path),
    ):
        with pytest.raises(BlobLeased):
            write()
    with pytest.raises(ChangedMeanwhile):
        blobs.write_over(path, b"2", etag, "0" * 8 + "-0000-0000-0000-" + "0" * 12)
    etag = blobs.write_over(path, b"2", etag, lease.id)
    assert lease.renew()
    lease.release()

    assert blobs.write_over(path, b"3", etag)
    other = blobs.acquire(path, 15)
    assert other is not None
    assert not lease.renew()
    lease.release()
    assert blobs.acquire(path, 15) is None
    other.release()


def test_a_lease_ends_by_itself(storage: Storage, root: str) -> None:
    blobs, names = storage.blobs, ("left", "renewed", "changed", "lost")
    paths = {name: f"{root}{name}" for name in names}
    etags = {name: blobs.write_over(path, b"1", None) for name, path in paths.items()}
    leases = {name: blobs.acquire(path, 15) for name, path in paths.items()}
    assert all(leases.values())

    time.sleep(10)
    assert leases["renewed"]
    assert leases["renewed"].renew()
    assert blobs.acquire(paths["left"], 15) is None
    time.sleep(6)

    assert blobs.acquire(paths["renewed"], 15) is None
    blobs.write(paths["changed"], b"2")
    assert leases["changed"]
    assert not leases["changed"].renew()
    assert leases["lost"]
    assert blobs.acquire(paths["lost"], 15)
    with pytest.raises(ChangedMeanwhile):
        blobs.write_over(paths["lost"], b"2", etags["lost"], leases["lost"].id)
    assert not leases["lost"].renew()
    assert leases["left"]
    assert leases["left"].renew()


# Queues


def test_a_message_is_hidden_from_others_while_it_is_worked_on(storage: Storage) -> None:
    queues, name = storage.queues, "contract-hidden"
    queues.send(name, ["one", "two", "three"])

    first, second = queues.receive(name, 1, 60), queues.receive(name, 10, 60)
    assert sorted(message.text for message in (*first, *second)) == ["one", "three", "two"]
    assert [message.dequeue_count for message in (*first, *second)] == [1, 1, 1]
    assert queues.receive(name, 10, 60) == []

    again = queues.hide(name, first[0], 0)
    [taken] = queues.receive(name, 10, 60)
    assert (taken.id, taken.text, taken.dequeue_count) == (first[0].id, first[0].text, 2)
    for lost in (first[0], again):
        with pytest.raises(MessageLost):
            queues.remove(name, lost)
        with pytest.raises(MessageLost):
            queues.hide(name, lost, 1)
    for message in (taken, *second):
        queues.remove(name, message)
    assert queues.receive(name, 10, 60) == []


def test_messages_come_and_go_in_time(storage: Storage) -> None:
    queues, name = storage.queues, "contract-time"
    assert queues.receive(name, 10, 60) == []
    queues.send(name, ["later"], hidden_seconds=2)
    queues.send(name, ["short"], seconds_to_live=1)
    queues.send(name, ["now"])
    [short, now] = sorted(queues.receive(name, 10, 1), key=lambda message: message.text, reverse=True)
    assert (short.text, now.text) == ("short", "now")
    assert now.inserted <= now.visible < now.expires

    time.sleep(2.5)

    assert sorted(message.text for message in queues.receive(name, 10, 60)) == ["later", "now"]


# Processes

WRITER = r"""
import asyncio, sys
from shared.storage.interface import Row
from shared.storage.this_storage import blobs, this_storage

async def main(table):
    connection = this_storage().connect(30)
    async def insert(worker):
        for number in range(int(sys.argv[2]), 1_000_000):
            await connection.insert(table, [Row(f"p{worker}", f"{number:06}", "id", 1, payload=b"x" * 3000)])
            print(f"row {worker} {number}\n", end="", flush=True)
    def write():
        for number in range(100_000):
            blobs().write(f"contract/killed/{number % 3}", b"%d" % number * 1000)
            print(f"blob {number % 3} {number}\n", end="", flush=True)
    await asyncio.gather(asyncio.to_thread(write), *map(insert, range(4)))

asyncio.run(main(sys.argv[1]))
"""


async def test_what_a_killed_process_was_told_is_stored(
    connection: Connection, table: str, storage: Storage, connection_setting: str
) -> None:
    told = [await asyncio.to_thread(_write_and_be_killed, table, first, connection_setting) for first in (0, 500_000)]

    stored = await asyncio.to_thread(storage.tables.read, table, RowRange("", "~", payloads=False))
    assert {(f"p{worker}", f"{number:06}") for lines in told for kind, worker, number in lines if kind == "row"} <= {
        (each.partition, each.key) for each in stored
    }
    for name in range(3):
        blob = await asyncio.to_thread(storage.blobs.read, f"contract/killed/{name}")
        written = [number for kind, place, number in told[1] if (kind, place) == ("blob", name)]
        if written:
            assert blob is not None
            kept = int(blob.data[: len(blob.data) // 1000])
            assert blob.data == b"%d" % kept * 1000
            assert kept >= written[-1]
    assert await connection.insert(table, [row()])


def _write_and_be_killed(table: str, first: int, connection_setting: str) -> list[tuple[str, int, int]]:
    """Have a process write until it is killed; gives what it was told to be stored."""
    environment = {**os.environ, "AzureWebJobsStorage": connection_setting, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, table, str(first)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(300)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    fields = [line.split() for line in lines if line.endswith(b"\n")]
    return [(kind.decode(), int(place), int(number)) for kind, place, number in fields]
