"""The customer's own container, to which the log is copied; reached with a SAS, which is a secret.

Its address is a caller's, so it is checked again whenever it is used, and so is each address that it leads to.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, Final

from shared.configuration import container_sas
from shared.errors import LoopError
from shared.storage import sdk
from shared.storage.paths import split_path
from shared.storage.public_addresses import NotPublic

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_TIME_LIMITS: Final[dict[str, Any]] = {"connection_timeout": 3, "read_timeout": 8}
_CODE = re.compile(r"[A-Za-z]{1,60}", re.ASCII)
_UNREADABLE = "logMirrorSasUri is not the address of a container"


class MirrorFailed(LoopError):
    """A log blob could not be copied; the reason is in plain words and never quotes the SAS."""


def put(sas_uri: str, path: str, read: Callable[[], bytes | None]) -> None:
    """Copy a blob under the name that it has in its own container; an earlier copy is overwritten.

    A write that was sent long ago must not overwrite what another writer has copied since. So a first copy is made only
    where there is none. Over an earlier copy goes what is read after that was found, if no copy was written since. The
    SAS may allow to write only, so conditions are those that need no ETag of the copy.

    Args:
        read: Reads the blob; where it gives None, nothing is copied.

    Raises:
        MirrorFailed: The container cannot be written to, or another writer came between.
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
            if response is None or _code(getattr(error, "error_code", None)) != "BlobAlreadyExists":
                raise
            return parsedate_to_datetime(response.headers.get("Date", ""))
    return None


def replace(sas_uri: str, path: str, data: bytes | IO[bytes]) -> bool:
    """Overwrite the copy of a blob; False if there is no copy.

    Raises:
        MirrorFailed: The container cannot be written to.
    """
    from shared.storage.azure_sdk import MatchConditions, ResourceModifiedError, ResourceNotFoundError

    with _plain_errors():
        name, there = split_path(path)[1], MatchConditions.IfPresent
        try:
            _client(sas_uri).upload_blob(name, data, overwrite=True, match_condition=there)
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            if _code(getattr(error, "error_code", None)) in ("ConditionNotMet", "BlobNotFound"):
                return False
            raise
    return True


def _client(sas_uri: str) -> "ContainerClient":
    if (problem := container_sas.host_problem(sas_uri)) is not None:
        raise MirrorFailed(f"logMirrorSasUri is not taken: {problem.rstrip('.')}")
    if container_sas.is_on_this_machine(sas_uri) and not sdk.is_local():
        raise NotPublic
    return _make_client(sas_uri, is_local=sdk.is_local())


@lru_cache(maxsize=2)
def _make_client(sas_uri: str, *, is_local: bool) -> "ContainerClient":
    from shared.storage.azure_sdk import ContainerClient
    from shared.storage.public_transport import make_transport

    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # at lower levels it logs whole addresses
    transport = make_transport(is_local=is_local, **_TIME_LIMITS)
    return ContainerClient.from_container_url(sas_uri, transport=transport, retry_total=0, permit_redirects=False)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise `MirrorFailed` in place of the client's errors, whose texts may quote the address."""
    from shared.storage.azure_sdk import AzureError, HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        code = _code(getattr(error, "error_code", None))
        raise MirrorFailed(f"its storage answered {error.status_code}{f' ({code})' if code else ''}") from None
    except AzureError as error:
        raise MirrorFailed(f"its storage cannot be reached ({type(error).__name__})") from None
    except NotPublic as refusal:
        raise MirrorFailed(str(refusal)) from None
    except (ValueError, OSError):
        raise MirrorFailed(_UNREADABLE) from None


def _code(code: object) -> str:
    """The code of an error; nothing where it is no plain word, for it comes from a foreign server."""
    text = str(getattr(code, "value", code) or "")
    return text if _CODE.fullmatch(text) else ""
