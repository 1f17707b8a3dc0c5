"""Bearer tokens of Entra ID: issued for this API, by the right tenant, and not expired."""

import asyncio
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from shared.settings import TokenSettings
from shared.web.errors import InvalidToken

if TYPE_CHECKING:
    from shared.web.token_signing_keys import SigningKeys

_LEEWAY_SECONDS = 60
_FIRST_ISSUERS = ("https://sts.windows.net", "https://sts.chinacloudapi.cn")
"""The issuers of version 1 tokens, in all clouds."""
_PROBLEMS: Mapping[str, str] = {
    "ExpiredSignatureError": "has expired",
    "ImmatureSignatureError": "is not good yet",
    "InvalidAudienceError": "is made out for another audience",
    "InvalidIssuerError": "was issued by another tenant",
    "InvalidSignatureError": "has a wrong signature",
    "InvalidAlgorithmError": "is signed in another way than RS256",
}


async def check(token: str, settings: TokenSettings) -> Mapping[str, Any]:
    """Let the bearer of a token pass; gives what the token says.

    Raises:
        InvalidToken: The token does not open the API; the text says why.
        SigningKeysAway: The keys to check the token with could not be fetched.
    """
    if "jwt" not in sys.modules:  # it takes longer than a cold start or the event loop may, and most callers have a key
        await asyncio.to_thread(import_module, "jwt")
    import jwt

    try:
        signer = await _signing_keys(settings).key(jwt.get_unverified_header(token).get("kid"))
        claims: Mapping[str, Any] = jwt.decode(
            token,
            signer.key,
            algorithms=["RS256"],
            audience=[settings.audience, f"{settings.audience}/"],
            issuer=_issuers(settings, signer.issuer),
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
    except jwt.PyJWTError as error:
        problem = _PROBLEMS.get(type(error).__name__, "is none that is taken here")
        raise InvalidToken(f"The bearer token {problem}.") from None
    return claims


@cache
def _signing_keys(settings: TokenSettings) -> "SigningKeys":
    from shared.web.token_signing_keys import SigningKeys

    return SigningKeys(settings.authority, settings.tenant)


def _issuers(settings: TokenSettings, published: str) -> list[str]:
    """List the issuers of valid tokens: the one that the tenant publishes, and those that follow from its id."""
    first = [f"{issuer}/{settings.tenant}/" for issuer in _FIRST_ISSUERS]
    return [published, f"{settings.authority}/{settings.tenant}/v2.0", *first]
