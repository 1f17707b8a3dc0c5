"""The host's own paths: `/admin/functions` lists and runs functions, `/admin/host/status` says that the host is up.

All of them want a key, and to be called by an address that the host listens at: a page under a name that was turned to
this machine is refused, and so is one of another origin.

With `/admin/rankloop/demo` the page of a loop has a demo played. It answers callers on this machine alone, since nobody
else reaches the loop of the demo.
"""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from localhost.host.background import BackgroundAway, Runnable
from localhost.host.caller import is_from_here, is_from_own_page
from localhost.host.demo_process import DemoProcess
from localhost.host.function_keys import Keys
from localhost.host.functions import HttpFunction
from localhost.host.http_trigger import (
    Receive,
    Scope,
    Send,
    answer,
    headers_of,
    query_of,
)
from localhost.host.request_bodies import RequestBodies

_FUNCTIONS = "/admin/functions"
_DEMO = "/admin/rankloop/demo"


class Admin:
    """Answers the calls under `/admin`."""

    def __init__(
        self,
        http: Iterable[HttpFunction],
        background: Mapping[str, Runnable],
        keys: Keys,
        bodies: RequestBodies,
        demo: DemoProcess | None = None,
    ) -> None:
        """Take the functions by kind, those that run by themselves by lower-case name, the keys, and a demo."""
        self._http = list(http)
        self._background = background
        self._keys = keys
        self._bodies = bodies
        self._demo = demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        path, headers = scope["path"].rstrip("/"), headers_of(scope)
        if not is_from_own_page(scope, headers):
            return await _json(send, HTTPStatus.FORBIDDEN, None)
        if not self._keys.open_admin(headers, query_of(scope)):
            return await _json(send, HTTPStatus.UNAUTHORIZED, None)
        if self._demo and path.lower() == _DEMO:
            return await self._answer_page(self._demo, scope, send)
        body = await self._bodies.read(scope, receive) if scope["method"] == "POST" else b""
        try:
            status, content = await self._call_functions(scope["method"], path.lower(), body)
        except BackgroundAway:
            status, content = HTTPStatus.SERVICE_UNAVAILABLE, {"error": "timers and queues start again in a moment"}
        return await _json(send, status, content)

    async def _call_functions(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if method == "POST":
            return await self._run(path, body)
        return await self._show(path) if method == "GET" else (HTTPStatus.NOT_FOUND, None)

    async def _answer_page(self, demo: DemoProcess, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "POST") or not is_from_here(scope):
            return await _json(send, HTTPStatus.NOT_FOUND, None)
        status = HTTPStatus.OK
        if scope["method"] == "POST" and await demo.start():
            status = HTTPStatus.ACCEPTED
        return await _json(send, status, demo.course)

    async def _show(self, path: str) -> tuple[int, Any]:
        if path == "/admin/host/status":
            return HTTPStatus.OK, {"state": "Running"}
        if path == _FUNCTIONS:
            background = [await function.describe() for function in self._background.values()]
            return HTTPStatus.OK, [_http(function) for function in self._http] + background
        function = self._find(path)
        return (HTTPStatus.OK, await function.describe()) if function else (HTTPStatus.NOT_FOUND, None)

    async def _run(self, path: str, body: bytes) -> tuple[int, Any]:
        function = self._find(path)
        if function is None:
            return HTTPStatus.NOT_FOUND, None
        try:
            text = _input(body)
        except ValueError as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        return HTTPStatus.ACCEPTED, {"run": await function.run_now(text)}

    def _find(self, path: str) -> Runnable | None:
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
