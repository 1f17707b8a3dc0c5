"""`join`, its second half: a large part that workers join in shards, against one instance that joins a shard's worth.

Storage is 5 milliseconds away: tables are simulated, blobs and queue are the emulator's behind a proxy. The workers of
this benchmark do not run at once, for no machine here has so many processors. Each shard is joined by itself, as if by
a worker that has joined another part before. The time of the part is that of the longest shard, and what the trainer
takes beside: intent, messages, results, manifest and commit, and one pause between two looks for results.

Each worker has as many events as the one instance. All rows of the large part would be more for it than proportionally:
a crowded minute does not fit into memory, and is read again in pieces.
"""

import time
from typing import Any

from benchmarks import sides
from benchmarks.backlog import CELL_US, SHARDS, Backlog
from benchmarks.delay import delay_answers
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.simulated_tables import serve
from benchmarks.storage import Storage, settings
from localhost.azurite.accounts import EmulatedAccount, Ports

GOALS = {4: 3.2, 16: 12.0}
EVENTS, ROUNDS, DELAY_MS = 40_000, 2, 5


def measure(progress: Progress, storage: Storage, events: int = EVENTS, rounds: int = ROUNDS) -> list[Figure]:
    """Measure events a second with 4 and with 16 workers, and of one instance."""
    rates = {workers: list[float]() for workers in GOALS}
    last, alone = dict[int, Any](), list[float]()
    for number in range(rounds):
        progress.show(f"one instance, round {number + 1} of {rounds}")
        result = _join(storage, join_alone, 1, events)
        alone.append(events / result["seconds"])
        for workers in GOALS:
            progress.show(f"{workers} workers, round {number + 1} of {rounds}")
            last[workers] = _join(storage, join_shards, workers, events * workers)
            rates[workers].append(events * workers / _seconds(last[workers]))
    return [_figure(workers, events, rates[workers], alone, last[workers]) for workers in GOALS]


def _figure(workers: int, events: int, rates: list[float], alone: list[float], last: Any) -> Figure:
    return Figure(
        "join",
        f"{workers} workers join {events} events each, storage {DELAY_MS} ms away; one works at a time",
        "events/s",
        rates,
        alone,
        "one instance",
        Goal("at least", GOALS[workers]),
        {
            "seconds of the longest shard": max(last["shards"]),
            "seconds of a shard on average": sum(last["shards"]) / workers,
            "seconds of the trainer": last["own"],
            "seconds of one instance": events / alone[-1],
        },
    )


def _seconds(result: Any) -> float:
    """How long a part takes if all of its shards are joined at once."""
    return float(result["own"] + max(result["shards"]))


def _join(storage: Storage, side: Any, workers: int, events: int) -> Any:
    """Let a side join a part that nobody has joined before."""
    from_us, shards = Backlog(1, 0).from_us(), workers if workers > 1 else SHARDS
    with serve(from_us, events, shards, DELAY_MS, storage.loop()) as tables:
        result = _run(storage, tables, side, shards, from_us)
    if result["events"] != events:
        raise SideFailed(f"not all of {events} events were joined: {result}")
    return result


def _run(storage: Storage, tables: int, side: Any, workers: int, from_us: int) -> Any:
    """Let a side join the rows, in an account of its own."""
    account = storage.azurite.new_account()
    with delay_answers(account.ports.blob, DELAY_MS) as blob, delay_answers(account.ports.queue, DELAY_MS) as queue:
        delayed = EmulatedAccount(account.name, account.key, Ports(blob, queue, tables))
        return sides.run(
            side, settings(delayed.connection_string, SHARDS=str(workers)), workers=workers, from_us=from_us
        )


def join_alone(workers: int, from_us: int) -> dict[str, Any]:
    """Join all rows as one instance does; the number of workers does not matter.

    All rows lie in one cell. The cell after it may be over as well, and would be split, as it follows a large part.
    """
    del workers
    trainer, joiner = _begin(from_us, events=0)
    began, cpu = time.perf_counter(), time.process_time()
    while trainer.state.joined_up_to_us < from_us + CELL_US and joiner.join_part():
        continue
    seconds = time.perf_counter() - began
    joiner.close()
    trainer.release()
    return {"seconds": seconds, "cpu": time.process_time() - cpu, "events": trainer.state.counters.events}


def join_shards(workers: int, from_us: int) -> dict[str, Any]:
    """Join all rows in shards, one after the other."""
    from shared.training import shard_result_store
    from train_timer import shard_workers
    from train_timer.shard_join import ShardJoins

    spent = list[float]()

    class Workers(ShardJoins):
        """All workers: the first call joins all shards, each by itself."""

        def join(self, intent: Any, shard: int, complete_us: int) -> None:
            del shard
            for each in range(workers):
                began = time.perf_counter()
                ShardJoins().join(intent, each, complete_us)
                spent.append(time.perf_counter() - began)

    shard_workers._PATIENCE_SECONDS = 0
    trainer, joiner = _begin(from_us, events=30_000, workers=Workers())
    shard_result_store.remove_all()
    began = time.perf_counter()
    if not joiner.join_part():
        raise RuntimeError("the part was not joined")
    seconds = time.perf_counter() - began
    joiner.close()
    trainer.release()
    own = seconds - sum(spent) + shard_workers._PAUSE_SECONDS
    return {"own": own, "shards": spent, "events": trainer.state.counters.events}


def _begin(from_us: int, events: int, workers: Any = None) -> tuple[Any, Any]:
    """Take the lease of a loop whose last part had so many events, and have connections open.

    Args:
        workers: Who joins shards.
    """
    from dataclasses import replace

    from shared.configuration import configuration_store
    from shared.intake import scan
    from shared.settings import settings
    from shared.storage.clock import now_us
    from shared.training import join_queue, lease
    from shared.training.training_state import Intent, PartSize
    from train_timer import run
    from train_timer.join_memory import JoinMemory
    from train_timer.joiner import Joiner

    trainer = lease.take(run._first_state)
    if trainer is None:
        raise RuntimeError("another trainer is at work")
    configuration = configuration_store.read_configuration()
    size = PartSize(events, CELL_US) if events else None
    trainer.commit(replace(trainer.state, joined_up_to_us=from_us, has_marks=True, last_part=size))
    join_queue.send(Intent(0, 1, configuration.rewards, 0, 0), [0], 0)
    watermark_us = now_us() - configuration.rewards.wait_us - settings().join_grace_us
    memory = JoinMemory(shard_joins=workers) if workers else JoinMemory()
    return trainer, Joiner(trainer, scan.list_tables(), configuration, watermark_us, memory)
