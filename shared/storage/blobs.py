"""Blobs by path, through the storage SDK; a path's first segment is its container."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from shared.errors import LoopError
from shared.storage import sdk
from shared.storage.paths import container
from shared.storage.sdk import errors_told

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient


class ChangedMeanwhile(LoopError):
    """Another writer changed a blob since it was read, or holds its lease."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob's content, version and metadata."""

    data: bytes
    etag: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """A blob as a listing tells of it.

    Attributes:
        modified: When its content last changed.
    """

    path: str
    size_bytes: int
    modified: datetime
    metadata: Mapping[str, str]


def client(path: str) -> "BlobClient":
    """The SDK's client for one blob."""
    first, name = container(path)
    return sdk.blobs().get_blob_client(first, name)


def read(path: str) -> Blob | None:
    """The blob, or None if there is none."""
    with errors_told(absent=True):
        download = client(path).download_blob()
        return Blob(download.readall(), download.properties.etag, download.properties.metadata or {})
    return None


def etag(path: str) -> str | None:
    """The version of a blob; None if there is none."""
    with errors_told(absent=True):
        return str(client(path).get_blob_properties().etag)
    return None


@dataclass(frozen=True, slots=True)
class Version:
    """What a blob is known by without its content."""

    etag: str
    metadata: Mapping[str, str]


def version(path: str) -> Version | None:
    """The version of a blob, and its metadata; None if there is none."""
    with errors_told(absent=True):
        told = client(path).get_blob_properties()
        return Version(str(told.etag), told.metadata or {})
    return None


def create(path: str, data: bytes | IO[bytes], metadata: Mapping[str, str] | None = None) -> bool:
    """Make a blob that is never changed; False if it is there already, whatever it holds."""
    from azure.core.exceptions import ResourceExistsError

    try:
        _write(path, data, overwrite=False, metadata=dict(metadata or {}))
    except ResourceExistsError:
        return False
    return True


def write(path: str, data: bytes) -> None:
    """Write a blob, whatever was there."""
    _write(path, data, overwrite=True)


def write_over(
    path: str,
    data: bytes | IO[bytes],
    etag: str | None,
    lease_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write a blob if it is still the version with that ETag (None: if it is still absent); gives the new ETag.

    Args:
        metadata: All that the blob has from then on.

    Raises:
        ChangedMeanwhile: It is another version, or another one holds its lease.
    """
    from azure.core import MatchConditions
    from azure.core.exceptions import HttpResponseError

    matching: dict[str, Any] = {"overwrite": False}
    if etag is not None:
        matching = {"overwrite": True, "etag": etag, "match_condition": MatchConditions.IfNotModified}
    if lease_id is not None:
        matching["lease"] = lease_id
    if metadata is not None:
        matching["metadata"] = dict(metadata)
    try:
        return str(_write(path, data, **matching)["etag"])
    except HttpResponseError as error:
        if error.status_code in (404, 409, 412):
            raise ChangedMeanwhile(f"{path} was changed by another writer") from error
        raise


def remove(path: str, etag: str | None = None) -> None:
    """Delete a blob, if it is there; with an ETag only that version of it.

    Raises:
        ChangedMeanwhile: It is another version.
    """
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceModifiedError

    only: dict[str, Any] = {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    with errors_told(absent=True):
        try:
            client(path).delete_blob(**only)
        except ResourceModifiedError as error:
            raise ChangedMeanwhile(f"{path} was changed by another writer") from error


def listed(prefix: str) -> Iterator[Listed]:
    """The blobs whose path begins with a prefix, in order of their names."""
    first, name = container(prefix)
    with errors_told(absent=True):
        service = sdk.blobs().get_container_client(first)
        for blob in service.list_blobs(name_starts_with=name, include=["metadata"]):
            yield Listed(f"{first}/{blob.name}", blob.size, blob.last_modified, blob.metadata or {})


def folders(prefix: str) -> Iterator[str]:
    """What stands between a prefix and the next slash in the paths of blobs, each once."""
    first, name = container(prefix)
    with errors_told(absent=True):
        for one in sdk.blobs().get_container_client(first).walk_blobs(name_starts_with=name, delimiter="/"):
            if one.name.endswith("/"):
                yield one.name.removeprefix(name).rstrip("/")


def upload_file(path: str, file: Path, metadata: Mapping[str, str] | None = None) -> bool:
    """Make a blob of a file's content; False if it is there already."""
    with file.open("rb") as data:
        return create(path, data, metadata)


def _write(path: str, data: bytes | IO[bytes], **options: Any) -> dict[str, Any]:
    """Upload, making the container first where there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    with errors_told():
        try:
            return client(path).upload_blob(data, **options)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", "") != "ContainerNotFound":
                raise
            _make_container(path)
            if not isinstance(data, bytes):
                data.seek(0)
            return client(path).upload_blob(data, **options)


def _make_container(path: str) -> None:
    from azure.core.exceptions import ResourceExistsError

    try:
        sdk.blobs().create_container(container(path)[0])
    except ResourceExistsError:
        return
