"""Pages of long lists: the range that a query selects, and the address of the page that follows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from azure.functions import HttpRequest
from pydantic import Field

from shared.web.errors import InvalidRequest
from shared.web.json_forms import Wire

MOST = 2**31 - 1
PAGE_SIZE = 100
_MOST_DIGITS = 10
_API_VERSION = "api-version"
_HOST = re.compile(r"[\w.-]+(:\d{1,5})?|\[[\da-fA-F:.]+\](:\d{1,5})?", re.ASCII)


class PageQuery(Wire):
    """Which part of a list is asked for: without a word all of it, in pages of 100."""

    top: Annotated[int | None, Field(ge=0, le=MOST)] = None
    skip: Annotated[int | None, Field(ge=0, le=MOST)] = None
    maxpagesize: Annotated[int | None, Field(ge=1, le=MOST)] = None


@dataclass(frozen=True, slots=True)
class Page:
    """The range of a list that one answer holds.

    Attributes:
        top: The most items in all pages from this one on.
        skip: The number of items before this page.
        size: The most items in one answer.
    """

    top: int = MOST
    skip: int = 0
    size: int = PAGE_SIZE

    @classmethod
    def read(cls, params: Mapping[str, str]) -> "Page":
        """Read `top`, `skip` and `maxpagesize` of a query.

        Raises:
            InvalidRequest: A parameter is no number in its range.
        """
        top = _number(params, "top", MOST, least=0)
        return cls(top, _number(params, "skip", 0, least=0), _number(params, "maxpagesize", PAGE_SIZE, least=1))

    @property
    def length(self) -> int:
        """The most items of this page."""
        return min(self.top, self.size)

    def of[Item](self, items: Sequence[Item]) -> Sequence[Item]:
        """Select the items of this page."""
        return items[self.skip : self.skip + self.length]

    def after(self, count: int) -> "Page | None":
        """Give the page after this one in a list of `count` items; None after the last page."""
        following = Page(self.top - self.length, self.skip + self.length, self.size)
        return following if following.top and following.skip < count else None

    @property
    def query(self) -> dict[str, str]:
        """The parameters of a query for this page."""
        return {"top": str(self.top), "skip": str(self.skip), "maxpagesize": str(self.size)}


def _number(params: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = params.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and least <= int(text) <= MOST):
        raise InvalidRequest(f"It has to be a whole number from {least} to {MOST}.", name)
    return int(text)


def next_link(req: HttpRequest, following: Page | None, further: Sequence[str] = ()) -> str | None:
    """Write the address of the page that follows, as the client can reach it; None after the last page.

    Args:
        further: Names of parameters that the next call needs as well.
    """
    if following is None:
        return None
    repeated = {name: sent for name in (_API_VERSION, *further) if (sent := req.params.get(name))}
    query = repeated | following.query
    return f"{_origin(req)}{urlsplit(req.url).path}?{urlencode(query)}"


def _origin(req: HttpRequest) -> str:
    """Give scheme and host as the client called them; proxies put them into headers."""
    called = urlsplit(req.url)
    host, scheme = _header_of_proxy(req, "x-forwarded-host"), _header_of_proxy(req, "x-forwarded-proto").lower()
    scheme = scheme if scheme in ("http", "https") else called.scheme
    return f"{scheme}://{host if _HOST.fullmatch(host) else called.netloc}"


def _header_of_proxy(req: HttpRequest, header: str) -> str:
    """Read the header of the proxy that is nearest to the client."""
    return str(req.headers.get(header, "")).partition(",")[0].strip()
