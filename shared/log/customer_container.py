"""Containers of a customer's own account; reached with a SAS, which is a secret.

Their address is a caller's, so it is checked again whenever it is used, and so is each address that it leads to.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from shared.configuration import container_sas
from shared.errors import LoopError
from shared.storage import sdk
from shared.storage.public_addresses import NotPublic

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_TIME_LIMITS: Final[dict[str, Any]] = {"connection_timeout": 3, "read_timeout": 8}
_CODE = re.compile(r"[A-Za-z]{1,60}", re.ASCII)


class ContainerFailed(LoopError):
    """A container could not be used; the reason is in plain words and never quotes the SAS."""


def connect(sas_uri: str, field: str) -> "ContainerClient":
    """Make a client of a container, or take the one that was made before.

    Args:
        field: What callers call the address.

    Raises:
        ContainerFailed: The address is none that may be reached.
        NotPublic: It is one of this machine.
    """
    if (problem := container_sas.host_problem(sas_uri)) is not None:
        raise ContainerFailed(f"{field} is not taken: {problem.rstrip('.')}")
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
def plain_errors(field: str) -> Iterator[None]:
    """Raise `ContainerFailed` in place of the client's errors, whose texts may quote the address.

    Args:
        field: What callers call the address.
    """
    from shared.storage.azure_sdk import AzureError, HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        code = read_code(getattr(error, "error_code", None))
        raise ContainerFailed(f"its storage answered {error.status_code}{f' ({code})' if code else ''}") from None
    except AzureError as error:
        raise ContainerFailed(f"its storage cannot be reached ({type(error).__name__})") from None
    except NotPublic as refusal:
        raise ContainerFailed(str(refusal)) from None
    except (ValueError, OSError):
        raise ContainerFailed(f"{field} is not the address of a container") from None


def read_code(code: object) -> str:
    """Read the code of an error; nothing where it is no plain word, for it comes from a foreign server."""
    text = str(getattr(code, "value", code) or "")
    return text if _CODE.fullmatch(text) else ""
