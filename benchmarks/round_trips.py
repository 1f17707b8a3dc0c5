"""`round-trips`: requests to storage that one Rank and one Reward make, counted by a proxy between host and storage.

Calls come one after the other, so that no two share a write. What the host asks for in the background (configuration
and published model, every two seconds, however many calls there are) is counted apart.
"""

import http.client
import json
import time
from urllib.parse import urlsplit

from benchmarks import examples, servers
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.servers import Server
from benchmarks.storage import KEY, start_storage
from localhost.environment import STORAGE
from tests.faults.proxy import FaultProxy, Request

CALLS = 1000


def measure(progress: Progress, calls: int = CALLS) -> list[Figure]:
    """Count for Rank and for Reward."""
    with start_storage() as storage:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        at = storage.azurite.account.ports
        with FaultProxy(f"http://127.0.0.1:{at.table}") as tables, FaultProxy(f"http://127.0.0.1:{at.blob}") as blobs:
            connection = loop[STORAGE].replace(f"127.0.0.1:{at.table}", urlsplit(tables.url).netloc)
            connection = connection.replace(f"127.0.0.1:{at.blob}", urlsplit(blobs.url).netloc)
            with servers.product({**loop, STORAGE: connection}) as host:
                return [_count(progress, host, tables, blobs, what, calls) for what in ("Rank", "Reward")]


def _count(progress: Progress, host: Server, tables: FaultProxy, blobs: FaultProxy, what: str, calls: int) -> Figure:
    progress.show(f"{calls} calls of {what}")
    client = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=30)
    _call(client, what, "first")
    before, background, began = len(tables.requests), len(blobs.requests), time.monotonic()
    for number in range(calls):
        _call(client, what, f"counted-{number}")
    client.close()
    made = tables.requests[before:]
    reads = sum(request.method == "GET" for request in made)
    return Figure(
        "round-trips",
        f"storage requests of one {what}",
        "requests",
        [len(made) / calls],
        goal=Goal("at most", 1),
        details={
            "inserts": len(made) - reads,
            "reads": reads,
            "background reads a second": _reads(blobs.requests[background:]) / (time.monotonic() - began),
        },
    )


def _reads(requests: list[Request]) -> int:
    return sum(request.method == "GET" for request in requests)


def _call(client: http.client.HTTPConnection, what: str, name: str) -> None:
    path, body, expected = examples.PATH, {**examples.body(10, 0), "eventId": name}, 201
    if what == "Reward":
        path, body, expected = f"/personalizer/v1.0/events/{name}/reward", {"value": 1.0}, 204
    client.request("POST", path, json.dumps(body), {"Ocp-Apim-Subscription-Key": KEY})
    answer = client.getresponse()
    answer.read()
    if answer.status != expected:
        raise ConnectionError(f"{what} was answered with {answer.status}")
