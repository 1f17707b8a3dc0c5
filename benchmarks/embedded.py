"""`embedded`: storage in a folder, against an Azurite that saves into a folder, as `up` stored earlier.

Both sides of `up` have a model that they have learned from the same calls; then they are asked in turns. The load
shares the machine with what it measures. A transaction of SQLite is one fsync of its log. SQLite counts transactions in
the index of the log (sqlite.org/walformat.html), so what the disk takes is told apart from what the program takes.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import batched
from pathlib import Path
from statistics import median

from benchmarks import backlog, examples, join, servers, sides, storage, up
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.load import Answered, Load, send
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from localhost.environment import STORAGE
from shared.intake.rows import Event
from shared.storage.interface import Connection
from shared.times import DAY

ACTIONS, CLIENTS, ROUNDS, SECONDS, WORKERS = 50, 32, 5, 3.0, 2
TAUGHT = 500
"""The events of which the model is learned."""
PARTS, EVENTS, JOINS = 24, 1000, 3
ROWS, ROWS_OF_END = 1_000_000, 10_000
_PATIENCE = 60.0
_SYNCS = 200
_FRAME = bytes(4096 + 24)
"""As long as a page in SQLite's log."""
_number = iter(range(1_000_000))


def measure(
    progress: Progress,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    parts: int = PARTS,
    events: int = EVENTS,
    joins: int = JOINS,
    rows: int = ROWS,
    rows_of_end: int = ROWS_OF_END,
) -> list[Figure]:
    """Measure Ranks a second, the join of a backlog, and inserts into a large table."""
    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        return [
            *_measure_ranks(progress, Path(folder, "ranks"), rounds, seconds),
            _measure_join(progress, Path(folder, "join"), joins, parts, events),
            _measure_inserts(progress, Path(folder, "inserts"), rows, rows_of_end),
        ]


# Ranks


def _measure_ranks(progress: Progress, folder: Path, rounds: int, seconds: float) -> list[Figure]:
    folder.mkdir()
    with ExitStack() as running:
        progress.show("three loops start and learn")
        ours = running.enter_context(up.serve(folder / "one"))
        several = running.enter_context(up.serve(folder / "several", workers=WORKERS))
        theirs = running.enter_context(up.serve(folder / "azurite", azurite=True))
        for loop in (ours, several, theirs):
            _teach(loop)
        syncs: list[int] = []

        def burst_of_ours() -> Answered:
            before = _transactions(ours.storage)
            answered = _burst(ours, seconds)
            syncs.append(_transactions(ours.storage) - before)
            return answered

        own, more, other = alternate(
            progress, rounds, burst_of_ours, lambda: _burst(several, seconds), lambda: _burst(theirs, seconds)
        )
        sync_seconds = time_sync(folder)
    syncs_a_second = sum(syncs) / sum(answered.seconds for answered in own)
    what = f"Ranks of `up`, {ACTIONS} actions × 10 features, the load on the same cores"
    return [
        Figure(
            "embedded",
            what,
            "Ranks/s",
            [answered.rate for answered in own],
            [answered.rate for answered in other],
            "up on Azurite",
            Goal("at least", 2.5),
            {
                "fsyncs a second": syncs_a_second,
                "Ranks for each fsync": sum(answered.count for answered in own) / sum(syncs),
                "ms of one fsync of a page, median": 1000 * sync_seconds,
                "share of the time that fsyncs take": sync_seconds * syncs_a_second,
                "half and 99 % of the answers, in ms": _times(own),
                "the same on Azurite": _times(other),
            },
        ),
        Figure(
            "embedded",
            f"the same with --workers {WORKERS}",
            "Ranks/s",
            [answered.rate for answered in more],
            [answered.rate for answered in own],
            "one worker",
            details={"half and 99 % of the answers, in ms": _times(more)},
        ),
    ]


def _teach(loop: up.Loop) -> None:
    """Have a loop learn from Ranks and rewards, until it ranks by a model."""
    loop.configure(rewardWaitTime="PT5S", modelExportFrequency="PT1S")
    for number in range(TAUGHT):
        event = f"taught-{number}"
        servers.ask(loop.url, event, ACTIONS)
        servers.call(loop.url, "POST", examples.REWARD_PATH.replace("EVENT-ID", event), b'{"value": 1}')
    until = time.monotonic() + _PATIENCE
    while servers.ask(loop.url, f"asked-{next(_number)}", ACTIONS)["modelless"]:
        if time.monotonic() > until:
            raise SideFailed("a loop has no model")
        time.sleep(0.5)
    loop.configure(modelExportFrequency="PT1H")


