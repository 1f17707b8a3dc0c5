"""The load: clients on connections that stay open, in a process of their own, each sending its next request at once.

`python -m benchmarks.load` reads one `Load` as JSON from standard input and prints what came of it.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import lcm
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from benchmarks import examples
from benchmarks.failures import WrongAnswers
from benchmarks.storage import KEY
from localhost.environment import ROOT

_READY = b"\r\n\r\n"
_EVENT_ID = b"EVENT-ID"
_CALL = examples.CALL.encode()


@dataclass(frozen=True, slots=True)
class Load:
    """Ranks that a server is to answer.

    Attributes:
        url: Of the server, without a slash at its end.
        actions: Of each Rank.
        prefix: Of the event ids, so that they are new.
        key: The API key that is sent.
        slots: Of each multi-slot Rank; 0 for Ranks of one action.
        new: How many actions of each Rank no other Rank has; the others are the same in all.
        rewards: Whether it is Rewards of such event ids, in place of Ranks.
        loops: Names and keys of the loops that are asked in turn; without any, the loop `default`.
    """

    url: str
    actions: int
    prefix: str
    connections: int = 16
    seconds: float = 2.0
    key: str = KEY
    slots: int = 0
    new: int = 0
    rewards: bool = False
    loops: tuple[tuple[str, str], ...] = ()

    def body(self, variant: int) -> dict[str, Any]:
        """The body of a request, whose event id is the text `EVENT-ID`."""
        if self.rewards:
            return {"value": 0.5}
        if self.slots:
            return {**examples.slots_body(self.actions, self.slots, variant), "eventId": "EVENT-ID"}
        return {**examples.body(self.actions, variant, self.new), "eventId": "EVENT-ID"}

    @property
    def path(self) -> str:
        """Where it is sent to."""
        if self.rewards:
            return examples.REWARD_PATH
        return examples.SLOTS_PATH if self.slots else examples.PATH


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a load.

    Attributes:
        count: Requests that were answered.
        statuses: How many answers had which status.
        p50_ms: Half of the answers took no longer.
        p95_ms: All but five in a hundred took no longer.
        p99_ms: All but one in a hundred took no longer.
    """

    count: int
    seconds: float
    statuses: dict[str, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.count / self.seconds


def send(load: Load, status: int = 201) -> Answered:
    """Send a load; raises `WrongAnswers` if not all of it is answered with a status."""
    command = [sys.executable, "-m", "benchmarks.load"]
    text = json.dumps(asdict(load))
    ended = subprocess.run(
        command, cwd=ROOT, input=text, stdout=subprocess.PIPE, text=True, timeout=load.seconds + 60, check=True
    )
    answered = Answered(**json.loads(ended.stdout))
    if set(answered.statuses) != {str(status)}:
        raise WrongAnswers(f"{load.url} answered {answered.statuses} instead of {status}")
    return answered


class _Client(asyncio.Protocol):
    """One connection: sends a request, reads its answer, sends the next until the time is over."""

    def __init__(self, requests: "_Requests", until: float) -> None:
        self.times: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.ended = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._until = until
        self._read = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(_READY)
        if head < 0 or len(self._read) < head + 4 + _length(self._read[:head]):
            return
        self.times.append(time.perf_counter() - self._sent)
        self.statuses[self._read[9:12].decode()] += 1
        self._read = b""
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.statuses["cut"] += 1
            self.ended.set_result(None)

    def _next(self) -> None:
        self._sent = time.perf_counter()
        if self._sent < self._until:
            self._transport.write(self._requests.next())
        else:
            self.ended.set_result(None)
            self._transport.close()


class _Requests:
    """Requests as bytes, each with an event id of its own."""

    def __init__(self, load: Load) -> None:
        self._prefix = load.prefix.encode()
        loops = [(f"/{name}", key) for name, key in load.loops] or [("", load.key)]
        self._pieces = [
            _pieces(load, number % examples.VARIANTS, *loops[number % len(loops)])
            for number in range(lcm(examples.VARIANTS, len(loops)))
        ]
        self._number = 0
        self._has_new = bool(load.new)

    def next(self) -> bytes:
        self._number += 1
        before, after = self._pieces[self._number % len(self._pieces)]
        if self._has_new:
            number = b"%08d" % self._number
            before, after = before.replace(_CALL, number), after.replace(_CALL, number)
        return b"%b%b%08d%b" % (before, self._prefix, self._number, after)


def _pieces(load: Load, variant: int, loop: str, key: str) -> tuple[bytes, bytes]:
    """A request, cut where the event id belongs."""
    body = orjson.dumps(load.body(variant))
    length = len(body.replace(_EVENT_ID, load.prefix.encode() + b"%08d" % 0))
    head = (
        f"POST {loop}{load.path} HTTP/1.1\r\nHost: {urlsplit(load.url).netloc}\r\n"
        f"Ocp-Apim-Subscription-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    before, _, after = (head.encode() + body).partition(_EVENT_ID)
    return before, after


def _length(head: bytes) -> int:
    place = head.lower().find(b"content-length:")
    return int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0


async def _send(load: Load) -> Answered:
    loop, requests = asyncio.get_running_loop(), _Requests(load)
    host, _, port = urlsplit(load.url).netloc.partition(":")
    began = time.perf_counter()
    clients = [_Client(requests, began + load.seconds) for _ in range(load.connections)]
    for client in clients:
        await loop.create_connection(lambda duration=client: duration, host, int(port))  # type: ignore[misc]
    await asyncio.gather(*(client.ended for client in clients))
    seconds = time.perf_counter() - began
    times = sorted(duration for client in clients for duration in client.times)
    statuses = sum((client.statuses for client in clients), Counter[str]())
    p50, p95, p99 = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    return Answered(len(times), seconds, dict(statuses), p50, p95, p99)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Give the fast one where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def main() -> None:
    """Send the load that standard input describes."""
    load = Load(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        answered: dict[str, Any] = asdict(runner.run(_send(load)))
    print(json.dumps(answered))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
