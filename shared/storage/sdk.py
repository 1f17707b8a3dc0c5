"""The SDKs' blocking clients of this process, and the meaning of their errors; never for the event loop's thread."""

from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, overload
from urllib.parse import urlsplit

from shared.settings import StorageSettings, settings
from shared.storage.account import StorageAccount, account
from shared.storage.http_connection import READS
from shared.storage.public_addresses import names_this_machine
from shared.storage.storage_clock import StorageClock
from shared.storage_errors import StorageUnavailable

if TYPE_CHECKING:
    from azure.data.tables import TableServiceClient
    from azure.storage.blob import BlobServiceClient
    from azure.storage.queue import QueueServiceClient

_NOT_ABOUT_REQUEST: Final = (401, 403, 408, 429)
"""Refusals of a caller, or for now, and not of what was to be written."""


def blobs() -> "BlobServiceClient":
    """The client for blobs."""
    return _account(settings().storage).blobs


def tables() -> "TableServiceClient":
    """The client for tables."""
    return _account(settings().storage).tables


def queues() -> "QueueServiceClient":
    """The client for queues."""
    return _account(settings().storage).queues


def clock() -> StorageClock:
    """The clock of storage, as the answers to this process tell it."""
    return _account(settings().storage).clock


def is_local() -> bool:
    """Whether storage is on this machine, and so the loop is."""
    return names_this_machine(urlsplit(_account(settings().storage).endpoints.blob).hostname or "")


@cache
def _account(storage: StorageSettings) -> StorageAccount:
    return account(storage)


@overload
def translate_errors(*, absent: Literal[True]) -> AbstractContextManager[None, bool]: ...


@overload
def translate_errors() -> AbstractContextManager[None, None]: ...


def translate_errors(*, absent: bool = False) -> AbstractContextManager[None, bool | None]:
    """Raise `StorageUnavailable` for errors of the SDKs; with `absent`, end quietly where storage has no such thing.

    Refused writes that a caller can act on (a conflict, a condition that does not hold) pass unchanged.
    """
    return _ABSENT if absent else _STRICT


class _Translation(AbstractContextManager[None, bool]):
    """Errors in a `with` block; a generator would hold each error in a circle, and take longer."""

    def __init__(self, *, absent: bool) -> None:
        self._absent = absent

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        return error is not None and self._translate(error)

    def _translate(self, error: BaseException) -> bool:
        """Raise what an error means; else give whether it ends here."""
        from shared.storage.azure_sdk import AzureError, HttpResponseError, ResourceNotFoundError

        if self._absent and isinstance(error, ResourceNotFoundError):
            return True
        if isinstance(error, HttpResponseError):
            if _is_refused_write(error):
                return False
            raise StorageUnavailable(f"storage answered {error.status_code}") from error
        if isinstance(error, AzureError):
            raise StorageUnavailable(f"storage cannot be reached ({type(error).__name__})") from error
        return False


def _is_refused_write(error: Any) -> bool:
    """Whether storage refused what was to be written; a read has nothing that could be refused."""
    if error.response is None or error.response.request.method in READS:
        return False
    status = error.status_code or 0
    return 400 <= status < 500 and status not in _NOT_ABOUT_REQUEST


_ABSENT, _STRICT = _Translation(absent=True), _Translation(absent=False)


def refusal(error: Exception) -> str:
    """What storage answered, in plain words; empty for an error that is no answer of storage."""
    from shared.storage.azure_sdk import HttpResponseError

    if not isinstance(error, HttpResponseError):
        return ""
    code = getattr(error, "error_code", None)
    return f"storage answered {error.status_code}" + (f" ({getattr(code, 'value', code)})" if code else "")
