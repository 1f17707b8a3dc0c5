"""Sends hostile calls, in a process of its own, on connections that stay open, each with its next call at once.

`python -m benchmarks.attack.sender` reads an `Order` as JSON from standard input. It prints a line of JSON each second:
what came of the calls since the line before.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from benchmarks.attack.call import Call
from benchmarks.attack.calls import Calls
from benchmarks.attack.judgement import Answer, find_wrong, is_busy
from benchmarks.attack.plain_http import Connection
from benchmarks.load import new_event_loop

_PATIENCE = 60.0
_NICENESS = 10
"""Callers have machines of their own; here the server and its storage go first."""
_MOST_DESCRIBED = 2_000


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent.

    Attributes:
        url: Of the server, without a slash at its end.
        first, end: The numbers of the calls, from the first to before the end.
        keys: By loop and caller, joined by a space.
        by_schemathesis: The share of calls that schemathesis makes up.
    """

    url: str
    seed: int
    first: int
    end: int
    connections: int
    keys: dict[str, str]
    by_schemathesis: float


@dataclass(slots=True)
class Came:
    """What came of some calls.

    Attributes:
        statuses: How many calls of which operation were answered with which status, the two joined by a space.
        slowest: The longest time of an answer by operation.
        busy: How many answers were refusals of busy operations by operation and status, as the docs name them.
        kinds: How many answers were wrong, by kind.
        wrong: The first of them: the number of the call, its kind, the call without its body, and the answer.
    """

    calls: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[dict[str, Any]] = field(default_factory=list)

    def note(self, number: int, call: Call, answer: Answer) -> None:
        """Take in an answer."""
        self.calls += 1
        self.statuses[f"{call.operation}:{answer.status}"] += 1
        self.slowest[call.operation] = max(self.slowest.get(call.operation, 0.0), answer.seconds)
        if is_busy(call, answer.status):
            self.busy[f"{call.operation}:{answer.status}"] += 1
        if (wrong := find_wrong(call, answer)) is not None:
            self.kinds[wrong.kind] += 1
            self.wrong.append({"call": number, **asdict(wrong), **_describe(call, answer)})

    def as_json(self) -> dict[str, Any]:
        """Give it for `read`."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def read(cls, text: str) -> "Came":
        """Read what `as_json` gave."""
        document = json.loads(text)
        counts = {name: Counter(document[name]) for name in ("statuses", "busy", "kinds")}
        return cls(**{**document, **counts})

    def add(self, other: "Came") -> None:
        """Take in what came of other calls."""
        self.calls += other.calls
        self.statuses.update(other.statuses)
        self.busy.update(other.busy)
        self.kinds.update(other.kinds)
        self.wrong += other.wrong[: max(0, _MOST_DESCRIBED - len(self.wrong))]
        for name, seconds in other.slowest.items():
            self.slowest[name] = max(self.slowest.get(name, 0.0), seconds)


def _describe(call: Call, answer: Answer) -> dict[str, Any]:
    """What is told of a violation: neither key nor body, which the seed and the number give again."""
    return {
        "operation": call.operation,
        "request": f"{call.method} {call.target[:200]}",
        "caller": f"{call.caller} of {call.loop}",
        "status": answer.status,
        "seconds": round(answer.seconds, 2),
        "answer": answer.body[:200].decode(errors="replace"),
    }


class _Sender:
    """Sends the calls of an order from several connections."""

    def __init__(self, order: Order, calls: Calls) -> None:
        self._order = order
        self._numbers: Iterator[int] = iter(range(order.first, order.end))
        self._calls = calls
        self._host = urlsplit(order.url).netloc
        self.came = Came()

    async def send_all(self) -> None:
        """Send them all."""
        work = asyncio.gather(*(self._send_some() for _ in range(self._order.connections)))
        while not work.done():
            await asyncio.wait({work}, timeout=1.0)
            print(json.dumps(self.came.as_json()), flush=True)
            self.came = Came()
        work.result()

    async def _send_some(self) -> None:
        connection = Connection(self._host)
        for number in self._numbers:
            call = self._calls.make(number)
            content = self._content(number, call)
            began = time.perf_counter()
            status, kind, body = await connection.call(content, _PATIENCE)
            self.came.note(number, call, Answer(status, kind, body, time.perf_counter() - began))
        connection.close()

    def _content(self, number: int, call: Call) -> bytes:
        key = self._order.keys.get(f"{call.loop} {call.caller}")
        if call.caller == "wrong":
            key = f"rankloop-{number:012x}-{number:064x}" if number % 2 else "wrong"
        headers = [*call.headers, *([("Ocp-Apim-Subscription-Key", key)] if key is not None else [])]
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        length = f"Content-Length: {len(call.body or b'')}\r\n" if call.body is not None or call.method != "GET" else ""
        head = f"{call.method} {call.target} HTTP/1.1\r\nHost: {self._host}\r\n{lines}{length}\r\n"
        return head.encode("latin-1", "replace") + (call.body or b"")


async def _run(order: Order) -> None:
    from function_app import registry

    calls = Calls(registry, order.seed, order.by_schemathesis)
    calls.prepare()
    await _Sender(order, calls).send_all()


def main() -> None:
    """Send what standard input orders."""
    order = Order(**json.loads(sys.stdin.readline()))
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_run(order))


if __name__ == "__main__":
    main()
