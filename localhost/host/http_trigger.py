"""HTTP requests and answers between the server and the worker library.

Speed matters here: what a benchmark measures of a function includes this module.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from azure_functions_runtime.bindings.datumdef import Datum

from localhost.host import url_paths

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WHOLE = "rankloop.whole"
"""In the scope of a request whose body has come: there is nothing to wait for."""
_SET_BY_THE_SERVER = frozenset({"content-length", "transfer-encoding", "connection", "date"})
_LEFT_OUT_IF_EMPTY = "content-type"
"""As in Azure's host: the platform's library writes it, empty, where an answer has no media type."""
_WITHOUT_BODY = frozenset({204, 304})


def headers_of(scope: Scope) -> dict[str, str]:
    """Give the request's headers by lower-case name; the values of a repeated one are joined with commas.

    Spaces behind a value are not of it (RFC 9112, 5.1); those before it the parser has cut.
    """
    pairs = scope["headers"]
    headers = {name.decode(): value.decode().rstrip(" \t") for name, value in pairs}
    return headers if len(headers) == len(pairs) else _join_headers(pairs)


def _join_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode(), raw_value.decode().rstrip(" \t")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def query_of(scope: Scope) -> dict[str, str]:
    """Give the query parameters; the values of a repeated one are joined with commas."""
    raw = scope["query_string"]
    if not raw:
        return {}
    query: dict[str, str] = {}
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def request_datum(
    scope: Scope, headers: dict[str, str], query: dict[str, str], params: dict[str, str], body: bytes
) -> Datum:
    """Pack a request as the worker library takes it."""
    raw_path, raw_query = scope["raw_path"], scope["query_string"]
    path, query_text = raw_path.decode("latin-1"), f"?{raw_query.decode('latin-1')}" if raw_query else ""
    headers[url_paths.SENT] = path + query_text
    if "%" in path or "/." in path:
        path = url_paths.encode(url_paths.decode(raw_path))
    return Datum(
        {
            "method": Datum(scope["method"], "string"),
            "url": Datum(f"{scope['scheme']}://{headers.get('host', 'localhost')}{path}{query_text}", "string"),
            "headers": {name: Datum(value, "string") for name, value in headers.items()},
            "query": {name: Datum(value, "string") for name, value in query.items()},
            "params": {name: Datum(value, "string") for name, value in params.items()},
            "body": Datum(body, "bytes"),
        },
        "http",
    )


async def answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Send one complete answer."""
    if status in _WITHOUT_BODY:
        body = b""
    else:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_empty(send: Send, status: int, *, close: bool = False) -> None:
    """Send an answer without a body; `close` also ends the connection, for a request that was not read to its end."""
    await answer(send, status, [(b"connection", b"close")] if close else [], b"")


async def answer_returned(send: Send, returned: Datum | None) -> None:
    """Send what a function returned; raises `ValueError` for a header that HTTP cannot carry."""
    if returned is None or returned.type != "http":
        text = "" if returned is None else str(returned.value)
        return await answer(send, 200, [(b"content-type", b"text/plain; charset=utf-8")], text.encode())
    value = returned.value
    headers = [
        (name.lower().encode("latin-1"), datum.value.encode("latin-1"))
        for name, datum in value["headers"].items()
        if name.lower() not in _SET_BY_THE_SERVER and (datum.value or name.lower() != _LEFT_OUT_IF_EMPTY)
    ]
    for cookie in value["cookies"] or ():
        headers += [(b"set-cookie", morsel.OutputString().encode("latin-1")) for morsel in cookie.values()]
    return await answer(send, int(value["status_code"].value), headers, value["body"].value)
