"""`backup` and `restore`: all data of a folder of `up` in one file, and back; and data of versions that had Azurite."""

import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Final

from localhost import private_files
from localhost.azurite.emulator import Azurite
from localhost.data_folder import azurite_folder, make_private, storage_folder
from localhost.failures import StartFailure
from localhost.setup.places import PLACES
from localhost.up.supervisor import serving_alone
from shared.settings import StorageSettings
from shared.storage import background_reads
from shared.storage.embedded.storage import EmbeddedStorage
from shared.storage.interface import MOST_PAGE_ROWS, RowRange, Storage
from shared.storage.paths import EVALUATION_QUEUE, TRAINING_QUEUE
from shared.storage.this_storage import open_storage
from shared.storage_errors import StorageUnavailable

_STORAGE: Final = "storage"
_KEY: Final = "key"
_CONTAINERS: Final = ("loops/", "exports/")
_QUEUES: Final = (EVALUATION_QUEUE, f"{EVALUATION_QUEUE}-poison", TRAINING_QUEUE)
_MOST_MESSAGES: Final = 32
_HIDDEN_SECONDS: Final = 600
_ALL_ROWS: Final = RowRange("", "~")
_UP: Final = f"`{PLACES.program} up`"


def back_up(data: Path, file: Path) -> int:
    """Write all data of a folder into a file, while `up` may serve them; gives the exit code.

    Raises:
        StartFailure: There are no data, or the file could not be written; an earlier file stays as it was.
    """
    folder = storage_folder(data)
    if not folder.exists():
        raise StartFailure(f"There is no loop in {data}.", f"Choose the folder of {_UP} by --data.")
    fresh = file.with_name(f"{file.name}.new")
    with _explain_failures(file), _temporary_folder(data / f"copy-{token_hex(4)}") as copy:
        with EmbeddedStorage(folder) as storage:
            storage.copy_to(copy)
        print("The data are copied. The file is being written ...", flush=True)
        with private_files.open_file(fresh, "wb") as target, tarfile.open(mode="w:gz", fileobj=target) as archive:
            archive.add(copy, _STORAGE)
            if (data / _KEY).exists():
                archive.add(data / _KEY, _KEY)
        fresh.replace(file)
    print(
        f"{file} holds all data of {data}, and the API key.\n  Next step: `{PLACES.program} restore` brings them back."
    )
    return 0


def restore(data: Path, file: Path) -> int:
    """Bring the data of a backup into a folder that has none; gives the exit code.

    Raises:
        StartFailure: The folder has data, or the file is no whole backup; then nothing was changed.
    """
    folder = storage_folder(data)
    if folder.exists():
        raise StartFailure(f"There are data in {data} already.", "Choose another folder by --data, or move them away.")
    make_private(data)
    with serving_alone(data), _explain_failures(file), _temporary_folder(data / f"restored-{token_hex(4)}") as fresh:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(fresh, filter="data")
        if not (fresh / _STORAGE).exists():
            raise tarfile.ReadError("it holds no data of Rankloop")
        with EmbeddedStorage(fresh / _STORAGE) as storage:
            storage.check()
        if (fresh / _KEY).exists():
            (fresh / _KEY).replace(data / _KEY)
        (fresh / _STORAGE).replace(folder)
    print(f"The data of {file} are in {data}.\n  Next step: {_UP} serves them.")
    return 0


def copy_from_azurite(data: Path) -> None:
    """Copy the data of a version that stored in Azurite, which stay as they are.

    Raises:
        StartFailure: There are no such data, or they could not be copied; then nothing was changed.
    """
    old, folder = azurite_folder(data), data / _STORAGE
    if not old.exists() or folder.exists():
        what = f"There are data in {folder} already" if folder.exists() else f"There are no data of Azurite in {data}"
        raise StartFailure(f"{what}.", "Leave out --from-azurite, or choose another folder by --data.")
    with _explain_failures(old), _temporary_folder(data / f"copied-{token_hex(4)}") as fresh:
        with (
            Azurite(old) as azurite,
            open_storage(StorageSettings(azurite.account.connection_string)) as source,
            EmbeddedStorage(fresh) as target,
        ):
            blobs, rows = _copy_blobs(source, target), _copy_rows(source, target)
            _copy_messages(source, target)
            target.check()
        fresh.replace(folder)
    print(f"{blobs:,} blobs and {rows:,} rows are copied and compared. The old data stay in {old}.", flush=True)


def _copy_blobs(source: Storage, target: EmbeddedStorage) -> int:
    paths = [blob.path for container in _CONTAINERS for blob in source.blobs.list_blobs(container)]
    for number, path in enumerate(paths):
        if number % 500 == 0:
            print(f"Copying blobs: {number:,} of {len(paths):,} ...", flush=True)
        version, blob = source.blobs.read_version(path), source.blobs.read(path)
        if version is None or blob is None:
            continue
        target.blobs.create(path, blob.data, version.metadata)
        copied, described = target.blobs.read(path), target.blobs.read_version(path)
        if copied is None or described is None or described.metadata != version.metadata:
            raise StorageUnavailable(f"the blob {path} was not copied")
        if sha256(copied.data).digest() != sha256(blob.data).digest():
            raise StorageUnavailable(f"the blob {path} was not copied as it is")
    return len(paths)


def _copy_rows(source: Storage, target: EmbeddedStorage) -> int:
    total = 0
    for table in source.tables.list_names("A", "~"):
        print(f"Copying rows: {total:,} so far, now those of {table} ...", flush=True)
        target.tables.create(table)
        after, last = None, None
        while True:
            page = background_reads.begin(source.reader.query(table, _ALL_ROWS, MOST_PAGE_ROWS, after)).result()
            target.tables.restore(table, page.rows)
            if target.tables.query(table, _ALL_ROWS, len(page.rows), last).rows != page.rows:
                raise StorageUnavailable(f"the rows of the table {table} were not copied as they are")
            total, after = total + len(page.rows), page.after
            if after is None:
                break
            if page.rows:
                last = (page.rows[-1].partition, page.rows[-1].key)
    return total


def _copy_messages(source: Storage, target: EmbeddedStorage) -> None:
    for queue in _QUEUES:
        while messages := source.queues.receive(queue, _MOST_MESSAGES, _HIDDEN_SECONDS):
            target.queues.send(queue, [message.text for message in messages])


@contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """Give a folder that is not there yet, and is gone after the `with` block."""
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explain_failures(file: Path) -> Iterator[None]:
    """Say what is wrong with data or a file, for people."""
    try:
        yield
    except (StorageUnavailable, tarfile.TarError, EOFError, zlib.error) as error:
        raise StartFailure(f"{file}: {error}.", "Nothing was changed. Choose another file or folder.") from error
    except OSError as error:
        raise StartFailure(
            f"{error.filename or file}: {error.strerror or error}.",
            "Nothing was changed. Choose another file or folder.",
        ) from error
