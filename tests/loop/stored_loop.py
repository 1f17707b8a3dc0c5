"""What a loop's storage holds, read with nothing but the storage SDKs."""

import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, Self

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobLeaseClient, BlobServiceClient

from shared.log import manifest, marks
from shared.storage.paths import EXCHANGES, OF_ALL, OF_LOOP

TRAINED = (
    *("state.json", "published.json", "logs/", "manifests/", "models/", "references/", "refused/", "metrics/"),
    "model-rewards/",
)
"""What training makes of the intake; it can all be made again."""


class StoredLoop:
    """The storage of one loop."""

    def __init__(self, storage: str) -> None:
        """Take the connection string."""
        self.storage = storage
        self._blobs = BlobServiceClient.from_connection_string(storage)
        self._tables = TableServiceClient.from_connection_string(storage)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._blobs.close()
        self._tables.close()

    def blobs(self, prefix: str = "", container: str = "loops") -> dict[str, bytes]:
        """The loop's blobs by their names in its folder."""
        client = self._blobs.get_container_client(container)
        return {name: client.download_blob(f"default/{name}").readall() for name in self.names(prefix, container)}

    def names(self, prefix: str = "", container: str = "loops") -> list[str]:
        """The names of the loop's blobs in its folder, in order."""
        listed = self._blobs.get_container_client(container).list_blobs(name_starts_with=f"default/{prefix}")
        try:
            return [blob.name.removeprefix("default/") for blob in listed]
        except ResourceNotFoundError:
            return []

    def blob(self, name: str, container: str = "loops") -> bytes | None:
        """One blob; None if there is none."""
        try:
            return self._blobs.get_blob_client(container, f"default/{name}").download_blob().readall()
        except ResourceNotFoundError:
            return None

    def document(self, name: str) -> Any:
        """One JSON document; None if there is none."""
        text = self.blob(name)
        return None if text is None else json.loads(text)

    def metadata(self, name: str, container: str = "loops") -> dict[str, str]:
        """The metadata of one blob."""
        return dict(self._blobs.get_blob_client(container, f"default/{name}").get_blob_properties().metadata)

    def put(self, name: str, data: bytes, container: str = "loops", metadata: dict[str, str] | None = None) -> None:
        """Write a blob, whatever was there."""
        blob = self._blobs.get_blob_client(container, f"default/{name}")
        try:
            blob.upload_blob(data, overwrite=True, metadata=metadata)
        except ResourceNotFoundError:
            self._blobs.create_container(container)
            blob.upload_blob(data, overwrite=True, metadata=metadata)

    def copy_from(self, other: "StoredLoop") -> None:
        """Let this storage, which is empty, hold all blobs of another loop, which does not change once it is copied."""
        for name, data, container, metadata in other._content:
            self.put(name, data, container, metadata)

    @cached_property
    def _content(self) -> list[tuple[str, bytes, str, dict[str, str]]]:
        """Name, data, container and metadata of all blobs."""
        return [
            (blob.name.removeprefix("default/"), client.download_blob(blob.name).readall(), container, blob.metadata)
            for container in ("loops", "exports")
            if (client := self._blobs.get_container_client(container)).exists()
            for blob in client.list_blobs("default/", include=["metadata"])
        ]

    def collect_anew(self) -> None:
        """Let the next run of the trainer collect all rewards that wait: rows of a time that was collected came in."""
        state = self.document("state.json")
        if state is not None and state.get("collected") is not None:
            self.put("state.json", json.dumps({**state, "collected": None}).encode())

    def remove(self, name: str) -> None:
        """Delete a blob."""
        self._blobs.get_blob_client("loops", f"default/{name}").delete_blob()

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
        """The ETag of every blob of the loop and of its export, which changes with each write."""
        clients = map(self._blobs.get_container_client, ("loops", "exports"))
        return {blob.name: blob.etag for client in clients if client.exists() for blob in client.list_blobs()}

    def tables(self) -> list[str]:
        """The names of the intake tables."""
        return sorted(table.name for table in self._tables.list_tables())

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """All rows of the intake tables of a kind; `stored_at` is storage's own time of each."""
        return [
            {**row, "at": row["at"].value, "stored_at": row.metadata["timestamp"]}
            for name in self.tables()
            if name.startswith(kind)
            for row in self._tables.get_table_client(name).list_entities()
        ]

    def last_arrival_us(self, kind: str) -> int | None:
        """When the last of the rows of the intake tables of a kind arrived; None if there are none."""
        tables = [self._tables.get_table_client(name) for name in self.tables() if name.startswith(kind)]
        return max((row["at"].value for table in tables for row in table.list_entities(select=["at"])), default=None)

    def break_lease(self) -> None:
        """Let the leases of a trainer that is gone, or sleeps, end now instead of after their 15 seconds."""
        slots = [f"default/exchanges/{slot}" for slot in range(OF_LOOP)]
        slots += [f"{EXCHANGES.removeprefix('loops/')}{slot}" for slot in range(OF_ALL)]
        for name in ("default/state.json", *slots):
            try:
                BlobLeaseClient(self._blobs.get_blob_client("loops", name)).break_lease(0)
            except Exception as error:
                if getattr(error, "status_code", 0) not in (404, 409):
                    raise

    def forget(self, names: Iterable[str] = TRAINED) -> None:
        """Delete what training has made, so that it can be made anew."""
        self.break_lease()
        for container, prefixes in (("loops", names), ("exports", ("",))):
            client = self._blobs.get_container_client(container)
            for name in [name for prefix in prefixes for name in self.blobs(prefix, container)]:
                client.delete_blob(f"default/{name}")
