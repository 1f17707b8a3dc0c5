"""What only storage in a folder promises: its files, its clock, and what a process leaves that dies."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from shared.storage.embedded.database import Database
from shared.storage.embedded.machine_clock import MachineClock
from shared.storage.embedded.storage import EmbeddedStorage, check_file_system
from shared.storage.interface import Connection, Row, RowRange
from shared.storage.storage_answers import StorageRefused
from shared.storage_errors import StorageUnavailable
from shared.times import DAY, HOUR, SECOND, minute_key

PATH = "exports/default/current/model.vw"
EVERYTHING = RowRange("", "~")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def storage(folder: Path) -> Iterator[EmbeddedStorage]:
    opened = EmbeddedStorage(folder)
    yield opened
    opened.close()


def table_of(at_us: int, name: str = "events") -> str:
    """A table for the day of a moment."""
    return f"{name}{minute_key(at_us - at_us % DAY)}1440"


def run_sql(file: Path, text: str) -> list[tuple[object, ...]]:
    """Run a statement on a database without the product."""
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(text).fetchall()


def count_files(folder: Path) -> int:
    return len([path for path in (folder / "rows").iterdir() if path.suffix == ".db"])


# Files


def test_a_blob_is_a_file_that_other_programs_read(storage: EmbeddedStorage, folder: Path) -> None:
    storage.blobs.write(PATH, b"first")
    storage.blobs.write(PATH, b"second")

    assert (folder / "blobs" / PATH).read_bytes() == b"second"
    storage.blobs.remove(PATH)
    assert list((folder / "blobs").iterdir()) == list((folder / "writing").iterdir()) == []


def test_the_folder_is_for_its_user_alone(storage: EmbeddedStorage, folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0


async def test_the_tables_of_a_span_share_a_file_that_goes_with_the_last(
    storage: EmbeddedStorage, folder: Path
) -> None:
    connection, old_us = storage.connect(5), storage.clock.now_us() - 3 * DAY
    tables = [table_of(old_us), table_of(old_us, "rewards"), table_of(old_us, "t1events")]
    for table in (*tables, table_of(old_us + DAY)):
        await connection.create_table(table)
        await connection.insert(table, [Row("p", "k", "id", 1)])
    assert count_files(folder) == 2

    for table in tables[:2]:
        storage.tables.drop(table)
    assert count_files(folder) == 2
    assert len(storage.tables.read(tables[2], EVERYTHING)) == 1
    storage.tables.drop(tables[2])

    assert count_files(folder) == 1
    assert [table_of(old_us + DAY)] == storage.tables.list_names("a", "z")
    assert len(storage.tables.read(table_of(old_us + DAY), EVERYTHING)) == 1


async def test_the_file_of_a_span_that_goes_on_stays(storage: EmbeddedStorage, folder: Path) -> None:
    """Another process may be about to insert a row."""
    connection, table = storage.connect(5), table_of(storage.clock.now_us())
    await connection.create_table(table)
    storage.tables.drop(table)
    assert count_files(folder) == 1

    await connection.create_table(table)
    assert await connection.insert(table, [Row("p", "k", "id", 1)])


async def test_a_process_finds_the_new_file_of_a_span_whose_file_was_deleted(
    storage: EmbeddedStorage, folder: Path
) -> None:
    other, table = EmbeddedStorage(folder), table_of(storage.clock.now_us() - 3 * DAY)
    ours, theirs = storage.connect(5), other.connect(5)
    await ours.create_table(table)
    await theirs.insert(table, [Row("p", "old", "id", 1)])
    storage.tables.drop(table)
    assert count_files(folder) == 0
    await ours.create_table(table)

    await theirs.insert(table, [Row("p", "new", "id", 1)])

    assert [row.key for row in storage.tables.read(table, EVERYTHING)] == ["new"]
    other.close()


# Deaths


def test_a_version_whose_writer_died_is_named_by_the_next_process(storage: EmbeddedStorage, folder: Path) -> None:
    """It is committed, and so readers see it at once; other programs see it once it has its name."""
    storage.blobs.write(PATH, b"first")
    storage.blobs.write(PATH, b"second")
    file = folder / "blobs" / PATH
    [(version,)] = run_sql(folder / "store.db", "SELECT version FROM blobs")
    file.rename(folder / "writing" / str(version))
    file.write_bytes(b"first")
    (folder / "writing" / "0123456789abcdef").write_bytes(b"of a writer that has committed nothing")
    (folder / "writing" / "fedcba9876543210").write_bytes(b"of one that died long ago")
    os.utime(folder / "writing" / "fedcba9876543210", (0, 0))
    blob = storage.blobs.read(PATH)
    assert blob is not None
    assert blob.data == b"second"

    EmbeddedStorage(folder).close()

    assert file.read_bytes() == b"second"
    assert [path.name for path in (folder / "writing").iterdir()] == ["0123456789abcdef"]


def test_a_file_whose_deletion_was_broken_off_is_deleted_by_the_next_process(
    storage: EmbeddedStorage, folder: Path
) -> None:
    storage.blobs.write(PATH, b"personal data")
    storage.blobs.write("loops/other", b"stays")
    file = folder / "blobs" / PATH
    storage.blobs.remove(PATH)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"personal data")
    assert storage.blobs.read(PATH) is None

    EmbeddedStorage(folder).close()

    assert not file.exists()
    assert (folder / "blobs/loops/other").read_bytes() == b"stays"


def test_a_missing_file_is_no_missing_blob(storage: EmbeddedStorage, folder: Path) -> None:
    """A trainer that found no state would begin to learn from nothing."""
    storage.blobs.write(PATH, b"model")
    (folder / "blobs" / PATH).unlink()

    with pytest.raises(StorageUnavailable, match="is missing"):
        storage.blobs.read(PATH)


async def test_a_missing_file_of_rows_is_no_missing_table(storage: EmbeddedStorage, folder: Path) -> None:
    """Rows that were acknowledged would be gone without a word."""
    connection, table = storage.connect(5), table_of(storage.clock.now_us())
    await connection.create_table(table)
    await connection.insert(table, [Row("p", "k", "id", 1)])
    storage.close()
    (file,) = (path for path in (folder / "rows").iterdir() if path.suffix == ".db")
    file.unlink()

    with pytest.raises(StorageRefused, match=f"{file.name} is missing"):
        EmbeddedStorage(folder)
    assert count_files(folder) == 0


# The clock


class _Machine:
    """The clocks of a machine."""

    def __init__(self) -> None:
        self.day_us, self.steady_us = 1_800_000_000 * SECOND, 0

    def pass_time(self, us: int) -> None:
        self.day_us += us
        self.steady_us += us

    def clock(self, last_us: int = 0) -> MachineClock:
        clock = MachineClock(lambda: self.day_us, lambda: self.steady_us)
        clock.begin(last_us)
        return clock


def test_the_clock_is_that_of_the_machine_until_it_is_set_back() -> None:
    machine = _Machine()
    clock = machine.clock()
    machine.pass_time(HOUR)
    assert clock.now_us() == machine.day_us
    before_us = machine.day_us

    machine.day_us -= HOUR

    assert clock.now_us() == before_us
    times = []
    for _ in range(10):
        machine.pass_time(HOUR)
        times.append(clock.now_us())
    assert times == [max(before_us + (each + 1) * HOUR * 9 // 10, before_us + each * HOUR) for each in range(10)]
    assert clock.now_us() == machine.day_us


def test_a_clock_that_is_read_often_does_not_stand_still() -> None:
    machine = _Machine()
    clock, began_us = machine.clock(), machine.day_us
    clock.now_us()
    machine.day_us -= HOUR

    for _ in range(10_000):
        machine.pass_time(1)
        clock.now_us()

    assert clock.now_us() == began_us + 9_000


def test_a_new_process_goes_on_where_the_last_one_stored(folder: Path) -> None:
    """Though the machine's clock was set back in between."""
    machine = _Machine()
    database = Database(
        folder / "x.db", ("CREATE TABLE clock (id INTEGER PRIMARY KEY, time_us INTEGER)",), machine.clock()
    )
    folder.mkdir()
    with database.writing() as (_, stored_us):
        pass
    database.close()
    machine.day_us -= DAY

    again = Database(database.path, database._migrations, machine.clock(database.last_us()))
    with again.writing() as (_, now_us):
        pass

    assert stored_us <= now_us < stored_us + SECOND
    again.close()


