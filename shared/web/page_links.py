"""The address of the next page of a list, as the client can reach it."""

import re
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from azure.functions import HttpRequest

from shared.web.pages import Page

_API_VERSION = "api-version"
_HOST = re.compile(r"[\w.-]+(:\d{1,5})?|\[[\da-fA-F:.]+\](:\d{1,5})?", re.ASCII)


def next_link(req: HttpRequest, following: Page | None, further: Sequence[str] = ()) -> str | None:
    """The whole address of the page that follows; None behind the last one.

    Args:
        further: Names of parameters that the next call has to have as well.
    """
    if following is None:
        return None
    kept = {name: sent for name in (_API_VERSION, *further) if (sent := req.params.get(name))}
    query = kept | following.query
    return f"{_origin(req)}{urlsplit(req.url).path}?{urlencode(query)}"


def _origin(req: HttpRequest) -> str:
    """Scheme and host as the client called them: proxies tell those in headers."""
    called = urlsplit(req.url)
    host, scheme = _forwarded(req, "x-forwarded-host"), _forwarded(req, "x-forwarded-proto").lower()
    scheme = scheme if scheme in ("http", "https") else called.scheme
    return f"{scheme}://{host if _HOST.fullmatch(host) else called.netloc}"


def _forwarded(req: HttpRequest, header: str) -> str:
    """What the proxy nearest to the client says."""
    return str(req.headers.get(header, "")).partition(",")[0].strip()
