"""Signing in to storage with the token of an identity."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from shared.storage.shared_key import API_VERSION
from shared.storage_errors import StorageUnavailable

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

_SCOPE: Final = "https://storage.azure.com/.default"
_RENEWED_AHEAD: Final = 300
_TOO_OLD: Final = 30
_LONGEST_WAIT: Final = 5
_PAUSE_AFTER_FAILURE: Final = 2

_log = logging.getLogger(__name__)


class Identity:
    """Holds a token, fetched in a thread, by one fetch at a time, well before the last one expires."""

    def __init__(self, make: "Callable[[], TokenCredential]") -> None:
        """Take what makes the SDK's credential; it is called when a token is first needed."""
        self._make = make
        self._credential: TokenCredential | None = None
        self._token: AccessToken | None = None
        self._fetch: asyncio.Task[None] | None = None
        self._failed_at = -math.inf

    async def table_headers(self, path: str) -> dict[str, str]:  # noqa: ARG002 - one token signs for every path
        """See `Credential`."""
        return {"x-ms-version": API_VERSION, "Authorization": f"Bearer {await self._fresh()}"}

    async def blob_headers(
        self,
        method: str,  # noqa: ARG002 - as above
        path: str,  # noqa: ARG002
        query: str,  # noqa: ARG002
        headers: Mapping[str, str],
        length: int,  # noqa: ARG002
    ) -> dict[str, str]:
        """See `Credential`."""
        return {**headers, "x-ms-version": API_VERSION, "Authorization": f"Bearer {await self._fresh()}"}

    def for_sdk(self) -> "TokenCredential":
        """See `Credential`."""
        if self._credential is None:
            self._credential = self._make()
        return self._credential

    async def _fresh(self) -> str:
        if self._left() < _RENEWED_AHEAD:
            fetch = self._fetching()
            if self._left() < _TOO_OLD:
                await asyncio.wait({fetch}, timeout=_LONGEST_WAIT)
        if self._token is None or self._left() <= 0:
            raise StorageUnavailable("no token for storage could be had")
        return self._token.token

    def _left(self) -> float:
        return self._token.expires_on - time.time() if self._token else 0.0

    def _fetching(self) -> asyncio.Task[None]:
        """The fetch that is under way on this event loop, else a new one."""
        loop = asyncio.get_running_loop()
        if self._fetch is None or self._fetch.done() or self._fetch.get_loop() is not loop:
            self._fetch = loop.create_task(self._renew())
        return self._fetch

    async def _renew(self) -> None:
        if time.monotonic() - self._failed_at < _PAUSE_AFTER_FAILURE:
            return
        try:
            self._token = await asyncio.to_thread(lambda: self.for_sdk().get_token(_SCOPE))
        except Exception as error:
            self._failed_at = time.monotonic()
            _log.warning("No token for storage: %s", type(error).__name__)
