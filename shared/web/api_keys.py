"""Who may call: whoever sends one of the loop's two keys, or a bearer token of its tenant."""

import hmac

from azure.functions import HttpRequest

from shared.settings import settings
from shared.web import bearer_tokens
from shared.web.errors import NotAuthorized

KEY_HEADER = "Ocp-Apim-Subscription-Key"


async def check_caller(req: HttpRequest) -> None:
    """Let the holder of a key pass, and the bearer of a token if the deployment takes any.

    Raises:
        NotAuthorized: The call has neither; tells what is wrong with a token.
        SigningKeysAway: It has a token, and nobody knows whether that is good.
    """
    if _has_key(req):
        return
    taken, (scheme, _, token) = settings().tokens, req.headers.get("authorization", "").partition(" ")
    if taken is None or scheme.lower() != "bearer":
        raise NotAuthorized
    await bearer_tokens.check(token.strip(), taken)


def challenge() -> str:
    """What a caller that was refused should send, as the header `WWW-Authenticate` tells it."""
    key = f'ApiKey realm="rankloop", name="{KEY_HEADER}", in="header"'
    taken = settings().tokens
    if taken is None:
        return key
    return f'{key}, Bearer realm="rankloop", authorization_uri="{taken.authority}/{taken.tenant}"'


def _has_key(req: HttpRequest) -> bool:
    """Each key is compared in full, whether or not another one matched."""
    sent = req.headers.get(KEY_HEADER, "").encode("utf-8", "replace")
    matches = [hmac.compare_digest(sent, key.encode()) for key in settings().api_keys]
    return any(matches)
