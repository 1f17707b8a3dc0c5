"""The customer's own container, to which the log is copied; reached with a SAS, which is a secret."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any

from shared.log import customer_container
from shared.log.customer_container import read_code
from shared.storage.paths import split_path

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_FIELD = "logMirrorSasUri"


def put(sas_uri: str, path: str, read: Callable[[], bytes | None]) -> None:
    """Copy a blob under the name that it has in its own container; an earlier copy is overwritten.

    A write that was sent long ago must not overwrite what another writer has copied since. So a first copy is made only
    where there is none. Over an earlier copy goes what is read after that was found, if no copy was written since. The
    SAS may allow to write only, so conditions are those that need no ETag of the copy.

    Args:
        read: Reads the blob; where it gives None, nothing is copied.

    Raises:
        ContainerFailed: The container cannot be written to, or another writer came between.
    """
    name, data = split_path(path)[1], read()
    date = None if data is None else _create(sas_uri, name, data)
    if date is not None and (data := read()) is not None:
        with _plain_errors():
            _client(sas_uri).upload_blob(name, data, overwrite=True, if_unmodified_since=date)


def _create(sas_uri: str, name: str, data: bytes) -> datetime | None:
    """Make a blob; where there is one of its name already, that one stays, and its container's time is given."""
    from shared.storage.azure_sdk import ResourceExistsError

    with _plain_errors():
        try:
            _client(sas_uri).upload_blob(name, data, overwrite=False)
        except ResourceExistsError as error:
            response: Any = error.response
            if response is None or read_code(getattr(error, "error_code", None)) != "BlobAlreadyExists":
                raise
            return parsedate_to_datetime(response.headers.get("Date", ""))
    return None


def replace(sas_uri: str, path: str, data: bytes | IO[bytes]) -> bool:
    """Overwrite the copy of a blob; False if there is no copy.

    Raises:
        ContainerFailed: The container cannot be written to.
    """
    from shared.storage.azure_sdk import MatchConditions, ResourceModifiedError, ResourceNotFoundError

    with _plain_errors():
        name, there = split_path(path)[1], MatchConditions.IfPresent
        try:
            _client(sas_uri).upload_blob(name, data, overwrite=True, match_condition=there)
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            if read_code(getattr(error, "error_code", None)) in ("ConditionNotMet", "BlobNotFound"):
                return False
            raise
    return True


def _client(sas_uri: str) -> "ContainerClient":
    return customer_container.connect(sas_uri, _FIELD)


def _plain_errors() -> AbstractContextManager[None]:
    return customer_container.plain_errors(_FIELD)
