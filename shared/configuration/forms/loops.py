"""The loops of a deployment over HTTP."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from shared.web.json_forms import Wire


class NewLoop(Wire):
    """A loop to be made: with the settings of another one, or with those that every loop begins with."""

    copy_settings_from: Annotated[str | None, Field(max_length=40)] = None


class Loop(Wire):
    """A loop; its address is the deployment's, with its name behind it."""

    name: str


class Loops(Wire):
    """Loops in order of their names, `default` first; with the address of the next page, if there is one."""

    loops: list[Loop]
    next_link: str | None = None

    @classmethod
    def of(cls, names: Iterable[str], next_link: str | None) -> "Loops":
        """A page of loops."""
        more = {} if next_link is None else {"next_link": next_link}
        return cls(loops=[Loop(name=name) for name in names], **more)
