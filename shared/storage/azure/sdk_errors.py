"""What the errors of the SDKs mean; never for the event loop's thread, which the first error would keep waiting."""

from contextlib import AbstractContextManager
from typing import Any, Final, Literal, overload

from shared.storage.azure.http_connection import READS
from shared.storage.storage_answers import StorageRefused
from shared.storage_errors import StorageUnavailable

_NOT_ABOUT_REQUEST: Final = (401, 403, 408, 429)
"""Refusals of a caller, or for now, and not of what was to be written."""


@overload
def translate_errors(*, absent: Literal[True]) -> AbstractContextManager[None, bool]: ...


@overload
def translate_errors() -> AbstractContextManager[None, None]: ...


def translate_errors(*, absent: bool = False) -> AbstractContextManager[None, bool | None]:
    """Raise `StorageUnavailable` for errors of the SDKs; with `absent`, end quietly where storage has no such thing.

    A refusal of what was to be written becomes `StorageRefused`, which tells status and code.
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
        from shared.storage.azure.azure_sdk import AzureError, HttpResponseError, ResourceNotFoundError

        if self._absent and isinstance(error, ResourceNotFoundError):
            return True
        if isinstance(error, HttpResponseError) and error.status_code is not None:
            kind = StorageRefused if _is_refused_write(error) else StorageUnavailable
            raise kind(_describe(error)) from error
        if isinstance(error, AzureError):
            raise StorageUnavailable(f"storage cannot be reached ({type(error).__name__})") from error
        return False


def _is_refused_write(error: Any) -> bool:
    """Whether storage refused what was to be written; a read has nothing that could be refused."""
    if error.response is None or error.response.request.method in READS:
        return False
    status = error.status_code or 0
    return 400 <= status < 500 and status not in _NOT_ABOUT_REQUEST


def _describe(error: Any) -> str:
    code = getattr(error, "error_code", None)
    return f"storage answered {error.status_code}" + (f" ({getattr(code, 'value', code)})" if code else "")


_ABSENT, _STRICT = _Translation(absent=True), _Translation(absent=False)