# What cannot be used


def test_the_database_of_a_newer_version_is_refused(storage: EmbeddedStorage, folder: Path) -> None:
    storage.close()
    run_sql(folder / "store.db", "PRAGMA user_version = 99")

    with pytest.raises(StorageRefused, match=r"store\.db was written by a newer version of Rankloop"):
        EmbeddedStorage(folder)


def test_the_database_of_another_program_is_refused(folder: Path) -> None:
    folder.mkdir()
    run_sql(folder / "store.db", "CREATE TABLE theirs (x)")

    with pytest.raises(StorageRefused, match="a database of another program"):
        EmbeddedStorage(folder)
    assert run_sql(folder / "store.db", "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_damaged_database_is_named_and_left_as_it_is(storage: EmbeddedStorage, folder: Path) -> None:
    storage.close()
    (folder / "store.db").write_bytes(b"no database" * 1000)
    before = (folder / "store.db").read_bytes()

    with pytest.raises(StorageRefused, match=r"store\.db cannot be used: its file is damaged"):
        EmbeddedStorage(folder)
    assert (folder / "store.db").read_bytes() == before


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/root rw
31 22 0:25 / /mnt/a\\040share rw,relatime shared:1 - nfs4 server:/export rw,vers=4.2
32 31 254:0 / /mnt/a\\040share/local rw,relatime - ext4 /dev/sdb rw
33 22 0:26 / /mnt/windows rw - 9p drvfs rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [("/mnt/a share/loop", "nfs4"), ("/mnt/a share/local/loop", ""), ("/mnt/windows", "9p"), ("/home/loop", "")],
)
def test_a_folder_on_a_network_file_system_is_refused(place: str, kind: str) -> None:
    if not kind:
        check_file_system(Path(place), MOUNTS)
        return
    with pytest.raises(StorageRefused, match=rf"network file system \({kind}\)"):
        check_file_system(Path(place), MOUNTS)


