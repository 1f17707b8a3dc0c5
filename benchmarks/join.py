"""`join`: rows become log, against a bare scan of the same rows by the tables SDK.

Both sides read the same backlog of 24 parts, one after the other, in fresh processes whose imports are done before the
clock runs. Ours does all of the join: it commits each part's intent and position, and stores each part's log blob.
The figures of workers are those of `shards`.
"""

import gzip
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import backlog, shards, sides
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.storage import start_storage

PARTS, EVENTS, ROUNDS = 24, 1000, 3


def measure(
    progress: Progress,
    parts: int = PARTS,
    events: int = EVENTS,
    rounds: int = ROUNDS,
    events_of_shard: int = shards.EVENTS,
    rounds_of_shards: int = shards.ROUNDS,
) -> list[Figure]:
    """Measure events a second of both sides, and of workers that join large parts."""
    with start_storage() as storage:
        by_workers = shards.measure(progress, storage, events_of_shard, rounds_of_shards)
        loop = storage.loop()
        progress.show(f"writing {parts} parts of {events} events")
        sides.run(backlog.fill, loop, clock=storage.clock.ports, parts=parts, events=events)
        joined, scanned, threaded = alternate(
            progress,
            rounds,
            lambda: sides.run(join_all, loop),
            lambda: sides.run(scan_all, loop, threads=1),
            lambda: sides.run(scan_all, loop, threads=8),
        )
    total = parts * events
    if {result["events"] for result in joined} != {total} or {result["rows"] for result in scanned} != {
        total + total // 2
    }:
        raise SideFailed("not all rows were joined, or not all were scanned")
    return [
        Figure(
            "join",
            f"{parts} parts of {events} events become log: 10 actions, half rewarded",
            "events/s",
            [total / result["seconds"] for result in joined],
            [total / result["seconds"] for result in scanned],
            "bare SDK scan",
            Goal("at least", 0.9),
            {
                "processor ms an event": 1000 * joined[0]["cpu"] / total,
                "processor ms an event of the scan": 1000 * scanned[0]["cpu"] / total,
                "events/s of the scan by 8 threads": total / threaded[0]["seconds"],
                "log bytes an event": joined[0]["bytes"] / total,
            },
        ),
        *by_workers,
    ]


def join_all(plain: str | None = None) -> dict[str, Any]:
    """Join the whole backlog, as one run does, and take the log away again.

    Args:
        plain: Where its lines go, as one plain file.
    """
    from shared.configuration import configuration_store
    from shared.intake import scan
    from shared.settings import settings
    from shared.storage.clock import now_us
    from shared.storage.paths import this_loop
    from shared.storage.this_storage import blobs
    from shared.training import lease
    from train_timer import run
    from train_timer.join_memory import JoinMemory
    from train_timer.joiner import Joiner

    trainer = lease.take(run._first_state)
    if trainer is None:
        raise RuntimeError("another trainer is at work")
    scan.list_tables()
    began, cpu = time.perf_counter(), time.process_time()
    configuration = configuration_store.read_configuration()
    watermark_us = now_us() - configuration.rewards.wait_us - settings().join_grace_us
    joiner = Joiner(trainer, scan.list_tables(), configuration, watermark_us, JoinMemory())
    while joiner.join_part():
        continue
    joiner.close()
    used = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    trainer.release()
    stored = list(blobs().list_blobs(this_loop().logs))
    if plain is not None:
        _write_plain(Path(plain), [blob.path for blob in stored])
    counters = trainer.state.counters
    for path in [this_loop().state, *blobs().list_paths(this_loop().manifests), *(blob.path for blob in stored)]:
        blobs().remove(path)
    return {
        **used,
        "events": counters.events,
        "rewards": counters.rewards,
        "parts": len(stored),
        "bytes": sum(blob.size_bytes for blob in stored),
    }


def _write_plain(file: Path, paths: Iterable[str]) -> None:
    from shared.storage.this_storage import blobs

    with file.open("wb") as lines:
        for path in sorted(paths):
            stored = blobs().read(path)
            lines.write(gzip.decompress(stored.data) if stored else b"")


def scan_all(threads: int) -> dict[str, Any]:
    """Read every row of every table, as the SDK gives it."""
    from concurrent.futures import ThreadPoolExecutor

    from azure.data.tables import TableServiceClient

    from shared.settings import settings

    service = TableServiceClient.from_connection_string(settings().storage.connection_string)
    service.get_service_properties()

    def read(table: str) -> int:
        return sum(1 for _ in service.get_table_client(table).list_entities())

    began, cpu = time.perf_counter(), time.process_time()
    tables = [table.name for table in service.list_tables()]
    if threads == 1:
        rows = sum(map(read, tables))
    else:
        with ThreadPoolExecutor(threads) as pool:
            rows = sum(pool.map(read, tables))
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "rows": rows}
