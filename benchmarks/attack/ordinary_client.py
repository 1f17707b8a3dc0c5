"""An ordinary client: a steady few Ranks and rewards a second, in a process of its own, until standard input ends.

`python -m benchmarks.attack.ordinary_client URL PREFIX` reads its key from the first line of standard input, and prints
one line of JSON when it ends.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from benchmarks import examples
from benchmarks.attack.plain_http import Connection
from benchmarks.load import new_event_loop

_PAUSE = 0.1
_ACTIONS = 10
_PATIENCE = 30.0


@dataclass(slots=True)
class Experience:
    """What a client saw.

    Attributes:
        failed: Calls that were not answered as they should be, by status; 0 for those that were not answered.
        times: Seconds of each call.
    """

    failed: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    def note(self, status: int, right: int, seconds: float) -> None:
        """Take in an answer."""
        self.times.append(seconds)
        if status != right:
            self.failed[status] += 1


async def _live(url: str, prefix: str, key: str) -> Experience:
    """A Rank, then its reward, each in its turn at a steady pace, until standard input ends."""
    parts = urlsplit(url)
    connection, experience = Connection(parts.netloc), Experience()
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    number = 0
    while not ended.done():
        event = f"{prefix}-{number // 2}"
        path, body, right = (
            (f"/events/{event}/reward", {"value": 1.0}, 204)
            if number % 2
            else ("/rank", {**examples.body(_ACTIONS, number // 2 % examples.VARIANTS), "eventId": event}, 201)
        )
        content = _request(parts.netloc, f"{parts.path}/personalizer/v1.0{path}", key, body)
        began = time.perf_counter()
        status, _, _ = await connection.call(content, _PATIENCE)
        experience.note(status, right, time.perf_counter() - began)
        number += 1
        await asyncio.sleep(max(0.0, _PAUSE - (time.perf_counter() - began)))
    connection.close()
    return experience


def _request(host: str, path: str, key: str, body: dict[str, Any]) -> bytes:
    content = orjson.dumps(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nOcp-Apim-Subscription-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def main(url: str, prefix: str) -> None:
    """Call until standard input ends."""
    key = sys.stdin.readline().strip()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        experience = runner.run(_live(url, prefix, key))
    print(json.dumps({"times": experience.times, "failed": experience.failed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