def _burst(loop: up.Loop, seconds: float) -> Answered:
    return send(Load(loop.url, ACTIONS, f"burst-{next(_number)}-", CLIENTS, seconds))


def _times(answered: list[Answered]) -> str:
    return f"{median(each.p50_ms for each in answered):.1f} and {median(each.p99_ms for each in answered):.1f}"


def _transactions(folder: Path) -> int:
    """How many transactions the databases of a storage have had since they were opened."""
    return sum(int.from_bytes(file.read_bytes()[8:12], "little") for file in folder.rglob("*.db-shm"))


def time_sync(folder: Path) -> float:
    """The seconds that it takes to bring a page to the disk, the median of many."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            file.write(_FRAME)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times)


# Join


def _measure_join(progress: Progress, folder: Path, rounds: int, parts: int, events: int) -> Figure:
    folder.mkdir()
    with storage.start_storage() as emulator:
        loops = [storage.settings(str(folder)), emulator.loop()]
        for loop, clock in zip(loops, ((), emulator.clock.ports), strict=True):
            progress.show(f"writing {parts} parts of {events} events")
            sides.run(backlog.fill, loop, clock=clock, parts=parts, events=events)
        ours, theirs = alternate(
            progress, rounds, lambda: sides.run(join.join_all, loops[0]), lambda: sides.run(join.join_all, loops[1])
        )
    total = parts * events
    if {result["events"] for result in (*ours, *theirs)} != {total}:
        raise SideFailed("not all rows were joined")
    return Figure(
        "embedded",
        f"{parts} parts of {events} events become log: 10 actions, half rewarded",
        "events/s",
        [total / result["seconds"] for result in ours],
        [total / result["seconds"] for result in theirs],
        "Azurite in memory",
        Goal("at least", 1.5),
    )


# Inserts


def _measure_inserts(progress: Progress, folder: Path, rows: int, rows_of_end: int) -> Figure:
    folder.mkdir()
    progress.show(f"inserting {rows:,} rows")
    result = sides.run(insert_all, storage.settings(str(folder)), rows=rows, rows_of_end=rows_of_end)
    return Figure(
        "embedded",
        f"an insert after {rows:,} rows of one table",
        "ms",
        [1000 * result["last"] / rows_of_end],
        [1000 * result["first"] / rows_of_end],
        f"of the first {rows_of_end:,} rows",
        Goal("at most", 1.2),
        {"inserts/s at the end": rows_of_end / result["last"], "MB on the disk": result["bytes"] / 2**20},
    )


def insert_all(rows: int, rows_of_end: int) -> dict[str, float]:
    """Insert rows, those of the beginning and of the end one by one, as Ranks that come at once do."""
    return asyncio.run(_insert_all(rows, rows_of_end))


async def _insert_all(rows: int, rows_of_end: int) -> dict[str, float]:
    folder, connection = Path(os.environ[STORAGE]), backlog.connect()
    placed = _events(rows + 2 * rows_of_end)
    first = await _insert_singly(connection, [next(placed) for _ in range(rows_of_end)])
    for some in batched((next(placed) for _ in range(rows)), 20_000, strict=False):
        await backlog.write(connection, list(some))
    last = await _insert_singly(connection, [next(placed) for _ in range(rows_of_end)])
    size = sum(file.stat().st_size for file in folder.rglob("*.db"))
    return {"first": first, "last": last, "bytes": size}


def _events(number: int) -> Iterator[backlog.Placed]:
    """Rows of events, one after the other in time, all of one table."""
    payloads = [backlog.payload(10, variant) for variant in range(examples.VARIANTS)]
    day_us = time.time_ns() // 1000 // DAY * DAY
    for place in range(number):
        hash_, payload = payloads[place % len(payloads)]
        event = Event(f"{os.urandom(8).hex()}-{place}", hash_, day_us + place * DAY // number, payload)
        yield backlog.event_row(event)


async def _insert_singly(connection: Connection, placed: list[backlog.Placed]) -> float:
    """Insert rows one by one, as many at a time as there are clients; gives the seconds."""
    for table in {table for table, _ in placed}:
        await connection.create_table(table)
    rows = iter(placed)

    async def insert() -> None:
        for table, row in rows:
            await connection.insert(table, [row])

    began = time.perf_counter()
    await asyncio.gather(*(insert() for _ in range(CLIENTS)))
    return time.perf_counter() - began
