"""What a loop's storage holds, read through the interface of storage and nothing else of the product."""

import gzip
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobLeaseClient, BlobServiceClient

from shared.log import manifest, marks
from shared.settings import StorageSettings
from shared.storage.azure.storage import AzureStorage
from shared.storage.embedded.storage import EmbeddedStorage
from shared.storage.interface import Row, RowRange, Storage
from shared.storage.paths import EXCHANGES, OF_ALL, OF_LOOP

TRAINED = (
    *("state.json", "published.json", "logs/", "manifests/", "models/", "references/", "refused/", "metrics/"),
    "model-rewards/",
)
"""What training makes of the intake; it can all be made again."""


class StoredLoop:
    """The storage of one loop."""

    def __init__(self, storage: str) -> None:
        """Take the setting: a folder, or a connection string."""
        self.storage = storage
        self._opened = open_again(storage)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def blobs(self, prefix: str = "", container: str = "loops") -> dict[str, bytes]:
        """The loop's blobs by their names in its folder."""
        names = self.names(prefix, container)
        contents = self._opened.blobs.read_all(f"{container}/default/{name}" for name in names)
        return {name: data for name, data in zip(names, contents, strict=True) if data is not None}

    def names(self, prefix: str = "", container: str = "loops") -> list[str]:
        """The names of the loop's blobs in its folder, in order."""
        folder = f"{container}/default/"
        return [path.removeprefix(folder) for path in self._opened.blobs.list_paths(f"{folder}{prefix}")]

    def blob(self, name: str, container: str = "loops") -> bytes | None:
        """One blob; None if there is none."""
        blob = self._opened.blobs.read(f"{container}/default/{name}")
        return blob and blob.data

    def all_blobs(self) -> dict[str, bytes]:
        """The blobs of all loops, by their names in the container."""
        paths = list(self._opened.blobs.list_paths("loops/"))
        contents = zip(paths, self._opened.blobs.read_all(paths), strict=True)
        return {path.removeprefix("loops/"): data for path, data in contents if data is not None}

    def document(self, name: str) -> Any:
        """One JSON document; None if there is none."""
        text = self.blob(name)
        return None if text is None else json.loads(text)

    def metadata(self, name: str, container: str = "loops") -> dict[str, str]:
        """The metadata of one blob."""
        version = self._opened.blobs.read_version(f"{container}/default/{name}")
        assert version is not None
        return dict(version.metadata)

    def put(self, name: str, data: bytes, container: str = "loops", metadata: dict[str, str] | None = None) -> None:
        """Write a blob, whatever was there."""
        path = f"{container}/default/{name}"
        self._opened.blobs.write(path, data)
        if metadata:
            self._opened.blobs.set_metadata(path, metadata)

    def copy_from(self, other: "StoredLoop") -> None:
        """Let this storage, which is empty, hold all blobs of another loop, which does not change once it is copied."""
        for name, data, container, metadata in other._content:
            self.put(name, data, container, metadata)

    @cached_property
    def _content(self) -> list[tuple[str, bytes, str, dict[str, str]]]:
        """Name, data, container and metadata of all blobs."""
        return [
            (name, data, container, self.metadata(name, container))
            for container in ("loops", "exports")
            for name, data in self.blobs(container=container).items()
        ]

    def collect_anew(self) -> None:
        """Let the next run of the trainer collect all rewards that wait: rows of a time that was collected came in."""
        state = self.document("state.json")
        if state is not None and state.get("collected") is not None:
            self.put("state.json", json.dumps({**state, "collected": None}).encode())

    def remove(self, name: str) -> None:
        """Delete a blob."""
        self._opened.blobs.remove(f"loops/default/{name}")

    def lines(self) -> list[bytes]:
        """All lines of the log, in order."""
        return [line for _, data in sorted(self.blobs("logs/").items()) for line in gzip.decompress(data).splitlines()]

    def read_manifests(self) -> dict[str, list[dict[str, Any]]]:
        """The log blobs that the manifests name, by days; without ETags, in which no two loops agree."""
        days = {name: json.loads(data)["blobs"] for name, data in self.blobs("manifests/2").items()}
        return {day: [{**blob, "etag": bool(blob["etag"])} for blob in blobs] for day, blobs in days.items()}

    def marks(self) -> set[int]:
        """The marks of all that is in the log, however many runs hold them."""
        return {mark for data in self.blobs("marks/").values() for mark in marks.unpack(data)}

    def check_manifests(self, *, copied: bool = False) -> None:
        """Check that the manifests name every log blob that there is, once, as it is, and no other.

        Args:
            copied: Whether the log is a copy of another account's, in which the blobs have other ETags.
        """
        named = {}
        for data in self.blobs("manifests/2").values():
            for blob in json.loads(data)["blobs"]:
                name = manifest.path(blob["from_us"], blob["to_us"], blob["shard"]).removeprefix("loops/default/")
                assert name not in named
                named[name] = blob
        etags = self.in_force()
        for name, data in self.blobs("logs/").items():
            blob, text = named.pop(name), gzip.decompress(data)
            assert (blob["lines"], blob["unpacked_bytes"]) == (text.count(b"\n"), len(text))
            assert blob["size_bytes"] == len(data)
            assert blob["etag"] if copied else blob["etag"].strip('"') == etags[f"default/{name}"].strip('"')
        assert named == {}

    def describe(self, state_blob: str) -> dict[str, Any]:
        """How a training state was made, as it is described beside the state."""
        name = state_blob.removeprefix("loops/default/").removesuffix(".vw")
        description: dict[str, Any] = self.document(f"{name}.json")
        return description

    def lineage(self, state_blob: str | None) -> Iterator[dict[str, Any]]:
        """How a training state was made, step by step, the last step first: descriptions, each with its `state`."""
        while state_blob is not None:
            description = self.describe(state_blob)
            yield {**description, "state": state_blob}
            state_blob = description["lineage"]["state"]

    def read_export(self) -> bytes | None:
        """The model under its fixed name."""
        return self.blob("current/model.vw", "exports")

    def read_training_output(self) -> dict[str, Any]:
        """All that training has made, without the times of day at which training ran."""
        state = self.document("state.json")
        names = ("running", "next", "intent", "counters", "publishing", "long_waits", "troubles", "metrics")
        models = {name.rsplit("/", 1)[1]: data for name, data in self.blobs("models/").items()}
        return {
            "logs": self.blobs("logs/"),
            "manifests": self.read_manifests(),
            "days": self.blobs("metrics/"),
            "models": models,
            "tables": self.tables(),
            **{name: state[name] for name in names},
        }

    def wait_for(self, holds: Callable[[Any], bool], document: str = "state.json", seconds: float = 60) -> Any:
        """Wait until something holds of a document; gives the document."""
        until = time.monotonic() + seconds
        while (content := self.document(document)) is None or not holds(content):
            assert time.monotonic() < until, content
            time.sleep(0.1)
        return content

    def in_force(self) -> dict[str, str]:
        """The ETag of every blob of all loops and exports, which changes with each write."""
        return {
            blob.path.partition("/")[2]: blob.etag
            for container in ("loops/", "exports/")
            for blob in self._opened.blobs.list_blobs(container)
        }

    def tables(self) -> list[str]:
        """The names of the intake tables."""
        return self._opened.tables.list_names("A", "~")

    def rows(self, kind: str) -> list[Row]:
        """All rows of the intake tables of a kind."""
        names = [name for name in self.tables() if name.startswith(kind)]
        return [row for name in names for row in self._opened.tables.read(name, RowRange("", "~"))]

    def delete_row(self, row: Row) -> None:
        """Delete a row from whichever table has it."""
        for name in self.tables():
            self._opened.tables.delete(name, row.partition, row.key)

    def drop_table(self, name: str) -> None:
        """Delete a table with all its rows."""
        self._opened.tables.drop(name)

    def last_arrival_us(self, kind: str) -> int | None:
        """When the last of the rows of the intake tables of a kind arrived; None if there are none."""
        return max((row.at_us for row in self.rows(kind)), default=None)

    def break_lease(self) -> None:
        """Let the leases of a trainer that is gone, or sleeps, end now instead of after their 15 seconds."""
        slots = [f"loops/default/exchanges/{slot}" for slot in range(OF_LOOP)]
        for path in ("loops/default/state.json", *slots, *(f"{EXCHANGES}{slot}" for slot in range(OF_ALL))):
            _break_lease(self.storage, path)

    def forget(self, names: Iterable[str] = TRAINED) -> None:
        """Delete what training has made, so that it can be made anew."""
        self.break_lease()
        for container, prefixes in (("loops", names), ("exports", ("",))):
            for name in [name for prefix in prefixes for name in self.names(prefix, container)]:
                self._opened.blobs.remove(f"{container}/default/{name}")


def open_again(storage: str) -> Storage:
    """Open a storage for a test alone, which closes it."""
    if Path(storage).is_absolute():
        return EmbeddedStorage(Path(storage))
    return AzureStorage.open(StorageSettings(storage))


def _break_lease(storage: str, path: str) -> None:
    """End a lease; the product never ends that of somebody else."""
    if Path(storage).is_absolute():
        with closing(sqlite3.connect(Path(storage) / "store.db", timeout=30)) as index, index:
            index.execute("UPDATE blobs SET lease_id = NULL WHERE path = ?", (path,))
        return
    with BlobServiceClient.from_connection_string(storage) as service:
        try:
            BlobLeaseClient(service.get_blob_client(*path.split("/", 1))).break_lease(0)
        except HttpResponseError as error:
            if error.status_code not in (404, 409):
                raise
