"""The keys with which a tenant's tokens are signed: fetched when a token first needs them, and kept."""

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
"""After this time the keys are fetched again, so that one that was withdrawn does not stay."""
_PAUSE_SECONDS = 60
"""The shortest time between two fetches for keys that are not known, since anyone can name one."""
_RETRY_SECONDS = 5
_FETCH_SECONDS = 10
_READ_SECONDS = 5
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Signer:
    """One key, and whom the tenant names as issuer of what is signed with it."""

    key: "PyJWK"
    issuer: str


@dataclass(slots=True)
class SigningKeys:
    """The keys of a tenant; belongs to one event loop, which it never blocks.

    Attributes:
        authority: Address of who signs, without a slash at its end.
        tenant: Its id.
    """

    authority: str
    tenant: str
    _known: Mapping[str, Signer] = field(default_factory=dict)
    _fetched_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _asked_again_at: float = float("-inf")
    _trouble: str | None = None
    _fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: object) -> Signer:
        """The key with an id; one that is known is given at once, also while newer ones are fetched.

        Raises:
            InvalidToken: There is no such key.
            SigningKeysAway: It is not known, and the keys could not be fetched.
        """
        known = self._known.get(str(key_id))
        if self._may_fetch() and (known is None or time.monotonic() - self._fetched_at > _GOOD_SECONDS):
            self._begin(unknown=known is None)
        if known is None and self._fetching is not None:
            await asyncio.shield(self._fetching)
            known = self._known.get(str(key_id))
        if known is None:
            raise self._refusal()
        return known

    def _may_fetch(self) -> bool:
        now = time.monotonic()
        if self._fetching is not None:
            return False
        return now - self._tried_at >= _RETRY_SECONDS if self._trouble else now - self._asked_again_at >= _PAUSE_SECONDS

    def _begin(self, *, unknown: bool) -> None:
        self._tried_at = time.monotonic()
        if unknown and self._fetched_at > float("-inf"):
            self._asked_again_at = self._tried_at
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                self._known = await asyncio.to_thread(_fetched, self.authority, self.tenant)
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


def _fetched(authority: str, tenant: str) -> dict[str, Signer]:
    told = _json(f"{authority}/{tenant}/v2.0/.well-known/openid-configuration")
    address = str(told["jwks_uri"])
    if not address.startswith(("https://", f"{authority}/")):
        raise ValueError("the keys are not at a safe address")
    read = {key["kid"]: _read(key) for key in _json(address)["keys"] if _is_ours(key)}
    return {key_id: Signer(key, str(told["issuer"])) for key_id, key in read.items() if key is not None}


def _is_ours(key: Mapping[str, Any]) -> bool:
    return key.get("kty") == "RSA" and "kid" in key and key.get("use", "sig") == "sig"


def _read(key: Mapping[str, Any]) -> "PyJWK | None":
    """The key; None if it is damaged, which does the others no harm."""
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
