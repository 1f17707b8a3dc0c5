"""The host's own paths: `/admin/functions` lists and runs functions, `/admin/host/status` says that the host is up."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from localhost.host.background import Background
from localhost.host.function_keys import HEADER, PARAMETER, Keys
from localhost.host.functions import HttpFunction
from localhost.host.http_trigger import (
    Receive,
    Scope,
    Send,
    answer,
    headers_of,
    query_of,
    read_body,
)

_FUNCTIONS = "/admin/functions"


class Admin:
    """Answers the calls under `/admin`."""

    def __init__(self, http: Iterable[HttpFunction], background: Mapping[str, Background], keys: Keys) -> None:
        """Take the functions by kind, those that run by themselves by lower-case name, and the host's keys."""
        self._http = list(http)
        self._background = background
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        given = headers_of(scope).get(HEADER) or query_of(scope).get(PARAMETER, "")
        if not self._keys.open_admin(given):
            return await _json(send, 401, None)
        path = scope["path"].rstrip("/")
        if scope["method"] == "POST":
            return await self._run(path, await read_body(scope, receive), send)
        status, content = self._show(path) if scope["method"] == "GET" else (404, None)
        return await _json(send, status, content)

    def _show(self, path: str) -> tuple[int, Any]:
        lower = path.lower()
        if lower == "/admin/host/status":
            return 200, {"state": "Running"}
        if lower == _FUNCTIONS:
            return 200, [_http(function) for function in self._http] + [
                function.describe() for function in self._background.values()
            ]
        function = self._find(lower)
        return (200, function.describe()) if function else (404, None)

    async def _run(self, path: str, body: bytes, send: Send) -> None:
        function = self._find(path.lower())
        if function is None:
            return await _json(send, HTTPStatus.NOT_FOUND, None)
        try:
            text = _input(body)
        except ValueError as error:
            return await _json(send, HTTPStatus.BAD_REQUEST, {"error": str(error)})
        return await _json(send, HTTPStatus.ACCEPTED, {"run": function.run_now(text)})

    def _find(self, path: str) -> Background | None:
        folder, _, name = path.rpartition("/")
        return self._background.get(name) if folder == _FUNCTIONS else None


def _input(body: bytes) -> str:
    content = json.loads(body) if body else {}
    if not isinstance(content, dict):
        raise ValueError('the body must be a JSON object like {"input": "text"}')
    return str(content.get("input") or "")


def _http(function: HttpFunction) -> dict[str, Any]:
    methods = sorted(function.methods) if function.methods else None
    return {"name": function.name, "trigger": "http", "route": function.route, "methods": methods}


async def _json(send: Send, status: int, content: Any) -> None:
    if content is None:
        return await answer(send, status, [], b"")
    return await answer(send, status, [(b"content-type", b"application/json")], json.dumps(content).encode())
