"""How people sign in at the page: what a browser has to know of it, none of which is secret."""

import json
from urllib.parse import urlsplit

from shared.settings import InvalidSetting, TokenSettings, settings

NAME = "sign-in.json"
"""Of the file that the page reads."""


def describe() -> bytes:
    """Write the file: empty if the loop takes no tokens, without `clientId` if the page signs nobody in by itself."""
    tokens = _tokens()
    described = {"audience": tokens.audience} if tokens else {}
    if tokens and tokens.page_client_id:
        described |= {
            "clientId": tokens.page_client_id,
            "metadata": f"{tokens.authority}/{tokens.tenant}/v2.0/.well-known/openid-configuration",
            "scope": f"{tokens.audience}/.default offline_access",
        }
    return json.dumps(described).encode()


def authority() -> str | None:
    """Give the origin that the page asks for tokens, such as `https://login.microsoftonline.com`; None for none."""
    tokens = _tokens()
    if tokens is None or not tokens.page_client_id:
        return None
    address = urlsplit(tokens.authority)
    return f"{address.scheme}://{address.netloc}"


def _tokens() -> TokenSettings | None:
    try:
        return settings().tokens
    except InvalidSetting:  # the page is served nevertheless, and shows what the API says of the setting
        return None
