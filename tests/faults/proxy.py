"""A proxy between the functions and storage that delays, cuts, repeats and withholds requests and answers.

It runs in a thread of its own, speaks plain HTTP/1.1, and asks a plan for each request what to do with it:

    with FaultProxy("http://127.0.0.1:10002", Seeded(7, {"cut_after": 0.2})) as proxy:
        ...                       # reach storage at proxy.url
        proxy.plan = none         # from now on, pass everything on
        with proxy.away():        # nothing listens, connections are gone
            ...
"""

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came.

    Attributes:
        head: Request line and headers, with the empty line that ends them.
        number: Counted from 0 in the order of their arrival.
    """

    number: int
    method: str
    path: str
    head: bytes = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request.

    Attributes:
        before: Seconds to wait before storage gets it.
        until: What to wait for before that.
        after: Seconds to wait before the client gets the answer.
        cut: When the client's connection is cut: before storage gets the request, after it, in the middle of its
            answer, or within the headers of that.
        late: Seconds after which storage gets it although the client's connection was cut at once.
        repeat: Whether storage gets it twice; the client gets the second answer.
        status: What the client is answered, without storage getting it.
    """

    before: float = 0
    until: threading.Event | None = None
    after: float = 0
    cut: Literal["before", "after", "middle", "headers"] | None = None
    late: float | None = None
    repeat: bool = False
    status: int | None = None


Plan = Callable[[Request], Fault | None]


def none(_: Request) -> None:
    """The plan without faults."""
    return


_KINDS: Final[dict[str, Callable[[random.Random], Fault]]] = {
    "cut_before": lambda _: Fault(cut="before"),
    "cut_after": lambda _: Fault(cut="after"),
    "cut_middle": lambda _: Fault(cut="middle"),
    "repeat": lambda _: Fault(repeat=True),
    "refuse": lambda chance: Fault(status=chance.choice((500, 503, 429))),
    "slow": lambda chance: Fault(before=chance.uniform(0, 0.3), after=chance.uniform(0, 0.3)),
    "stall": lambda chance: Fault(before=chance.uniform(0.5, 3)),
    "late": lambda chance: Fault(late=chance.uniform(0, 3)),
}


class Seeded:
    """A plan that picks faults at random, each kind of fault for its share of the requests.

    Attributes:
        happened: How often each fault was picked.
    """

    def __init__(
        self, seed: int, shares: Mapping[str, float], methods: Sequence[str] = ("POST", "PUT", "GET", "MERGE", "DELETE")
    ) -> None:
        self.happened = dict.fromkeys(shares, 0)
        self._chance = random.Random(seed)
        self._methods = methods
        self._shares = shares

    def __call__(self, request: Request) -> Fault | None:
        """Decide about one request."""
        if request.method not in self._methods:
            return None
        point = self._chance.random()
        for name, share in self._shares.items():
            point -= share
            if point < 0:
                self.happened[name] += 1
                return _KINDS[name](self._chance)
        return None


class FaultProxy:
    """The proxy; use it as a context.

    Attributes:
        plan: Decides about each request; may be replaced at any time.
        requests: All requests so far.
        connections: How many clients have made so far.
    """

    def __init__(self, target: str, plan: Plan = none) -> None:
        self.plan = plan
        self.requests: list[Request] = []
        self.connections = 0
        self._target = urlsplit(target)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)

    @property
    def url(self) -> str:
        """The address to use instead of the target's, with the same path."""
        return f"http://127.0.0.1:{self._port}{self._target.path}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nothing listens meanwhile; open connections are cut."""
        self._call(self._hang_up())
        try:
            yield
        finally:
            self._call(self._listen())

    def writes(self) -> list[Request]:
        """The requests so far that were to change something."""
        return [request for request in self.requests if request.method != "GET"]

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # the event loop ends the connections of tasks that are gone

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._spawn(self._serve((reader, writer)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: _Streams) -> None:
        """Serve one connection, request by request, until a fault or the other side ends it."""
        upstream = _Upstream(self._target.hostname or "", self._target.port or 80)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while (request := await self._next(client[0])) is not None:
                    if not await self._handle(request, self.plan(request) or Fault(), client[1], upstream):
                        break
        finally:
            upstream.close()
            client[1].transport.abort()

    async def _next(self, reader: asyncio.StreamReader) -> Request | None:
        head, body = await _message(reader)
        if not head:
            return None
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        request = Request(len(self.requests), method, path, head, body)
        self.requests.append(request)
        return request

    async def _handle(
        self, request: Request, fault: Fault, client: asyncio.StreamWriter, upstream: "_Upstream"
    ) -> bool:
        """Do to a request what the fault says; False if the client's connection is to be cut."""
        if fault.late is not None:
            self._spawn(self._later(request, fault.late))
        if fault.late is not None or fault.cut == "before":
            return False
        await asyncio.sleep(fault.before)
        if fault.until is not None:
            await asyncio.to_thread(fault.until.wait)
        answer = _own(fault.status) if fault.status else await upstream.send(request)
        if fault.repeat and not fault.status:
            answer = await upstream.send(request)
        await asyncio.sleep(fault.after)
        if fault.cut != "after":
            client.write(answer[: _length(answer, fault)])
            await client.drain()
        return fault.cut is None

    async def _later(self, request: Request, seconds: float) -> None:
        await asyncio.sleep(seconds)
        upstream = _Upstream(self._target.hostname or "", self._target.port or 80)
        with suppress(OSError, asyncio.IncompleteReadError):
            await upstream.send(request)
        upstream.close()


class _Upstream:
    """A connection to the target, opened for the first request and again when the target has ended it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: _Streams | None = None

    async def send(self, request: Request) -> bytes:
        """Send a request; gives the whole answer."""
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        writer.write(request.head + request.body)
        head, body = await _message(reader, answers=request.method)
        return head + body

    def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()


async def _message(reader: asyncio.StreamReader, answers: str = "") -> tuple[bytes, bytes]:
    """Head and body of a request, or of an answer to a method, as they came; empty at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial or answers:
            raise
        return b"", b""
    lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    if answers and (answers == "HEAD" or lines[0].split(" ")[1] in ("204", "304")):
        return head, b""
    if headers.get("transfer-encoding") == "chunked":
        return head, await _chunks(reader)
    return head, await reader.readexactly(int(headers.get("content-length", 0)))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        body += size + await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        if int(size.split(b";")[0], 16) == 0:
            return body


def _length(answer: bytes, fault: Fault) -> int:
    """How much of an answer the client gets."""
    match fault.cut:
        case "middle":
            return len(answer) // 2
        case "headers":
            return answer.index(b"\r\n") + 2
        case _:
            return len(answer)


def _own(status: int) -> bytes:
    return f"HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\n\r\n".encode()
