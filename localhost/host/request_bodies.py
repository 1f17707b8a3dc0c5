"""The bodies of requests: each has to come in time, and those that are not whole yet take a bounded memory together."""

import asyncio
from dataclasses import dataclass

from localhost.host.http_trigger import WHOLE, Message, Receive, Scope

BODY_LIMIT_BYTES = 104_857_600
"""The longest body that the platform takes."""
GRACE_SECONDS, PLATFORM_BYTES_A_SECOND = 5.0, 240
"""After so long the platform gives up a body that has come more slowly so far."""
SECONDS = 30.0
"""The time for a body, beside what its bytes may take."""
BYTES_A_SECOND = 64 * 1024
"""The slowest pace of a long body."""
MEMORY_BYTES = 128 * 1024 * 1024


class BodyTooLarge(Exception):
    """The request's body is longer than the platform takes."""


class BodyTooSlow(Exception):
    """The request's body did not come in time."""


class TooManyBodies(Exception):
    """The request's body was let go for newer ones: more are on their way than there is memory for."""


class Disconnected(Exception):
    """The client went away before its request was complete."""


@dataclass(slots=True, eq=False)
class _Unfinished:
    """A body that comes in pieces."""

    limit: asyncio.Timeout
    since: float
    size: int = 0
    let_go: bool = False


class RequestBodies:
    """Reads the bodies of all requests of a host."""

    def __init__(
        self, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """Take the time for a body, the memory for those that are not whole yet, and the platform's own patience."""
        self._seconds = seconds
        self._grace_seconds = grace_seconds
        self._memory_bytes = memory_bytes
        self._unfinished: dict[_Unfinished, None] = {}
        self.held_bytes = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Give the whole body.

        Raises:
            BodyTooLarge: as soon as its length is known to be over the limit, however much was announced.
            BodyTooSlow: if it stands still, or comes so slowly that it might as well.
            TooManyBodies: if it is the oldest one of more than there is memory for.
            Disconnected: if it never comes to an end.
        """
        if WHOLE in scope:
            return _last_piece(await receive())
        _refuse_announced(scope)
        try:
            async with asyncio.timeout(self._time_for(0)) as limit:
                message = await receive()
                return await self._read_pieces(message, receive, limit) if _has_more(message) else _last_piece(message)
        except TimeoutError:
            raise BodyTooSlow from None

    async def _read_pieces(self, message: Message, receive: Receive, limit: asyncio.Timeout) -> bytes:
        body = _Unfinished(limit, asyncio.get_running_loop().time())
        self._unfinished[body] = None
        pieces: list[bytes] = []
        try:
            while _has_more(message):
                pieces.append(message["body"])
                self._hold(body, len(pieces[-1]))
                message = await receive()
            return b"".join((*pieces, _last_piece(message)))
        except asyncio.CancelledError:
            if body.let_go:
                raise TooManyBodies from None
            raise
        finally:
            self._forget(body)

    def _hold(self, body: _Unfinished, size: int) -> None:
        while self._unfinished and self.held_bytes + size > self._memory_bytes:
            self._let_go(next(iter(self._unfinished)))
        if body.let_go:
            raise TooManyBodies
        body.size += size
        self.held_bytes += size
        if body.size > BODY_LIMIT_BYTES:
            raise BodyTooLarge
        body.limit.reschedule(body.since + self._time_for(body.size))

    def _time_for(self, size: int) -> float:
        """Give the time in which a body has to end or to have come further than this."""
        platform = max(self._grace_seconds, size / PLATFORM_BYTES_A_SECOND)
        return min(platform, self._seconds + size / BYTES_A_SECOND)

    def _let_go(self, body: _Unfinished) -> None:
        """End the wait for a body; its memory counts as free, for its task is the next to run."""
        body.let_go = True
        if not body.limit.expired():
            body.limit.reschedule(0)
        self._forget(body)

    def _forget(self, body: _Unfinished) -> None:
        if body in self._unfinished:
            del self._unfinished[body]
            self.held_bytes -= body.size


def _has_more(message: Message) -> bool:
    return bool(message.get("more_body"))


def _last_piece(message: Message) -> bytes:
    if message["type"] != "http.request":
        raise Disconnected
    piece: bytes = message["body"]
    return piece


def _refuse_announced(scope: Scope) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and len(value) > 8 and int(value) > BODY_LIMIT_BYTES:
            raise BodyTooLarge
