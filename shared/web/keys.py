"""Who may call: whoever sends one of the loop's two keys."""

import hmac

from azure.functions import HttpRequest

from shared.contract.errors import NotAuthorized
from shared.settings import settings

KEY_HEADER = "ocp-apim-subscription-key"


def check_key(req: HttpRequest) -> None:
    """Let the holder of a key pass; each key is compared in full, whether or not another one matched.

    Raises:
        NotAuthorized: The header is missing or holds no key, or the loop has none.
    """
    sent = req.headers.get(KEY_HEADER, "").encode("utf-8", "replace")
    matches = [hmac.compare_digest(sent, key.encode()) for key in settings().api_keys]
    if not any(matches):
        raise NotAuthorized
