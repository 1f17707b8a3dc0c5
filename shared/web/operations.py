"""Operations: each is written once, served in every version that has it, and told in the description."""

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from azure.functions import Blueprint, HttpRequest, HttpResponse

from shared.web import urls, versions
from shared.web.endpoint import MAX_BODY_BYTES, Handler, endpoint, open_endpoint
from shared.web.errors import UnknownPath
from shared.web.registry import SERVED, Served, Told, found
from shared.web.versions import Version

OWN_API = "rankloop/v1"
"""Prefix of the loop's own API, which the old service had no counterpart for."""

BINARY = "application/octet-stream"
LINES = "application/x-ndjson"
JSON = "application/json"


def functions() -> Blueprint:
    """An empty set of functions, for a folder to put its own in."""
    return Blueprint()  # type: ignore[no-untyped-call]


def operation[Function: Callable[..., Any]](
    blueprint: Blueprint,
    methods: Sequence[str],
    path: str,
    *,
    since: str = "v1.0",
    until: str | None = None,
    request: Any = None,
    answer: Any = None,
    query: Any = None,
    status: int | None = 200,
    refusals: Sequence[int] = (),
    limit_bytes: int = MAX_BODY_BYTES,
) -> Callable[[Function], Function]:
    """Register one function per version; a handler that has a parameter `version` is told which one was called.

    Args:
        path: What follows the version's prefix, such as `events/{eventId}/reward`.
        since: The first version that has the operation.
        until: The last one; None for the newest there is.
        request: The model of the body, or a media type such as `BINARY`; like what follows, only told.
        answer: The same of the answer; `PerVersion` gives each version its own.
        query: The model of the query parameters.
        status: Of the answer; None if it is always refused.
        refusals: Statuses of refusals beyond 400, 401, 500 and 503.
        limit_bytes: The longest body.
    """
    told = Told(request, answer, query, _statuses(status), refusals)

    def register(handler: Function) -> Function:
        for version in versions.since(since, until):
            name = f"{handler.__name__}_{re.sub(r'\W', '_', version.name)}"
            framed = endpoint(_bound(handler, version), version=version, limit_bytes=limit_bytes)
            _register(blueprint, Served(name, methods, f"{version.prefix}/{path}", framed, version, told))
        return handler

    return register


def own_operation(
    blueprint: Blueprint,
    methods: Sequence[str],
    path: str,
    *,
    request: Any = None,
    answer: Any = None,
    query: Any = None,
    status: int | None = 200,
    refusals: Sequence[int] = (),
    limit_bytes: int = MAX_BODY_BYTES,
) -> Callable[[Handler], Handler]:
    """Register a function of the loop's own API; the arguments are those of `operation`."""
    told = Told(request, answer, query, _statuses(status), refusals)

    def register(handler: Handler) -> Handler:
        framed = endpoint(handler, limit_bytes=limit_bytes)
        _register(blueprint, Served(handler.__name__, methods, f"{OWN_API}/{path}", framed, told=told))
        return handler

    return register


def open_operation(
    blueprint: Blueprint, path: str, *, answer: Any, statuses: Sequence[int] = (200,)
) -> Callable[[Handler], Handler]:
    """Register a function that everyone may read without a key."""
    told = Told(answer=answer, statuses=statuses, is_open=True)

    def register(handler: Handler) -> Handler:
        _register(blueprint, Served(handler.__name__, ["GET"], path, open_endpoint(handler), told=told))
        return handler

    return register


def _statuses(status: int | None) -> tuple[int, ...]:
    return () if status is None else (status,)


async def wherever(req: HttpRequest) -> HttpResponse:
    """Serve a call whose path has a slash too many, as that of an endpoint with a slash at its end has.

    Raises:
        UnknownPath: There is no such operation.
    """
    meant = found(req.method, urls.called(req))
    if meant is None:
        raise UnknownPath
    served, params = meant
    return await served.handler(urls.routed(req, params))


def _register(blueprint: Blueprint, served: Served) -> None:
    route = blueprint.route(route=served.route, methods=list(served.methods))
    blueprint.function_name(served.name)(route(served.handler))
    SERVED.append(served)


def _bound(handler: Callable[..., Any], version: Version) -> Handler:
    if "version" not in inspect.signature(handler).parameters:
        return handler

    async def bound(req: HttpRequest) -> HttpResponse:
        answer: HttpResponse = await handler(req, version=version)
        return answer

    bound.__name__, bound.__doc__ = handler.__name__, handler.__doc__
    return bound
