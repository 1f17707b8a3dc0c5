"""`hostile`: what callers who mean harm can do to a loop and to its neighbours.

A host serves four loops. Calls that are made up by seeds come to all its operations, from callers of all roles, and
from those that have none. An ordinary client uses a loop of its own meanwhile, and before.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from benchmarks import servers
from benchmarks.attack import report
from benchmarks.attack.calls import BY_SCHEMATHESIS, CUSTOMER
from benchmarks.attack.sender import Came, Order
from benchmarks.attack.world import World
from benchmarks.failures import MeasureFailed
from benchmarks.figures import Figure, Goal
from benchmarks.machine import cpu_seconds, peak_bytes
from benchmarks.progress import Progress
from benchmarks.servers import Server
from benchmarks.storage import start_storage
from localhost.environment import ROOT

CALLS, SEED, CONNECTIONS = 1_000_000, 20260929, 4
_QUIET_SECONDS = 300.0
_FIRST_CALLS = 300
"""Calls that are made before, and not judged: by them, what the host imports when it is first needed is there."""
_MB = 1024 * 1024
_SCHEDULE = {"TRAIN_SCHEDULE": "0 * * * * *"}
"""The deployed one: the trainer works while the calls come."""


def measure(
    progress: Progress,
    calls: int = CALLS,
    seed: int = SEED,
    *,
    quiet_seconds: float = _QUIET_SECONDS,
    first_calls: int = _FIRST_CALLS,
    by_schemathesis: float = BY_SCHEMATHESIS,
) -> list[Figure]:
    """Send calls of a seed, and find what is wrong with their answers, the host's memory and the ordinary client."""
    with start_storage(tables_apart=True) as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        model = servers.model_file(loop, folder)
        with servers.product({**loop, **_SCHEDULE}) as host:
            world = World(host.url)
            progress.show("making loops and keys")
            world.make(model)
            if first_calls:
                before = Order(host.url, seed, -first_calls, 0, CONNECTIONS, world.keys, by_schemathesis=0)
                attack(progress, host, before)
            progress.show(f"the ordinary client alone, for {quiet_seconds:.0f} s")
            with _ordinary_client(world, "quiet") as quiet:
                time.sleep(quiet_seconds)
            began, cpu = time.perf_counter(), cpu_seconds(host.pid)
            with _ordinary_client(world, "hostile") as hostile:
                order = Order(host.url, seed, 0, calls, CONNECTIONS, world.keys, by_schemathesis)
                came = attack(progress, host, order)
            seconds, cpu = time.perf_counter() - began, cpu_seconds(host.pid) - cpu
            peak = peak_bytes(host.pid) / _MB
            errors = report.errors(host.read_log()) if report.count(came, "failed") else ""
    print(f"\n{report.table(came)}\n{report.wrong(came, seed)}\n{errors}")
    return _figures(came, quiet, hostile, seconds, cpu, peak, seed)


@dataclass(slots=True)
class _Client:
    """What the ordinary client saw in a phase; times in seconds, from the shortest on."""

    times: list[float] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)

    def ms(self, share: float) -> float:
        """In which time a share of its calls was answered."""
        return self.times[int(len(self.times) * share)] * 1000


@contextmanager
def _ordinary_client(world: World, prefix: str) -> Iterator[_Client]:
    """Let it use its loop; what it saw is there at the end."""
    command = [sys.executable, "-m", "benchmarks.attack.ordinary_client", f"{world.url}/{CUSTOMER}", prefix]
    experience = _Client()
    with _process(command) as client:
        assert client.stdin is not None  # noqa: S101
        client.stdin.write(f"{world.customer_key}\n")
        client.stdin.flush()
        yield experience
        printed, _ = client.communicate(timeout=60)
    if client.returncode:
        raise MeasureFailed("the ordinary client ended with an error")
    document = json.loads(printed)
    experience.times, experience.failed = sorted(document["times"]), document["failed"]


def attack(progress: Progress, host: Server, order: Order) -> Came:
    """Send all calls of an order, and show how far they are."""
    came, began, wanted = Came(), time.perf_counter(), order.end - order.first
    with _process([sys.executable, "-m", "benchmarks.attack.sender"]) as sender:
        assert sender.stdin is not None and sender.stdout is not None  # noqa: S101, PT018
        sender.stdin.write(f"{json.dumps(asdict(order))}\n")
        sender.stdin.flush()
        for line in sender.stdout:
            came.add(Came.read(line))
            rate = came.calls / (time.perf_counter() - began)
            left = (wanted - came.calls) / rate / 60 if rate else 0.0
            memory = peak_bytes(host.pid) / _MB
            progress.show(
                f"{came.calls:,} of {wanted:,} calls, {rate:.0f} a second, {came.kinds.total()} wrong, "
                f"peak {memory:.0f} MB, {left:.0f} minutes left"
            )
    if came.calls != wanted:
        raise MeasureFailed(f"only {came.calls} of {wanted} calls were sent")
    return came


@contextmanager
def _process(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with process:
            yield process
    finally:
        process.kill()


def _figures(
    came: Came, quiet: _Client, hostile: _Client, seconds: float, cpu: float, peak: float, seed: int
) -> list[Figure]:
    rate = Figure("hostile", "hostile calls", "calls/s", [came.calls / seconds], details=report.details(came, seed))
    none = Goal("at most", 0)
    return [
        rate,
        Figure("hostile", "processor time of a hostile call", "ms", [1000 * cpu / came.calls]),
        *(Figure("hostile", what, "", [report.count(came, kind)], goal=none) for kind, what in report.KINDS.items()),
        Figure("hostile", "peak memory of the host", "MB", [peak], goal=Goal("at most", 400)),
        Figure("hostile", "ordinary client: failed calls", "", [sum(hostile.failed.values())], goal=none),
        Figure(
            "hostile",
            "ordinary client: 99 % of its calls",
            "ms",
            [hostile.ms(0.99)],
            [quiet.ms(0.99)],
            "alone",
            Goal("at most", 3),
            {
                "calls": len(hostile.times),
                "alone": f"{len(quiet.times)} calls, {sum(quiet.failed.values())} failed",
                "half, 95 %, all, in ms": [round(hostile.ms(share), 1) for share in (0.5, 0.95, 0.99999)],
                "the same alone": [round(quiet.ms(share), 1) for share in (0.5, 0.95, 0.99999)],
                "failed": hostile.failed,
            },
        ),
    ]
