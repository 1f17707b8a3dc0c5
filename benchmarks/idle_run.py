"""`idle-run`: what a run of the trainer with nothing to do costs, under the deployed settings.

It runs every five minutes in Azure, and is billed for a second at least. A year of log is there, a part for each hour.
First with the rows of half an hour ago, in tables that last a day, then without tables, as on a day without a call. A
proxy between the trainer and storage counts the requests, and hands over each answer some milliseconds later, as
storage in a region would.
"""

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks import backlog, sides
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.storage import Storage, start_storage
from localhost.environment import STORAGE
from shared.storage import loop_threads
from shared.times import DAY, HOUR, MINUTE
from tests.faults.proxy import Fault, FaultProxy, Request

if TYPE_CHECKING:
    from shared.log.manifest import LogBlob

DAYS, DELAYS_MS, RUNS = 365, (5, 10), 5
LEASES, LISTS, TABLES, QUERIES, WRITES = "blob leases", "blob lists", "lists of tables", "table queries", "writes"
READS = {"GET": "blob reads", "HEAD": "blob properties"}
KINDS = (LEASES, LISTS, *READS.values(), TABLES, QUERIES, WRITES)
"""The kinds of requests, as price lists name them."""
_PART_US = 15 * MINUTE
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Idle:
    """Runs with nothing to do.

    Attributes:
        firsts: Seconds of each first run of a new process.
        rest: Of each run that followed in the same process, seconds and those of the processor.
        requests: Of one of these, by kind.
    """

    firsts: Sequence[float]
    rest: Sequence[dict[str, float]]
    requests: dict[str, float]


def measure(
    progress: Progress, days: int = DAYS, delays_ms: tuple[int, ...] = DELAYS_MS, runs: int = RUNS
) -> list[Figure]:
    """Measure seconds of a run, and count its requests."""
    with start_storage() as storage:
        progress.show("training a model")
        loop = {**storage.loop(), "INTAKE_SPAN": "P1D"}
        sides.run(backlog.fill, loop, clock=storage.clock.ports, parts=2, events=200)
        sides.run(learn, loop)
        progress.show(f"writing {days} days of log")
        sides.run(write_log, loop, days=days)
        after = {delay: _measure(progress, storage, loop, delay, runs) for delay in delays_ms}
        sides.run(drop_tables, loop)
        alone = _measure(progress, storage, loop, delays_ms[0], runs)
    return [
        *(_seconds(delay, days, idle_run) for delay, idle_run in after.items()),
        _requests("half an hour after the last call", after[delays_ms[0]]),
        _requests("on a day without a call", alone),
    ]


def _measure(progress: Progress, storage: Storage, loop: dict[str, str], milliseconds: int, runs: int) -> _Idle:
    progress.show(f"{runs} runs, storage {milliseconds} ms away")
    with _count_requests(storage, loop, milliseconds) as (reached, counted):
        firsts, rest, made = [], [], []
        for _ in range(runs):
            first, single = _counting(counted, lambda: sides.run(idle, reached, runs=1))
            both, two = _counting(counted, lambda: sides.run(idle, reached, runs=2))
            firsts += [first[0], both[0]]
            rest.append(both[1])
            made.append({name: two[name] - single[name] for name in KINDS})
    requests = {name: median(each[name] for each in made) for name in KINDS}
    return _Idle([each["seconds"] for each in firsts], rest, requests)


def _counting[Found](counted: Callable[[], Counter[str]], work: Callable[[], Found]) -> tuple[Found, Counter[str]]:
    """What comes of some work, and the requests that it makes."""
    before = counted()
    return work(), counted() - before


@contextmanager
def _count_requests(
    storage: Storage, loop: dict[str, str], milliseconds: int
) -> Iterator[tuple[dict[str, str], Callable[[], Counter[str]]]]:
    """Settings that lead through a proxy, and the requests that it has seen so far, by kind."""
    at, connection = storage.azurite.account.ports, loop[STORAGE]
    with ExitStack() as open_:
        proxies = []
        for port in (at.blob, at.table):
            proxy = FaultProxy(f"http://127.0.0.1:{port}", lambda _: Fault(after=milliseconds / 1000))
            proxies.append(open_.enter_context(proxy))
            connection = connection.replace(f"127.0.0.1:{port}", urlsplit(proxy.url).netloc)
        yield (
            {**loop, STORAGE: connection},
            lambda: Counter(kind(request) for proxy in proxies for request in proxy.requests),
        )


def kind(request: Request) -> str:
    """What a request is, in the words of the price list."""
    path, _, query = request.path.partition("?")
    if "comp=lease" in query:
        return LEASES
    if "comp=list" in query:
        return LISTS
    if path.endswith("/Tables"):
        return TABLES
    if path.endswith("()"):
        return QUERIES
    return READS.get(request.method, WRITES)


def _seconds(milliseconds: int, days: int, measured: _Idle) -> Figure:
    return Figure(
        "idle-run",
        f"a run with nothing to do, {days} days of log, storage {milliseconds} ms away",
        "s",
        [run["seconds"] for run in measured.rest],
        goal=Goal("at most", 1),
        details={
            "of which processor time, s": median(run["core"] for run in measured.rest),
            "the first of a new process, s": median(measured.firsts),
        },
    )


def _requests(when: str, measured: _Idle) -> Figure:
    counts = {name: count for name, count in measured.requests.items() if count}
    return Figure("idle-run", f"its requests to storage, {when}", "requests", [sum(counts.values())], details=counts)


def drop_tables() -> dict[str, int]:
    """Drop the intake's tables, as the trainer does once their day is over and all is log."""
    from shared.intake import scan
    from shared.storage.this_storage import tables

    gone = scan.list_tables().over(time.time_ns() // 1000 + 10 * DAY)
    for table in gone:
        tables().drop(table.name)
    return {"dropped": len(gone)}


def learn() -> dict[str, int]:
    """Let the trainer catch up."""
    from train_timer.run import Trainings

    Trainings().run(threading.Event())
    return {}


def write_log(days: int) -> dict[str, int]:
    """Store log of the days before, a part for each hour; what is in it does not matter, for nothing reads it.

    Four times as many parts would take the emulator more than a quarter of an hour.
    """
    from shared.configuration import configuration_store
    from shared.log import log_store, manifest_store

    rewards = configuration_store.read_configuration().rewards
    end_us = backlog.Backlog(1, 0).from_us() // DAY * DAY
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "part")
        file.write_bytes(b"log")

        def create(from_us: int) -> "LogBlob":
            return log_store.create(from_us, from_us + _PART_US, file, rewards, 10, {"cb": 10}, 3)

        for day_us in range(end_us - days * DAY, end_us, DAY):
            parts = loop_threads.at_once(create, range(day_us, day_us + DAY, HOUR), _AT_ONCE)
            manifest_store.put_part(parts, lambda: None)
    return {"written": days * 24}


def idle(runs: int) -> list[dict[str, Any]]:
    """Let the trainer run so often, as its timer does; gives the seconds of each run, and those of the processor."""
    from train_timer.run import Trainings

    durations, trainings = [], Trainings()
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        trainings.run(threading.Event())
        durations.append({"seconds": time.perf_counter() - began, "core": time.process_time() - used})
    return durations
