"""A steady load: so many Ranks and rewards a second, whether the host keeps up or not.

`python -m benchmarks.steady_load` reads one `SteadyLoad` as JSON from standard input, and prints a line of JSON for
each minute, then one for all. Each call has a moment at which it is due, and its time counts from there: a call that
waits for a connection, or for this process, waits for the host.
"""

import asyncio
import json
import sys
import time
from array import array
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

import orjson

from benchmarks import examples
from benchmarks.attack.plain_http import Connection
from benchmarks.load import new_event_loop
from benchmarks.storage import KEY

_CONNECTIONS = 64
_PATIENCE = 60.0
_RANKED, _REWARDED = 201, 204


@dataclass(frozen=True, slots=True)
class SteadyLoad:
    """What is to be sent.

    Attributes:
        url: Of the host, without a slash at its end.
        rate: Ranks a second; a reward follows each.
        minutes: How many.
        minute_seconds: How long one of them is; shorter ones are for tests.
        reward_seconds: How long after its Rank a reward is due.
    """

    url: str
    rate: int
    minutes: int
    minute_seconds: float = 60.0
    reward_seconds: float = 2.0
    actions: int = 10

    @property
    def minute_ranks(self) -> int:
        """How many Ranks a minute has."""
        return round(self.rate * self.minute_seconds)

    @property
    def ranks(self) -> int:
        """How many Ranks there are; they are numbered from 0 on."""
        return self.minutes * self.minute_ranks


@dataclass(frozen=True, slots=True)
class Minute:
    """The Ranks of a minute: how long half of them took at most, and 99 %."""

    p50_ms: float
    p99_ms: float


@dataclass(slots=True)
class Course:
    """How a load went.

    Attributes:
        minutes: One after the other.
        unranked: The numbers of the Ranks that were not acknowledged.
        unrewarded: The numbers of the Ranks whose rewards were not acknowledged.
        refusals: How many of these calls were answered with which status; 0 for no answer.
        cpu_seconds: Processor time that sending took.
    """

    minutes: list[Minute] = field(default_factory=list)
    unranked: list[int] = field(default_factory=list)
    unrewarded: list[int] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    cpu_seconds: float = 0.0


def event_id(number: int) -> str:
    """Name the event of a Rank."""
    return f"{number:08}"


def value(number: int) -> float:
    """Give the reward of an event."""
    return float(number % 3 == 0)


class _Sender:
    """Sends a load, and notes what comes of it."""

    def __init__(self, load: SteadyLoad) -> None:
        self.course = Course()
        self._load = load
        self._netloc = urlsplit(load.url).netloc
        self._bodies = [orjson.dumps(examples.body(load.actions, variant)) for variant in range(examples.VARIANTS)]
        self._connections = asyncio.Queue[Connection]()
        self._times = [array("d") for _ in range(load.minutes)]

    async def send(self) -> None:
        """Send all calls, each when it is due, and wait for the last answer."""
        connections = [Connection(self._netloc) for _ in range(_CONNECTIONS)]
        for connection in connections:
            self._connections.put_nowait(connection)
        await self._send_all()
        for connection in connections:
            connection.close()

    async def _send_all(self) -> None:
        began, load, behind = time.perf_counter(), self._load, round(self._load.reward_seconds * self._load.rate)
        async with asyncio.TaskGroup() as calls:
            for number in range(load.ranks + behind):
                moment = began + number / load.rate
                await asyncio.sleep(moment - time.perf_counter())
                if number < load.ranks:
                    calls.create_task(self._rank(number, moment))
                if number >= behind:
                    calls.create_task(self._reward(number - behind))

    async def _rank(self, number: int, moment: float) -> None:
        body = b'{"eventId":"%b",%b' % (event_id(number).encode(), self._bodies[number % examples.VARIANTS][1:])
        status = await self._call(examples.PATH, body)
        times = self._times[number // self._load.minute_ranks]
        times.append(time.perf_counter() - moment)
        if status != _RANKED:
            self._refuse(status, number, self.course.unranked)
        if len(times) == self._load.minute_ranks:
            self._show(times)

    async def _reward(self, number: int) -> None:
        body = orjson.dumps({"value": value(number)})
        status = await self._call(f"/personalizer/v1.0/events/{event_id(number)}/reward", body)
        if status != _REWARDED:
            self._refuse(status, number, self.course.unrewarded)

    async def _call(self, path: str, body: bytes) -> int:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._netloc}\r\nOcp-Apim-Subscription-Key: {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection = await self._connections.get()
        status, _, _ = await connection.call(head.encode() + body, _PATIENCE)
        self._connections.put_nowait(connection)
        return status

    def _refuse(self, status: int, number: int, numbers: list[int]) -> None:
        self.course.refusals[str(status)] = self.course.refusals.get(str(status), 0) + 1
        numbers.append(number)

    def _show(self, times: array[float]) -> None:
        """Print a minute once all of its Ranks are answered."""
        ordered = sorted(times)
        p50, p99 = (1000 * ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
        self.course.minutes.append(Minute(p50, p99))
        print(json.dumps(asdict(self.course.minutes[-1])), flush=True)


async def send(load: SteadyLoad) -> Course:
    """Send a load; each of its minutes is printed."""
    sender = _Sender(load)
    await sender.send()
    return sender.course


def main() -> None:
    """Send the load that standard input describes."""
    load = SteadyLoad(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        course = runner.run(send(load))
    course.cpu_seconds = time.process_time()
    print(json.dumps(asdict(course)))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