def test_a_file_in_place_of_the_folder_is_refused(folder: Path) -> None:
    folder.write_bytes(b"")

    with pytest.raises(StorageUnavailable, match=str(folder)):
        EmbeddedStorage(folder)


FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from shared.storage.embedded.storage import EmbeddedStorage, check_file_system
from shared.storage.interface import Row, RowRange
from shared.storage_errors import StorageUnavailable

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
storage, table = EmbeddedStorage(Path(sys.argv[1])), "events2026120300001440"

async def main():
    connection = storage.connect(5)
    await connection.create_table(table)
    storage.blobs.write("loops/blob", b"small")
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    told, refused = [], 0
    for number in range(400):
        try:
            await connection.insert(table, [Row("p", f"{number:03}", "id", 1, payload=b"x" * 3000)])
            told.append(f"{number:03}")
        except StorageUnavailable as trouble:
            reason, refused = str(trouble), refused + 1
    assert refused > 50, refused
    for write in (lambda: storage.blobs.write("loops/blob", b"large" * 100_000),):
        try:
            write()
        except StorageUnavailable as trouble:
            print(trouble)
        else:
            raise AssertionError
    assert storage.blobs.read("loops/blob").data == b"small"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await connection.insert(table, [Row("p", "last", "id", 1)])
    storage.blobs.write("loops/blob", b"large" * 100_000)
    stored = [row.key for row in storage.tables.read(table, RowRange("", "~"))]
    assert set(told) <= set(stored), (told, stored)
    print(reason)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_full_disk_loses_nothing_that_was_told(folder: Path) -> None:
    """And storage goes on by itself when there is room. The limit of file sizes stands in for the disk's end."""
    command = [sys.executable, "-c", FULL_DISK, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])

    assert ended.returncode == 0, ended.stderr
    blob, rows = ended.stdout.splitlines()
    assert blob == "loops/blob cannot be used: the file would be too large"
    assert rows.startswith("2026120300001440-")
    again = EmbeddedStorage(folder)
    assert again.blobs.read("loops/blob") is not None
    again.close()


# Copies


async def test_a_copy_of_a_storage_that_is_in_use_holds_all_that_was_told_before(
    storage: EmbeddedStorage, folder: Path, tmp_path: Path
) -> None:
    """What is written while it is made may be in it or not, but as a whole."""
    connection, table = storage.connect(5), table_of(storage.clock.now_us())
    await connection.create_table(table)
    told = [Row("p", f"before{number}", "id", number, payload=b"x" * 5000) for number in range(200)]
    for row in told:
        await connection.insert(table, [row])
    storage.blobs.write_over("loops/counted", b"0" * 1000, None, metadata={"a": "b"})
    before = storage.blobs.read("loops/counted")
    assert storage.blobs.acquire("loops/counted", 15)
    stop = threading.Event()

    def change() -> None:
        for number in count(1):
            storage.blobs.write(f"loops/changing{number % 5}", b"%d" % number * 1000)
            if stop.is_set():
                return

    with ThreadPoolExecutor(1) as threads:
        changing = threads.submit(change)
        inserting = asyncio.create_task(_insert_more(connection, table))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(storage.copy_to, tmp_path / "copy")
        inserting.cancel()
        stop.set()
        changing.result()

    copy = EmbeddedStorage(tmp_path / "copy")
    copy.check()
    stored = copy.tables.read(table, EVERYTHING)
    assert {row.key for row in stored} >= {row.key for row in told}
    assert copy.blobs.read("loops/counted") == before
    for blob in copy.blobs.list_blobs("loops/changing"):
        content = copy.blobs.read(blob.path)
        assert content is not None
        assert content.data == content.data[: len(content.data) // 1000] * 1000
    assert copy.blobs.acquire("loops/counted", 15) is not None
    copy.close()


async def _insert_more(connection: Connection, table: str) -> None:
    for number in count():
        await connection.insert(table, [Row("p", f"later{number}", "id", number)])


def test_a_check_finds_what_is_damaged(storage: EmbeddedStorage, folder: Path) -> None:
    storage.blobs.write("loops/model", b"weights")
    storage.check()
    (folder / "blobs/loops/model").write_bytes(b"half")

    with pytest.raises(StorageUnavailable, match="loops/model does not have its size"):
        storage.check()
