"""Sign-in to storage: the interface of every credential, and the credential that is the account's key."""

import binascii
import hmac
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from azure.core.credentials import AzureNamedKeyCredential, TokenCredential

API_VERSION: Final = "2020-12-06"
_SIGNED: Final = (
    *("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"),
    *("if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"),
)


class Credential(Protocol):
    """Signs requests, and gives the SDKs a value with which they sign theirs."""

    async def table_headers(self, path: str) -> dict[str, str]:
        """Give the headers that sign a table request; `path` is that of the URL, as sent."""

    async def blob_headers(
        self, method: str, path: str, query: str, headers: Mapping[str, str], length: int
    ) -> dict[str, str]:
        """Give `headers` and those that sign a blob request with a body of `length` bytes."""

    def for_sdk(self) -> "AzureNamedKeyCredential | TokenCredential":
        """Give the same credential as a value of the SDKs."""


class SharedKey:
    """Signs with the account's key, which appears nowhere else."""

    def __init__(self, account: str, key: str) -> None:
        """Take the account's name and key, the key in the base64 of connection strings.

        Raises:
            ValueError: The key is not base64.
        """
        self._account = account
        self._signer = hmac.new(binascii.a2b_base64(key, strict_mode=True), digestmod="sha256")
        self._text = key
        self._last_date = (0, "")
        self._of_tables: tuple[str, dict[str, dict[str, str]]] = ("", {})

    async def table_headers(self, path: str) -> dict[str, str]:
        """See `Credential`; the short scheme, which signs date and path, so that one signature is good for a second."""
        date = self._date()
        if self._of_tables[0] != date:
            self._of_tables = (date, {})
        by_path = self._of_tables[1]
        if path not in by_path:
            signature = self._sign(f"{date}\n/{self._account}{path}")
            by_path[path] = {
                "x-ms-date": date,
                "x-ms-version": API_VERSION,
                "Authorization": f"SharedKeyLite {self._account}:{signature}",
            }
        return by_path[path]

    async def blob_headers(
        self, method: str, path: str, query: str, headers: Mapping[str, str], length: int
    ) -> dict[str, str]:
        """See `Credential`; the long scheme, which signs the headers too."""
        sent = {**headers, "x-ms-date": self._date(), "x-ms-version": API_VERSION}
        lower = {name.lower(): value for name, value in sent.items()} | {"content-length": str(length or "")}
        lines = [method, *(lower.get(name, "") for name in _SIGNED)]
        lines += [f"{name}:{lower[name]}" for name in sorted(lower) if name.startswith("x-ms-")]
        resource = "\n".join(
            [f"/{self._account}{path}", *(pair.replace("=", ":", 1) for pair in query.split("&") if pair)]
        )
        signature = self._sign("\n".join([*lines, resource]))
        return {**sent, "Authorization": f"SharedKey {self._account}:{signature}"}

    def for_sdk(self) -> "AzureNamedKeyCredential":
        """See `Credential`."""
        from shared.storage.azure.azure_sdk import AzureNamedKeyCredential

        return AzureNamedKeyCredential(self._account, self._text)

    def _sign(self, text: str) -> str:
        signer = self._signer.copy()
        signer.update(text.encode())
        return binascii.b2a_base64(signer.digest(), newline=False).decode()

    def _date(self) -> str:
        now = int(time.time())
        if self._last_date[0] != now:
            self._last_date = (now, formatdate(now, usegmt=True))
        return self._last_date[1]
