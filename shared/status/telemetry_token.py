"""The token with which a run's figures are sent to an Application Insights that takes nothing else."""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from shared.errors import LoopError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_SCOPE: Final = "https://monitor.azure.com//.default"
_PATIENCE: Final[dict[str, Any]] = {"connection_timeout": 5, "read_timeout": 5, "retry_total": 1}


class NoToken(LoopError):
    """No token could be had; its text tells no more than the kind of the trouble."""


def telemetry_token(client_id: str) -> tuple[str, int]:
    """A token and when it expires, in seconds since 1970. Blocking.

    Args:
        client_id: Of a user-assigned identity; empty for the system-assigned one.

    Raises:
        NoToken: The identity gives none.
    """
    from azure.core.exceptions import AzureError

    try:
        token = _credential(client_id).get_token(_SCOPE)
    except (AzureError, ValueError) as error:
        raise NoToken(type(error).__name__) from error
    return token.token, token.expires_on


@cache
def _credential(client_id: str) -> "TokenCredential":
    """It keeps its token until that expires."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id or None, **_PATIENCE)
