"""Operations of the API: each is written once and served in every version that has it."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.functions import Blueprint, HttpRequest, HttpResponse

from shared.contract.errors import UnknownPath
from shared.contract.versions import VERSIONS, Version
from shared.web.endpoint import Handler, endpoint


@dataclass(frozen=True, slots=True)
class _Served:
    """An operation of one version, as it was registered."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    handler: Handler


_SERVED: list[_Served] = []

OWN_API = "rankloop/v1"
"""Prefix of the loop's own API, which the old service had no counterpart for."""


def functions() -> Blueprint:
    """An empty set of functions, for a folder to put its own in."""
    return Blueprint()  # type: ignore[no-untyped-call]


def operation[Function: Callable[..., Any]](
    blueprint: Blueprint, methods: Sequence[str], path: str
) -> Callable[[Function], Function]:
    """Register one function per version; a handler that has a parameter `version` is told which one was called.

    Args:
        path: What follows the version's prefix, such as `events/{eventId}/reward`.
    """

    def register(handler: Function) -> Function:
        asks_version = "version" in inspect.signature(handler).parameters
        for version in VERSIONS:
            framed = endpoint(_told(handler, version) if asks_version else handler)
            name = f"{handler.__name__}_{version.name}".replace(".", "_").replace("-", "_")
            route = blueprint.route(route=f"{version.prefix}/{path}", methods=list(methods))
            blueprint.function_name(name)(route(framed))
            _SERVED.append(_Served(frozenset(methods), _pattern(f"{version.prefix}/{path}"), framed))
        return handler

    return register


async def wherever(req: HttpRequest) -> HttpResponse:
    """Serve a call whose path has a slash too many, as that of an endpoint with a slash at its end has.

    Raises:
        UnknownPath: There is no such operation.
    """
    path = re.sub("/+", "/", urlsplit(req.url).path).strip("/")
    for served in _SERVED:
        if req.method in served.methods and (found := served.pattern.fullmatch(path)):
            params = {name: unquote(value) for name, value in found.groupdict().items()}
            meant = HttpRequest(
                req.method, req.url, headers=req.headers, params=req.params, route_params=params, body=req.get_body()
            )
            return await served.handler(meant)
    raise UnknownPath


def _pattern(route: str) -> re.Pattern[str]:
    """What a path matches whose route has parameters in braces; letters in any case."""
    parts = re.split(r"\{(\w+)\}", route)
    told = (f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile("".join(told), re.IGNORECASE)


def _told(handler: Callable[..., Any], version: Version) -> Handler:
    async def bound(req: HttpRequest) -> HttpResponse:
        answer: HttpResponse = await handler(req, version=version)
        return answer

    bound.__name__ = handler.__name__
    return bound
