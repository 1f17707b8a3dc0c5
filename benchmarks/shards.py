"""`join`, its second half: a large part that workers join in shards, against the same rows joined by one instance.

Storage is 5 milliseconds away: tables are simulated, blobs and queue are the emulator's behind a proxy. The workers of
this benchmark do not run at once, for no machine here has so many processors. Each shard is joined by itself, as if by
a worker that has joined another part before. The time of the part is that of the longest shard, and what the trainer
takes beside: intent, messages, results, manifest and commit, and one pause between two looks for results.
"""

import time
from typing import Any

from benchmarks import sides
from benchmarks.delay import delay_answers
from benchmarks.failures import SideFailed
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.simulated_tables import serve
from benchmarks.storage import Storage, settings
from localhost.azurite.accounts import EmulatedAccount, Ports

GOALS = {4: 3.2, 16: 12.0}
EVENTS, ROUNDS, DELAY_MS = 20_000, 2, 5


def measure(progress: Progress, storage: Storage, events: int = EVENTS, rounds: int = ROUNDS) -> list[Figure]:
    """Measure events a second with 4 and with 16 workers, and of one instance."""
    return [_compare(progress, storage, workers, events * workers, rounds) for workers in GOALS]


def _compare(progress: Progress, storage: Storage, workers: int, events: int, rounds: int) -> Figure:
    progress.show(f"making {events} events in {workers} shards")
    with serve(events, workers, DELAY_MS, storage.loop()) as tables:
        alone, split = [], []
        for number in range(rounds):
            progress.show(f"{workers} workers, round {number + 1} of {rounds}")
            alone.append(_run(storage, tables, join_alone, workers))
            split.append(_run(storage, tables, join_shards, workers))
    if {result["events"] for result in (*alone, *split)} != {events}:
        raise SideFailed(f"not all of {events} events were joined: {alone} {split}")
    last = split[-1]
    return Figure(
        "join",
        f"{events} events become log by {workers} workers, storage {DELAY_MS} ms away; a worker runs at a time",
        "events/s",
        [events / (result["own"] + max(result["shards"])) for result in split],
        [events / result["seconds"] for result in alone],
        "one instance",
        Goal("at least", GOALS[workers]),
        {
            "seconds of the longest shard": max(last["shards"]),
            "seconds of all shards": sum(last["shards"]),
            "seconds of the trainer": last["own"],
            "seconds of one instance": alone[-1]["seconds"],
        },
    )


def _run(storage: Storage, tables: int, side: Any, workers: int) -> Any:
    """Let a side join the rows, in an account of its own."""
    account = storage.azurite.new_account()
    with delay_answers(account.ports.blob, DELAY_MS) as blob, delay_answers(account.ports.queue, DELAY_MS) as queue:
        delayed = EmulatedAccount(account.name, account.key, Ports(blob, queue, tables))
        return sides.run(side, settings(delayed, SHARDS=str(workers)), workers=workers)


def join_alone(workers: int) -> dict[str, Any]:
    """Join all rows as one instance does; the number of workers does not matter."""
    del workers
    trainer, joiner = _begin(events=0)
    began, cpu = time.perf_counter(), time.process_time()
    while joiner.join_part():
        continue
    seconds = time.perf_counter() - began
    joiner.close()
    trainer.release()
    return {"seconds": seconds, "cpu": time.process_time() - cpu, "events": trainer.state.counters.events}


def join_shards(workers: int) -> dict[str, Any]:
    """Join all rows in shards, one after the other."""
    from shared.training import shard_result_store
    from train_timer import shard_workers
    from train_timer.shard_join import ShardJoins

    spent = list[float]()

    class Workers(ShardJoins):
        """All workers: the first call joins all shards, each by itself."""

        def join(self, intent: Any, shard: int) -> None:
            del shard
            for each in range(workers):
                began = time.perf_counter()
                ShardJoins().join(intent, each)
                spent.append(time.perf_counter() - began)

    shard_workers._PATIENCE_SECONDS = 0
    trainer, joiner = _begin(events=30_000, workers=Workers())
    shard_result_store.remove_all()
    began = time.perf_counter()
    if not joiner.join_part():
        raise RuntimeError("the part was not joined")
    seconds = time.perf_counter() - began
    joiner.close()
    trainer.release()
    own = seconds - sum(spent) + shard_workers._PAUSE_SECONDS
    return {"own": own, "shards": spent, "events": trainer.state.counters.events}


def _begin(events: int, workers: Any = None) -> tuple[Any, Any]:
    """Take the lease of a loop whose last part had so many events, and have connections open.

    Args:
        workers: Who joins shards.
    """
    from dataclasses import replace

    from benchmarks.backlog import CELL_US, Backlog
    from shared.configuration import configuration_store
    from shared.intake import scan
    from shared.settings import settings
    from shared.storage.clock import now_us
    from shared.training import join_queue, lease
    from shared.training.training_state import Intent, PartSize
    from train_timer import run
    from train_timer.joiner import Joiner
    from train_timer.logged_ids import LoggedIds

    trainer = lease.take(run._first_state)
    if trainer is None:
        raise RuntimeError("another trainer is at work")
    from_us = Backlog(1, 0).from_us()
    configuration = configuration_store.read_configuration()
    size = PartSize(events, CELL_US) if events else None
    trainer.commit(replace(trainer.state, joined_up_to_us=from_us, has_marks=True, last_part=size))
    join_queue.send(Intent(0, 1, configuration.rewards, 0, 0), [0])
    watermark_us = now_us() - configuration.rewards.wait_us - settings().join_grace_us
    return trainer, Joiner(trainer, scan.list_tables(), configuration, watermark_us, LoggedIds(), workers)
