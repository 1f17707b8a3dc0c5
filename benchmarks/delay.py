"""Storage as far away as in a region: a proxy process that delays each answer by some milliseconds.

`python -m benchmarks.delay PORT MILLISECONDS` prints the port where it listens, and ends with its standard input. It
reads nothing of what it passes on, so it costs little.
"""

import asyncio
import sys
from contextlib import AbstractContextManager
from typing import cast

from benchmarks import child_servers


def delay_answers(port: int, milliseconds: float) -> AbstractContextManager[int]:
    """Give a port of this machine behind which another one answers later."""
    return child_servers.start("benchmarks.delay", port, milliseconds)


class _Side(asyncio.Protocol):
    """One direction of a connection: what comes in goes out of the other one, after a while, in the same order."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.there: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.here = cast(asyncio.Transport, transport)

    def leads_to(self, there: asyncio.Transport) -> None:
        """From now on there is an other end."""
        self.there = there
        for data in self._early:
            self._pass(data)

    def data_received(self, data: bytes) -> None:
        if self.there is None:
            self._early.append(data)
        elif self.seconds:
            asyncio.get_running_loop().call_later(self.seconds, self._pass, data)
        else:
            self._pass(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.there is not None:
            self.there.close()

    def _pass(self, data: bytes) -> None:
        if self.there is not None and not self.there.is_closing():
            self.there.write(data)


class _Client(_Side):
    """The side of the requests; opens the side of the answers."""

    def __init__(self, port: int, seconds: float) -> None:
        super().__init__(0)
        self._port = port
        self._answers = _Side(seconds)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        self._answers.leads_to(self.here)
        loop = asyncio.get_running_loop()
        there, _ = await loop.create_connection(lambda: self._answers, "127.0.0.1", self._port)
        self.leads_to(there)


def main() -> None:
    """Be such a proxy."""
    port, milliseconds = sys.argv[1:]
    child_servers.serve(lambda: _Client(int(port), float(milliseconds) / 1000))


if __name__ == "__main__":
    main()
