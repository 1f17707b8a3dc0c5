"""`backup`, `restore` and the copy of an earlier version's data: all or nothing, and as it was."""

import asyncio
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from localhost.azurite.emulator import Azurite
from localhost.data_folder import azurite_folder, keep_key, make_private, storage_folder
from localhost.failures import StartFailure
from localhost.up.backups import back_up, copy_from_azurite, restore
from shared.settings import StorageSettings
from shared.storage.azure.storage import AzureStorage
from shared.storage.embedded.storage import EmbeddedStorage
from shared.storage.interface import Row, RowRange, Storage
from shared.storage.paths import EVALUATION_QUEUE

TABLE = "events2026120300001440"
ROWS = [Row("p", f"{number:04}", f"id {number}", number, 1, payload=b"x" * number) for number in range(1200)]
MODEL = "exports/default/current/model.vw"


def fill(storage: Storage) -> None:
    """Store some of everything."""
    storage.blobs.create("loops/default/logs/first", b"lines", {"lines": "1"})
    storage.blobs.write(MODEL, bytes(range(256)) * 1000)
    storage.queues.send(EVALUATION_QUEUE, ["work"])

    async def insert() -> None:
        connection = storage.connect(10)
        await connection.create_table(TABLE)
        for start in range(0, len(ROWS), 100):
            await connection.insert(TABLE, ROWS[start : start + 100])
        await connection.close()

    asyncio.run(insert())


def content(storage: Storage) -> object:
    """All that a storage has but its ETags and the times of its blobs."""
    blobs = [
        (blob.path, dict(blob.metadata), (stored := storage.blobs.read(blob.path)) and stored.data)
        for container in ("loops/", "exports/")
        for blob in storage.blobs.list_blobs(container)
    ]
    rows = {name: storage.tables.read(name, RowRange("", "~")) for name in storage.tables.list_names("A", "~")}
    return blobs, rows


def content_of(data: Path) -> object:
    storage = EmbeddedStorage(storage_folder(data))
    try:
        return content(storage)
    finally:
        storage.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of `up` with data and a key."""
    folder = tmp_path / "data"
    make_private(folder)
    keep_key(folder)
    storage = EmbeddedStorage(storage_folder(folder))
    fill(storage)
    storage.close()
    return folder


def test_what_was_backed_up_is_restored(data: Path, tmp_path: Path) -> None:
    file, restored = tmp_path / "loop.tar.gz", tmp_path / "restored"
    file.write_bytes(b"an earlier backup")
    storage = EmbeddedStorage(storage_folder(data))  # as `up` has it open meanwhile

    assert back_up(data, file) == 0
    storage.close()
    assert restore(restored, file) == 0

    assert content_of(restored) == content_of(data)
    assert (restored / "key").read_text() == (data / "key").read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {path.name for path in data.iterdir()} == {"key", "storage"}
    assert {path.name for path in restored.iterdir()} == {"key", "storage", "up.lock"}
    assert (restored / "storage/blobs" / MODEL).read_bytes() == bytes(range(256)) * 1000


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


def _empty(file: Path) -> None:
    with tarfile.open(file, "w:gz"):
        pass


def _lose_file(file: Path) -> None:
    """Make the backup again without the model."""
    with tarfile.open(file, "r:gz") as whole:
        members = [member for member in whole.getmembers() if not member.name.endswith("model.vw")]
        with tarfile.open(file.with_suffix(".new"), "w:gz") as less:
            for member in members:
                less.addfile(member, whole.extractfile(member) if member.isfile() else None)
    file.with_suffix(".new").replace(file)


@pytest.mark.parametrize("damage", [_cut, _empty, _lose_file, lambda file: file.unlink()])
def test_a_backup_that_is_not_whole_is_refused(data: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    file, restored = tmp_path / "loop.tar.gz", tmp_path / "restored"
    back_up(data, file)
    damage(file)

    with pytest.raises(StartFailure):
        restore(restored, file)

    assert {path.name for path in restored.iterdir()} <= {"up.lock"}


def test_data_that_are_there_are_not_replaced(data: Path, tmp_path: Path) -> None:
    back_up(data, tmp_path / "loop.tar.gz")
    before = content_of(data)

    with pytest.raises(StartFailure, match="There are data"):
        restore(data, tmp_path / "loop.tar.gz")

    assert content_of(data) == before


def test_a_folder_without_data_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(StartFailure, match="There is no loop"):
        back_up(tmp_path, tmp_path / "loop.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_data_of_azurite_are_copied_as_they_are(tmp_path: Path) -> None:
    make_private(tmp_path)
    with Azurite(azurite_folder(tmp_path)) as azurite:
        old = AzureStorage.open(StorageSettings(azurite.account.connection_string))
        fill(old)
        before = content(old)
        old.close()
    with pytest.raises(StartFailure, match="those of an earlier version") as refusal:
        storage_folder(tmp_path)
    assert "up --from-azurite" in str(refusal.value)

    copy_from_azurite(tmp_path)

    assert content_of(tmp_path) == before
    storage = EmbeddedStorage(storage_folder(tmp_path))
    assert [message.text for message in storage.queues.receive(EVALUATION_QUEUE, 10, 30)] == ["work"]
    storage.close()
    assert azurite_folder(tmp_path).exists()
    with pytest.raises(StartFailure, match="There are data in"):
        copy_from_azurite(tmp_path)


def test_without_data_of_azurite_nothing_is_copied(tmp_path: Path) -> None:
    with pytest.raises(StartFailure, match="There are no data of Azurite"):
        copy_from_azurite(tmp_path)
    assert list(tmp_path.iterdir()) == []
