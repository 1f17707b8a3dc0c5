"""The SDKs' blocking clients of this process, and the meaning of their errors; never for the event loop's thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from shared.settings import StorageSettings, settings
from shared.storage.account import StorageAccount, account
from shared.storage.storage_clock import StorageClock
from shared.storage_errors import StorageUnavailable

if TYPE_CHECKING:
    from azure.data.tables import TableServiceClient
    from azure.storage.blob import BlobServiceClient
    from azure.storage.queue import QueueServiceClient


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


@cache
def _account(storage: StorageSettings) -> StorageAccount:
    return account(storage)


@contextmanager
def translate_errors(*, absent: bool = False) -> Iterator[None]:
    """Raise `StorageUnavailable` for errors of the SDKs; with `absent`, end quietly where storage has no such thing.

    Refusals that a caller can act on (a conflict, a condition that does not hold) pass unchanged.
    """
    from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

    try:
        yield
    except ResourceNotFoundError:
        if not absent:
            raise
    except HttpResponseError as error:
        status = error.status_code or 500
        if status < 500 and status not in (401, 403, 408, 429):
            raise
        raise StorageUnavailable(f"storage answered {error.status_code}") from error
    except AzureError as error:
        raise StorageUnavailable(f"storage cannot be reached ({type(error).__name__})") from error


def refusal(error: Exception) -> str:
    """What storage answered, in plain words; empty for an error that is no answer of storage."""
    from azure.core.exceptions import HttpResponseError

    if not isinstance(error, HttpResponseError):
        return ""
    code = getattr(error, "error_code", None)
    return f"storage answered {error.status_code}" + (f" ({getattr(code, 'value', code)})" if code else "")
