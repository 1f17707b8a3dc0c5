"""`loops`: what a Rank of one of many loops costs, against a Rank of the loop `default`, on one host.

Each loop has a model of its own, which was imported, and a key for Ranks. Its calls name the loop in their paths: so
the app finds the operation, and not the platform as for `default`. Their key is checked by its digest.
"""

import http.client
import json
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import servers
from benchmarks.figures import Figure, Goal
from benchmarks.load import Load, send
from benchmarks.machine import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import KEY, start_storage
from localhost.failures import StartFailure

LOOPS, ACTIONS, ROUNDS, SECONDS = 100, 50, 7, 3.0
_run = count()


def measure(
    progress: Progress, loops: int = LOOPS, actions: int = ACTIONS, rounds: int = ROUNDS, seconds: float = SECONDS
) -> list[Figure]:
    """Measure microseconds of processor time of a Rank: of one other loop, and of many in turn."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        model = servers.model_file(loop, folder)
        with servers.product(loop) as host:
            made = []
            for number in range(loops):
                progress.show(f"making loop {number + 1} of {loops}")
                made.append(_make_loop(host, f"loop-{number}", model))
            _rank(host, actions, seconds, made)  # loads their models
            default, other, many = alternate(
                progress,
                rounds,
                lambda: _rank(host, actions, seconds, ()),
                lambda: _rank(host, actions, seconds, made[:1]),
                lambda: _rank(host, actions, seconds, made),
            )
    what, against = f"processor time of one Rank, {actions} actions × 10 features", "the loop default"
    return [
        Figure("loops", f"{what}, another loop", "µs", other, default, against, Goal("at most", 1.05)),
        Figure("loops", f"{what}, {loops} loops in turn", "µs", many, default, against, Goal("at most", 1.05)),
    ]


def _rank(host: Server, actions: int, seconds: float, loops: Sequence[tuple[str, str]]) -> float:
    load = Load(host.url, actions, f"loops-{next(_run)}-", seconds=seconds, loops=tuple(loops))
    before = cpu_seconds(host.pid)
    answered = send(load)
    return 1e6 * (cpu_seconds(host.pid) - before) / answered.count


def _make_loop(host: Server, name: str, model: Path) -> tuple[str, str]:
    """Make a loop with a model; gives its name and a key."""
    _call(host, "PUT", f"/rankloop/v1/loops/{name}", b"")
    made = json.loads(_call(host, "PUT", f"/{name}/rankloop/v1/keys/app", b'{"role": "rank"}'))
    _call(host, "PUT", f"/{name}/rankloop/v1/model", model.read_bytes())
    return name, made["key"]


def _call(host: Server, method: str, path: str, body: bytes) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=60)
    try:
        connection.request(method, path, body, {"Ocp-Apim-Subscription-Key": KEY})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise StartFailure(f"{method} {path} was answered with {answer.status}: {content[:300].decode()}")
    return content
