"""The log of requests: a line for each, with method, path, status and how long the answer took."""

import logging
import time
from collections.abc import Awaitable, Callable

from localhost.host.http_trigger import Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_PROBE = b"/ready"
"""What is asked every few seconds, by machines that watch over the host."""


class RequestLog:
    """Logs the requests that an application answers; queries and bodies are left out."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Take the application."""
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and log it."""
        began, status = time.perf_counter(), 0

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._application(scope, receive, note)
        finally:
            if scope["raw_path"] != _PROBE:
                _write(scope, status, 1000 * (time.perf_counter() - began))


def _write(scope: Scope, status: int, milliseconds: float) -> None:
    path = scope["raw_path"].decode("ascii", "backslashreplace")
    request = {"method": scope["method"], "path": path, "status": status or None, "ms": round(milliseconds, 1)}
    _log.info("%s %s %s %.1f ms", scope["method"], path, status or "-", milliseconds, extra={"request": request})
