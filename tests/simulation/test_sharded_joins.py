"""Loops whose parts are joined in shards: by workers that die, by messages that are lost or come twice, by trainers.

With more schedules:

SIMULATION=deep python3 dev.py test -- tests/simulation/test_sharded_joins.py
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from shared.storage.paths import JOIN_QUEUE
from shared.storage.storage_answers import MessageLost
from shared.storage.this_storage import queues
from shared.storage_errors import StorageUnavailable
from shared.times import MINUTE
from shared.training import time_slices
from tests.simulation import plan, schedule
from tests.simulation.checks import check
from tests.simulation.virtual_time import SECOND
from tests.simulation.world import World
from train_timer.joiner import Joiner
from train_timer.shard_join import ShardJoins

_EVERY_SECONDS: Final = 2
_HIDDEN_SECONDS: Final = 5
_TAKEN = Counter[int]()
"""How many messages workers have dealt with, by how often these have come."""


class _Worker:
    """A process that takes a message now and then, as the host does; when it dies, another takes its place."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._work: Future[None] | None = None
        self._begin()
        self._plan()

    def _begin(self) -> None:
        self._process, self._joins = self._world.process("worker"), ShardJoins()

    def _plan(self) -> None:
        clock = self._world.clock
        clock.call_at(clock.now_us + _EVERY_SECONDS * SECOND, self._poll)

    def _poll(self) -> None:
        if self._process.is_dead:
            self._begin()
            self._work = None
        is_free = self._work is None or self._work.done()
        if is_free and self._world.storage.queues.has_visible(JOIN_QUEUE):
            self._work = self._process.begin(self._take)
        self._plan()

    def _take(self) -> None:
        try:
            for message in queues().receive(JOIN_QUEUE, 1, _HIDDEN_SECONDS):
                self._joins.take(message.text, message.dequeue_count)
                _TAKEN[message.dequeue_count] += 1
                queues().remove(JOIN_QUEUE, message)
        except (MessageLost, StorageUnavailable):
            return  # the message comes again


class _WorldOfWorkers(World):
    """A world in which workers take the messages of the join."""

    workers = 3

    @contextmanager
    def active(self) -> Iterator[None]:
        with super().active():
            for _ in range(self.workers):
                _Worker(self)
            yield


@pytest.fixture(autouse=True)
def sharded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part is joined in shards, but for those after an empty one."""
    monkeypatch.setattr(time_slices, "MOST_EVENTS_UNSPLIT", 0)
    monkeypatch.setattr(schedule, "World", _WorldOfWorkers)


def shards(outcome: Any) -> set[int | None]:
    """Of which shards there are log blobs."""
    from shared.log import manifest_store

    return {blob.shard for blob in outcome.reader.call(lambda: list(manifest_store.list_blobs(0, 10**17, 0)))}


def test_workers_join_the_shards_of_a_small_loop() -> None:
    """Without any fault."""
    _TAKEN.clear()
    with schedule.run(plan.calm(1, ranks=20)) as outcome:
        check(outcome)

        assert {0, 1, 2, 3} & shards(outcome)
    assert _TAKEN


def test_a_trainer_without_workers_joins_the_shards_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for a while, and then does it."""
    monkeypatch.setattr(_WorldOfWorkers, "workers", 0)

    with schedule.run(plan.calm(1, ranks=20)) as outcome:
        check(outcome)

        assert {0, 1, 2, 3} & shards(outcome)


@pytest.mark.parametrize("seed", range(200 if os.environ.get("SIMULATION") == "deep" else 30))
def test_a_loop_in_shards_survives_faults_and_deaths(seed: int) -> None:
    """Those of workers, of trainers, and of messages."""
    with schedule.run(plan.draw(seed)) as outcome:
        check(outcome)


def test_a_shard_that_is_too_large_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under faults: blobs of the part that was cut may be there, and their workers be late."""
    monkeypatch.setattr(time_slices, "MOST_EVENTS", 1)
    monkeypatch.setattr(time_slices, "cell_us", lambda *_: 3 * MINUTE)
    monkeypatch.setattr(time_slices, "shorten", lambda _, to_us, *__: to_us)
    cuts, cut = list[int](), Joiner._cut
    monkeypatch.setattr(Joiner, "_cut", lambda joiner, intent, to_us: (cuts.append(to_us), cut(joiner, intent, to_us)))

    for seed in range(100 if os.environ.get("SIMULATION") == "deep" else 4):
        with schedule.run(replace(plan.calm(seed, ranks=40), chances=plan.CHANCES)) as outcome:
            check(outcome)

    assert cuts
