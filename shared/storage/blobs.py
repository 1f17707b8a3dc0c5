"""Blobs by path, through the storage SDK; a path's first segment is its container."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from shared.errors import LoopError
from shared.storage import background_reads, sdk
from shared.storage.paths import split_path
from shared.storage.rest import Blob
from shared.storage.sdk import translate_errors

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient


class ChangedMeanwhile(LoopError):
    """Another writer changed a blob since it was read, or holds its lease."""


class BlobLeased(LoopError):
    """Another program holds a lease on a blob, so that nobody else can change the blob."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"another program holds a lease on the blob {path}; end the lease, or break it with: az storage blob lease "
            f"break --account-name <account> -c {split_path(path)[0]} -b {split_path(path)[1]}"
        )


class ListedBlob(NamedTuple):
    """A blob without its content, as a listing has it.

    Attributes:
        modified: When the content last changed.
    """

    path: str
    size_bytes: int
    modified: datetime
    metadata: Mapping[str, str]
    etag: str


def client(path: str) -> "BlobClient":
    """Make the SDK's client of one blob."""
    first, name = split_path(path)
    return sdk.blobs().get_blob_client(first, name)


def read(path: str) -> Blob | None:
    """Read a blob; None if there is none."""
    return background_reads.begin(background_reads.read_blob(path)).result()


def read_piece(path: str, start: int, length: int) -> bytes | None:
    """Read a piece of a blob, shorter at its end; None if there is no blob."""
    return background_reads.begin(background_reads.read_piece(path, start, length)).result()


def read_etag(path: str) -> str | None:
    """Read the ETag of a blob; None if there is no blob."""
    with translate_errors(absent=True):
        return str(client(path).get_blob_properties().etag)
    return None


class BlobVersion(NamedTuple):
    """The ETag of a blob's content, the blob's metadata and size, and when it last changed."""

    etag: str
    metadata: Mapping[str, str]
    size_bytes: int
    modified: datetime


def read_version(path: str) -> BlobVersion | None:
    """Read what storage tells of a blob without its content; None if there is no blob."""
    with translate_errors(absent=True):
        properties = client(path).get_blob_properties()
        modified = properties.last_modified
        return BlobVersion(str(properties.etag), properties.metadata or {}, properties.size, modified)
    return None


def create(path: str, data: bytes | IO[bytes], metadata: Mapping[str, str] | None = None) -> bool:
    """Make a blob that never changes; False if a blob of that path is there already, whatever it holds."""
    from shared.storage.azure_sdk import ResourceExistsError

    try:
        _write(path, data, overwrite=False, metadata=dict(metadata or {}))
    except ResourceExistsError:
        return False
    return True


def write(path: str, data: bytes) -> None:
    """Write a blob over whatever was there."""
    _write(path, data, overwrite=True)


def write_over(
    path: str,
    data: bytes | IO[bytes],
    etag: str | None,
    lease_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write a blob if it still has an ETag (None: if there is still no blob); gives the new ETag.

    Args:
        metadata: All metadata that the blob has from then on.

    Raises:
        ChangedMeanwhile: The blob has another ETag, or another writer holds the lease of `lease_id`.
        BlobLeased: Another program holds a lease, and no lease id was given.
    """
    from shared.storage.azure_sdk import HttpResponseError, MatchConditions

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
        if lease_id is None and _is_leased(error):
            raise BlobLeased(path) from error
        if error.status_code in (404, 409, 412):
            raise ChangedMeanwhile(f"{path} was changed by another writer") from error
        raise


def remove(path: str, etag: str | None = None) -> None:
    """Delete a blob, if there is one; with an ETag only while the blob has it.

    Raises:
        ChangedMeanwhile: The blob has another ETag.
        BlobLeased: Another program holds a lease.
    """
    from shared.storage.azure_sdk import HttpResponseError, MatchConditions, ResourceNotFoundError

    only: dict[str, Any] = {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    with translate_errors(absent=True):
        try:
            client(path).delete_blob(**only)
        except ResourceNotFoundError:
            raise
        except HttpResponseError as error:
            if _is_leased(error):
                raise BlobLeased(path) from error
            if error.status_code == 412:
                raise ChangedMeanwhile(f"{path} was changed by another writer") from error
            raise


def remove_unchanged(path: str, etag: str) -> None:
    """Delete a blob, unless it has another ETag by now or is gone."""
    with suppress(ChangedMeanwhile):
        remove(path, etag)


def renew(path: str) -> bool:
    """Give a blob another ETag and leave all else as it is; False if there is no blob."""
    with translate_errors(absent=True):
        blob = client(path)
        blob.set_blob_metadata(blob.get_blob_properties().metadata)
        return True
    return False


def list_blobs(prefix: str, page: int = 5000) -> Iterator[ListedBlob]:
    """List the blobs whose path begins with a prefix, in order of their names.

    Args:
        page: How many a request is to give, for who needs only the first.
    """
    first, name = split_path(prefix)
    with translate_errors(absent=True):
        service = sdk.blobs().get_container_client(first)
        for blob in service.list_blobs(name_starts_with=name, include=["metadata"], results_per_page=page):
            etag = f'"{blob.etag.strip('"')}"'  # listings have it without quotation marks, all other answers with them
            yield ListedBlob(f"{first}/{blob.name}", blob.size, blob.last_modified, blob.metadata or {}, etag)


def list_paths(prefix: str) -> Iterator[str]:
    """List the paths that begin with a prefix, in order."""
    first, name = split_path(prefix)
    with translate_errors(absent=True):
        for blob_name in sdk.blobs().get_container_client(first).list_blob_names(name_starts_with=name):
            yield f"{first}/{blob_name}"


def list_folders(prefix: str) -> Iterator[str]:
    """List the folders right below a prefix: the text up to the next slash of a path, each once."""
    first, name = split_path(prefix)
    with translate_errors(absent=True):
        for entry in sdk.blobs().get_container_client(first).walk_blobs(name_starts_with=name, delimiter="/"):
            if entry.name.endswith("/"):
                yield entry.name.removeprefix(name).rstrip("/")


def upload_file(path: str, file: Path, metadata: Mapping[str, str] | None = None) -> bool:
    """Make a blob of a file's content; False if a blob of that path is there already."""
    with file.open("rb") as data:
        return create(path, data, metadata)


def _write(path: str, data: bytes | IO[bytes], **options: Any) -> dict[str, Any]:
    """Upload a blob, and make its container first where there is none."""
    from shared.storage.azure_sdk import ResourceNotFoundError

    with translate_errors():
        try:
            return client(path).upload_blob(data, **options)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", "") != "ContainerNotFound":
                raise
            _make_container(path)
            if not isinstance(data, bytes):
                data.seek(0)
            return client(path).upload_blob(data, **options)


def _is_leased(error: Any) -> bool:
    """Whether a request was refused since it names no lease."""
    return error.status_code == 412 and getattr(error, "error_code", None) == "LeaseIdMissing"


def _make_container(path: str) -> None:
    from shared.storage.azure_sdk import ResourceExistsError

    try:
        sdk.blobs().create_container(split_path(path)[0])
    except ResourceExistsError:
        return
