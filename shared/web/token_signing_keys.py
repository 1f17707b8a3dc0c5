"""The keys that sign a tenant's tokens: fetched when the first token comes, then held in memory."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from shared.web.errors import InvalidToken, SigningKeysAway

if TYPE_CHECKING:
    from jwt import PyJWK

_GOOD_SECONDS = 24 * 3600
"""After this time the keys are fetched again, so that a withdrawn key does not stay."""
_PAUSE_SECONDS = 60
"""The shortest time between two fetches for unknown keys, since anyone can send the id of one."""
_RETRY_SECONDS = 5
_FETCH_SECONDS = 10
_READ_SECONDS = 5
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A key, and the issuer that the tenant names for tokens that the key signs."""

    key: "PyJWK"
    issuer: str


@dataclass(slots=True)
class SigningKeys:
    """Holds the keys of a tenant; belongs to one event loop, and never blocks it.

    Attributes:
        authority: Address of the issuer, without a slash at its end.
        tenant: The tenant's id.
    """

    authority: str
    tenant: str
    _signers: Mapping[str, TokenSigner] = field(default_factory=dict)
    _fetched_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _unknown_key_at: float = float("-inf")
    _trouble: str | None = None
    _fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: object) -> TokenSigner:
        """Give the key with an id; a key in memory comes at once, also while newer keys are fetched.

        Raises:
            InvalidToken: The tenant has no such key.
            SigningKeysAway: The key is not in memory, and the keys could not be fetched.
        """
        signer = self._signers.get(str(key_id))
        if self._may_fetch() and (signer is None or time.monotonic() - self._fetched_at > _GOOD_SECONDS):
            self._begin(unknown=signer is None)
        if signer is None and self._fetching is not None:
            await asyncio.shield(self._fetching)
            signer = self._signers.get(str(key_id))
        if signer is None:
            raise self._refusal()
        return signer

    def _may_fetch(self) -> bool:
        now = time.monotonic()
        if self._fetching is not None:
            return False
        return now - self._tried_at >= _RETRY_SECONDS if self._trouble else now - self._unknown_key_at >= _PAUSE_SECONDS

    def _begin(self, *, unknown: bool) -> None:
        self._tried_at = time.monotonic()
        if unknown and self._fetched_at > float("-inf"):
            self._unknown_key_at = self._tried_at
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                self._signers = await asyncio.to_thread(_fetch_signers, self.authority, self.tenant)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, HTTPException) as error:
            self._trouble = type(error).__name__
        else:
            self._trouble, self._fetched_at = None, time.monotonic()
        finally:
            self._fetching = None

    def _refusal(self) -> Exception:
        if self._trouble is not None:
            return SigningKeysAway(f"{self.authority} did not tell them ({self._trouble})", _RETRY_SECONDS)
        return InvalidToken("The bearer token is signed with a key that its tenant does not have.")


def _fetch_signers(authority: str, tenant: str) -> dict[str, TokenSigner]:
    configuration = _json(f"{authority}/{tenant}/v2.0/.well-known/openid-configuration")
    address = str(configuration["jwks_uri"])
    if not address.startswith(("https://", f"{authority}/")):
        raise ValueError("the keys are not at a safe address")
    read = {key["kid"]: _read(key) for key in _json(address)["keys"] if _is_ours(key)}
    return {key_id: TokenSigner(key, str(configuration["issuer"])) for key_id, key in read.items() if key is not None}


def _is_ours(key: Mapping[str, Any]) -> bool:
    return key.get("kty") == "RSA" and "kid" in key and key.get("use", "sig") == "sig"


def _read(key: Mapping[str, Any]) -> "PyJWK | None":
    """Read a key; None if the key is damaged, which does not harm the others."""
    import jwt

    try:
        return jwt.PyJWK({**key, "alg": "RS256"})
    except jwt.PyJWTError:
        return None


def _json(address: str) -> Any:
    from urllib.request import Request, urlopen

    request = Request(address, headers={"Accept": "application/json"})  # noqa: S310 - the caller has checked its scheme
    with urlopen(request, timeout=_READ_SECONDS) as answer:  # noqa: S310
        return json.loads(answer.read(_MAX_BYTES))
