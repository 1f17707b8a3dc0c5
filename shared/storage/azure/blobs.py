"""Blobs in Blob Storage: small reads by its REST interface, all else by the SDK."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import IO, TYPE_CHECKING, Any, override

from shared.storage import background_reads
from shared.storage.azure.account import StorageAccount
from shared.storage.azure.rest import Rest
from shared.storage.azure.sdk_errors import translate_errors
from shared.storage.interface import Blob, Blobs, BlobVersion, Lease, ListedBlob
from shared.storage.paths import split_path
from shared.storage.storage_answers import BlobLeased, BlobMissing, ChangedMeanwhile

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient


class AzureBlobs(Blobs):
    """The blobs of an account.

    The SDK takes five times the processor time to read a small blob. That bounds how fast rows become log, and while
    the SDK works in a thread, the event loop of the calls waits for the interpreter.
    """

    def __init__(self, account: StorageAccount, reader: Rest) -> None:
        """Take the connection for the event loop of `background_reads`."""
        self._account = account
        self._reader = reader

    @override
    def read(self, path: str) -> Blob | None:
        return self.begin_read(path).result()

    @override
    def begin_read(self, path: str, timeout: float | None = None) -> "Future[Blob | None]":
        async def read() -> Blob | None:
            try:
                return await background_reads.retry(lambda: self._reader.read_blob(path, timeout=timeout))
            except BlobMissing:
                return None

        return background_reads.begin(read())

    @override
    def read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> bytes | None:
        return self.begin_read_piece(path, start, length, etag).result()

    @override
    def begin_read_piece(self, path: str, start: int, length: int, etag: str | None = None) -> "Future[bytes | None]":
        async def read() -> bytes | None:
            try:
                return await background_reads.retry(lambda: self._reader.read_piece(path, start, length, etag))
            except BlobMissing:
                return None

        return background_reads.begin(read())

    @override
    def read_version(self, path: str) -> BlobVersion | None:
        with translate_errors(absent=True):
            properties = self._client(path).get_blob_properties()
            modified = properties.last_modified
            return BlobVersion(str(properties.etag), properties.metadata or {}, properties.size, modified)
        return None

    @override
    def create(self, path: str, data: bytes | IO[bytes], metadata: Mapping[str, str] | None = None) -> bool:
        from shared.storage.azure.azure_sdk import ResourceExistsError

        with translate_errors():
            try:
                self._upload(path, data, overwrite=False, metadata=dict(metadata or {}))
            except ResourceExistsError:
                return False
        return True

    @override
    def write(self, path: str, data: bytes) -> None:
        with translate_errors():
            _raise_conflicts(path, lambda: self._upload(path, data, overwrite=True))

    @override
    def write_over(
        self,
        path: str,
        data: bytes | IO[bytes],
        etag: str | None,
        lease_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        from shared.storage.azure.azure_sdk import ResourceNotFoundError

        condition = {"overwrite": False} if etag is None else {"overwrite": True, **_condition(etag)}
        condition |= {} if lease_id is None else {"lease": lease_id}
        condition |= {} if metadata is None else {"metadata": dict(metadata)}
        with translate_errors():
            try:
                uploaded = _raise_conflicts(path, lambda: self._upload(path, data, **condition), lease_id)
            except ResourceNotFoundError as error:
                raise ChangedMeanwhile(f"{path} was deleted by another writer") from error
            return str(uploaded["etag"])

    @override
    def set_metadata(self, path: str, metadata: Mapping[str, str], etag: str | None = None) -> bool:
        with translate_errors(absent=True):
            client = self._client(path)
            _raise_conflicts(path, lambda: client.set_blob_metadata(dict(metadata), **_condition(etag)))
            return True
        return False

    @override
    def remove(self, path: str, etag: str | None = None) -> None:
        with translate_errors(absent=True):
            client = self._client(path)
            _raise_conflicts(path, lambda: client.delete_blob(**_condition(etag)))

    @override
    def list_blobs(self, prefix: str, page: int = 5000) -> Iterator[ListedBlob]:
        container, name = split_path(prefix)
        with translate_errors(absent=True):
            client = self._container(container)
            listed = client.list_blobs(name_starts_with=name, include=["metadata"], results_per_page=page)
            for blob in listed:
                etag = f'"{blob.etag.strip('"')}"'  # without quotation marks here, with them in all other answers
                path = f"{container}/{blob.name}"
                yield ListedBlob(path, blob.size, blob.last_modified, blob.metadata or {}, etag)

    @override
    def list_paths(self, prefix: str) -> Iterator[str]:
        container, name = split_path(prefix)
        with translate_errors(absent=True):
            for blob_name in self._container(container).list_blob_names(name_starts_with=name):
                yield f"{container}/{blob_name}"

    @override
    def list_folders(self, prefix: str) -> Iterator[str]:
        container, name = split_path(prefix)
        with translate_errors(absent=True):
            for entry in self._container(container).walk_blobs(name_starts_with=name, delimiter="/"):
                if entry.name.endswith("/"):
                    yield entry.name.removeprefix(name).rstrip("/")

    @override
    def acquire(self, path: str, seconds: int) -> Lease | None:
        from shared.storage.azure.azure_sdk import BlobLeaseClient, HttpResponseError, ResourceNotFoundError

        lease = BlobLeaseClient(self._client(path))
        with translate_errors():
            try:
                lease.acquire(seconds)
            except ResourceNotFoundError:
                raise BlobMissing(path) from None
            except HttpResponseError as error:
                if error.status_code != 409:
                    raise
                if self._client(path).get_blob_properties().lease.duration == "infinite":
                    raise BlobLeased(path) from error
                return None
        return _AzureLease(lease)

    def _client(self, path: str) -> "BlobClient":
        return self._account.blobs.get_blob_client(*split_path(path))

    def _container(self, name: str) -> "ContainerClient":
        return self._account.blobs.get_container_client(name)

    def _upload(self, path: str, data: bytes | IO[bytes], **options: Any) -> dict[str, Any]:
        """Upload a blob, and make its container first where there is none."""
        from shared.storage.azure.azure_sdk import ResourceNotFoundError

        client = self._client(path)
        try:
            return client.upload_blob(data, **options)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", "") != "ContainerNotFound":
                raise
        self._make_container(path)
        if not isinstance(data, bytes):
            data.seek(0)
        return client.upload_blob(data, **options)

    def _make_container(self, path: str) -> None:
        from shared.storage.azure.azure_sdk import ResourceExistsError

        try:
            self._account.blobs.create_container(split_path(path)[0])
        except ResourceExistsError:
            return


class _AzureLease(Lease):
    def __init__(self, lease: Any) -> None:
        """Take the SDK's client of a lease that was acquired."""
        self.id = lease.id
        self._lease = lease

    @override
    def renew(self) -> bool:
        from shared.storage.azure.azure_sdk import HttpResponseError

        with translate_errors():
            self._lease.id = self.id  # the SDK's client forgets it once the lease was released
            try:
                self._lease.renew()
            except HttpResponseError as error:
                if error.status_code in (404, 409, 412):
                    return False
                raise
        return True

    @override
    def release(self) -> None:
        from shared.storage.azure.azure_sdk import AzureError

        self._lease.id = self.id
        try:
            self._lease.release()
        except AzureError:
            return


def _condition(etag: str | None) -> dict[str, Any]:
    """The condition that a blob still has an ETag; none without an ETag."""
    from shared.storage.azure.azure_sdk import MatchConditions

    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _raise_conflicts[Result](path: str, write: Callable[[], Result], lease_id: str | None = None) -> Result:
    """Write, and raise what a conflict means.

    Raises:
        ChangedMeanwhile, BlobLeased: As methods of `Blobs`.
    """
    from shared.storage.azure.azure_sdk import HttpResponseError

    try:
        return write()
    except HttpResponseError as error:
        if lease_id is None and error.status_code == 412 and getattr(error, "error_code", None) == "LeaseIdMissing":
            raise BlobLeased(path) from error
        if error.status_code in (409, 412):
            raise ChangedMeanwhile(f"{path} was changed by another writer") from error
        raise
