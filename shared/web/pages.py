"""Long lists over HTTP: how many are asked for, from where on, and how many fit into one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from shared.web.errors import InvalidRequest
from shared.web.json_forms import Wire

MOST = 2**31 - 1
PAGE_SIZE = 100
_MOST_DIGITS = 10


class PageQuery(Wire):
    """Which part of a list is asked for: without a word all of it, in pages of 100."""

    top: Annotated[int | None, Field(ge=0, le=MOST)] = None
    skip: Annotated[int | None, Field(ge=0, le=MOST)] = None
    maxpagesize: Annotated[int | None, Field(ge=1, le=MOST)] = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Attributes:
        top: The most that is wanted in all.
        skip: How many are passed over.
        size: The most in one answer.
    """

    top: int = MOST
    skip: int = 0
    size: int = PAGE_SIZE

    @classmethod
    def asked(cls, params: Mapping[str, str]) -> "Page":
        """Read `top`, `skip` and `maxpagesize` of a query.

        Raises:
            InvalidRequest: One of them is no number in its range.
        """
        top = _number(params, "top", MOST, least=0)
        return cls(top, _number(params, "skip", 0, least=0), _number(params, "maxpagesize", PAGE_SIZE, least=1))

    @property
    def length(self) -> int:
        """The most that this page holds."""
        return min(self.top, self.size)

    def of[Item](self, items: Sequence[Item]) -> Sequence[Item]:
        """Those of this page."""
        return items[self.skip : self.skip + self.length]

    def after(self, count: int) -> "Page | None":
        """The page after this one, in a list of so many; None behind the last one."""
        following = Page(self.top - self.length, self.skip + self.length, self.size)
        return following if following.top and following.skip < count else None

    @property
    def query(self) -> dict[str, str]:
        """The same as parameters of a query."""
        return {"top": str(self.top), "skip": str(self.skip), "maxpagesize": str(self.size)}


def _number(params: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = params.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and least <= int(text) <= MOST):
        raise InvalidRequest(f"It has to be a whole number from {least} to {MOST}.", name)
    return int(text)
