"""Callers' rights: a call needs one of the loop's two keys, or a bearer token of its tenant."""

import hmac

from azure.functions import HttpRequest

from shared.settings import settings
from shared.web import bearer_tokens, callers
from shared.web.errors import NotAuthorized

KEY_HEADER = "Ocp-Apim-Subscription-Key"


async def check_caller(req: HttpRequest) -> None:
    """Let the holder of a key pass, and the bearer of a token if the deployment accepts tokens; note who that is.

    Raises:
        NotAuthorized: The call has neither key nor valid token; the text says what is wrong with the token.
        SigningKeysAway: The call has a token that cannot be checked now.
    """
    if (name := _find_key(req)) is not None:
        callers.note(name)
        return
    tenant, (scheme, _, token) = settings().tokens, req.headers.get("authorization", "").partition(" ")
    if tenant is None or scheme.lower() != "bearer":
        raise NotAuthorized
    callers.note(callers.of_token(await bearer_tokens.check(token.strip(), tenant)))


def challenge() -> str:
    """Write the header `WWW-Authenticate`: what a refused caller should send."""
    key = f'ApiKey realm="rankloop", name="{KEY_HEADER}", in="header"'
    tokens = settings().tokens
    if tokens is None:
        return key
    return f'{key}, Bearer realm="rankloop", authorization_uri="{tokens.authority}/{tokens.tenant}"'


def _find_key(req: HttpRequest) -> str | None:
    """Name the caller's key; every key is compared in full, also after a match, so that time reveals nothing."""
    sent = req.headers.get(KEY_HEADER, "").encode("utf-8", "replace")
    matches = [name for name, key in settings().api_keys.items() if hmac.compare_digest(sent, key.encode())]
    return matches[0] if matches else None
