"""The customer's own container, to which the log is copied; reached with a SAS, which is a secret."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, Final

from shared.errors import LoopError
from shared.storage.paths import split_path

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_PATIENCE: Final[dict[str, Any]] = {"connection_timeout": 3, "read_timeout": 8, "retry_total": 0}
_CODE = re.compile(r"[A-Za-z]{1,60}", re.ASCII)
_UNREADABLE = "logMirrorSasUri is not the address of a container"


class MirrorFailed(LoopError):
    """A log blob could not be copied; the reason is in plain words and never quotes the SAS."""


def put(sas_uri: str, path: str, data: bytes) -> None:
    """Copy a blob under the name that it has in its own container; a blob of that name is overwritten.

    Raises:
        MirrorFailed: The container cannot be written to.
    """
    with _plain_errors():
        _client(sas_uri).upload_blob(split_path(path)[1], data, overwrite=True)


def replace(sas_uri: str, path: str, data: bytes | IO[bytes]) -> bool:
    """Overwrite the copy of a blob; False if there is no copy.

    Raises:
        MirrorFailed: The container cannot be written to.
    """
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

    with _plain_errors():
        name, there = split_path(path)[1], MatchConditions.IfPresent
        try:
            _client(sas_uri).upload_blob(name, data, overwrite=True, match_condition=there)
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            if _code(getattr(error, "error_code", None)) in ("ConditionNotMet", "BlobNotFound"):
                return False
            raise
    return True


@lru_cache(maxsize=2)
def _client(sas_uri: str) -> "ContainerClient":
    from azure.storage.blob import ContainerClient

    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # at lower levels it logs whole addresses
    return ContainerClient.from_container_url(sas_uri, **_PATIENCE)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise `MirrorFailed` in place of the client's errors, whose texts may quote the address."""
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        code = _code(getattr(error, "error_code", None))
        raise MirrorFailed(f"its storage answered {error.status_code}{f' ({code})' if code else ''}") from None
    except AzureError as error:
        raise MirrorFailed(f"its storage cannot be reached ({type(error).__name__})") from None
    except (ValueError, OSError):
        raise MirrorFailed(_UNREADABLE) from None


def _code(code: object) -> str:
    """The code of an error; nothing where it is no plain word, for it comes from a foreign server."""
    text = str(getattr(code, "value", code) or "")
    return text if _CODE.fullmatch(text) else ""
