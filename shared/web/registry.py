"""What the app serves: each operation of each version and of the loop's own API, as it was registered."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shared.web.endpoint import Handler
from shared.web.versions import Version


@dataclass(frozen=True, slots=True)
class PerVersion:
    """A model that each version has its own of."""

    model: Callable[[Version], Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What the description says of an operation.

    Attributes:
        request: The model of its body, or a media type such as `application/octet-stream`; None for no body.
        answer: The same of its answer, if all is well; may be `PerVersion`.
        query: The model of its query parameters, None for none; may be `PerVersion`.
        statuses: Those of its answer.
        refusals: Statuses of its refusals, beyond those that every operation has.
        is_open: Whether it asks for no key.
    """

    request: Any = None
    answer: Any = None
    query: Any = None
    statuses: Sequence[int] = (200,)
    refusals: Sequence[int] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """An operation in one version.

    Attributes:
        name: Of its function.
        route: Its path, with parameters in braces.
        handler: What answers, in its frame.
        version: None for the loop's own API.
    """

    name: str
    methods: Sequence[str]
    route: str
    handler: Handler
    version: Version | None = None
    told: Told = field(default_factory=Told)

    @property
    def answer(self) -> Any:
        """The model of its answer in its version."""
        return self._mine(self.told.answer)

    @property
    def query(self) -> Any:
        """The model of its query parameters in its version."""
        return self._mine(self.told.query)

    def _mine(self, model: Any) -> Any:
        return model.model(self.version) if isinstance(model, PerVersion) and self.version else model


SERVED: list[Served] = []


def found(method: str, path: str) -> tuple[Served, dict[str, str]] | None:
    """The operation of a path, in any letter case, with its parameters as they stand in the path."""
    for served in SERVED:
        if method in served.methods and (match := _pattern(served.route).fullmatch(path)):
            return served, match.groupdict()
    return None


@cache
def _pattern(route: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", route)
    told = (f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile("".join(told), re.IGNORECASE)
