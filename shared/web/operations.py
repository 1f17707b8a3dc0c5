"""Operations of the API: each is written once and served in every version that has it."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from azure.functions import Blueprint, HttpRequest, HttpResponse

from shared.contract.versions import VERSIONS, Version
from shared.web.endpoint import Handler, endpoint

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
            bound = _told(handler, version) if asks_version else handler
            name = f"{handler.__name__}_{version.name}".replace(".", "_").replace("-", "_")
            route = blueprint.route(route=f"{version.prefix}/{path}", methods=list(methods))
            blueprint.function_name(name)(route(endpoint(bound)))
        return handler

    return register


def _told(handler: Callable[..., Any], version: Version) -> Handler:
    async def bound(req: HttpRequest) -> HttpResponse:
        answer: HttpResponse = await handler(req, version=version)
        return answer

    bound.__name__ = handler.__name__
    return bound
