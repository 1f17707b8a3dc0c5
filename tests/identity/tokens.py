"""Tokens for storage without a real signature: Azurite reads their claims only."""

import base64
import json
import time

AUDIENCE = "https://storage.azure.com"
_ISSUER = "https://sts.windows.net/00000000-0000-0000-0000-000000000000/"


def token(expires: int, audience: str = AUDIENCE) -> str:
    """A token as a directory would make it out; by its claims it is good for a minute at least."""
    now = int(time.time())
    claims = {"aud": audience, "iss": _ISSUER, "iat": now - 60, "nbf": now - 60, "exp": max(expires, now + 60)}
    return ".".join(map(_encode, ({"alg": "RS256", "typ": "JWT"}, claims, "signature")))


def _encode(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
