"""Clients that rank and reward, and the instances that answer them, die and come again."""

import random
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from copy import replace
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.intake import keys
from shared.intake.intake import Intake, StoredEvent
from shared.intake.rows import Event, Observation
from shared.log import ranked_event
from shared.log.ranked_event import TrialChances
from shared.models.published import Published
from shared.storage import json_documents
from shared.storage.paths import split_path, this_loop
from shared.storage_errors import StorageUnavailable
from tests.loop import past
from tests.simulation.faults import Died
from tests.simulation.outcome import Acknowledged, Outcome, Shown
from tests.simulation.plan import Rank
from tests.simulation.virtual_time import SECOND
from tests.simulation.world import World

PATIENCE: Final = 25
"""Seconds after which a client that has no answer calls again."""
TRIES: Final = 12
_REPEATED_WITHIN_US: Final = 55 * SECOND
"""A Rank that is repeated later, and takes its time, may be an event of its own."""
_CHANCES: Final = ((0.75, 0.25), (0.25, 0.75), (0.25, 0.5), (0.625, 0.125), (0.125, 0.625))
"""Of the shown action by both policies of a trial; most differ so much that an event decides the trial."""


class Instance:
    """An instance that answers calls; when it dies, another takes its place."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._number = 0
        self._begin()

    def start(self, call: Callable[[Intake], Coroutine[Any, Any, Any]]) -> "Future[Any]":
        """Start a call on the instance."""
        if self.process.is_dead:
            self._begin()
        return self.process.start(self._answer(call))

    async def _answer(self, call: Callable[[Intake], Coroutine[Any, Any, Any]]) -> Any:
        """Answer a call; the instance reads the configuration before the first one, and so learns what time it is."""
        if not self.process.rest.clock.has_answer:
            await self.process.rest.read_blob(this_loop().configuration)
        return await call(self._intake)

    def _begin(self) -> None:
        self._number += 1
        self.process = self._world.process(f"{self._name}.{self._number}")
        self._intake = Intake(self.process.rest, self._world.settings)


class Client:
    """Calls again until the call is acknowledged, or there is no sense in it any more."""

    def __init__(
        self,
        world: World,
        choose: Callable[[], Instance],
        acknowledged: Acknowledged,
        call: Callable[[Intake], Any],
        done: Callable[[Any], object],
    ) -> None:
        """Take what chooses an instance, the call, which is made anew with each try, and what is to happen then."""
        self._world = world
        self._choose = choose
        self._acknowledged = acknowledged
        self._call = call
        self._done = done
        self._tries = 0

    def try_again(self) -> None:
        """Call once more, unless it was tried too often."""
        self._tries += 1
        if self._tries > TRIES:
            return
        future = self._choose().start(self._call)
        patience = self._plan(PATIENCE, self._give_up)
        future.add_done_callback(lambda ended: self._end(ended, patience))

    def try_once(self) -> None:
        """Call once, and never again."""
        self._tries = TRIES - 1
        self.try_again()

    def _give_up(self) -> None:
        self._acknowledged.refused += 1
        self.try_again()

    def _end(self, ended: "Future[Any]", patience: Any) -> None:
        if patience.call is None:
            return  # the answer comes too late: the client has called again
        if ended.cancelled() or isinstance(ended.exception(), Died):
            return  # no answer
        patience.cancel()
        trouble = ended.exception()
        if trouble is None:
            self._done(ended.result())
        elif isinstance(trouble, StorageUnavailable):
            self._acknowledged.refused += 1
            self._plan(1, self.try_again)
        else:
            raise trouble

    def _plan(self, seconds: float, call: Callable[[], object]) -> Any:
        clock = self._world.clock
        return clock.call_at(clock.now_us + round(seconds * SECOND), call)


def plan_traffic(outcome: Outcome) -> None:
    """Plan the Ranks, and all that follows them."""
    world = outcome.world
    instances = [Instance(world, f"instance {number}") for number in range(1, outcome.plan.instances + 1)]
    for rank in outcome.plan.ranks:
        event = _Traffic(world, outcome.acknowledged, instances, rank, random.Random(rank.seed))
        world.clock.call_at(world.clock.now_us + rank.at_us, event.begin)


@dataclass(frozen=True, slots=True)
class _Traffic:
    """The calls about one event."""

    world: World
    acknowledged: Acknowledged
    instances: list[Instance]
    planned: Rank
    chance: random.Random

    def begin(self) -> None:
        """Rank, and now and then reward what nobody has ranked."""
        self._rank()
        if self.chance.random() < 0.2:
            self._observe(f"unknown{self.planned.number}", 0.5)

    def _rank(self) -> None:
        """Rank, and then reward most events, and activate most of those that need it; some Ranks are repeated."""
        event_id, user, deferred = f"e{self.planned.number}", self.planned.user, self.planned.is_deferred
        rank = self.acknowledged.ranks[event_id]

        async def call(intake: Intake) -> StoredEvent:
            otherwise, (mode, trial_id) = self.chance.random() < 0.3, self._loop()
            chances = _CHANCES[self.planned.seed % len(_CHANCES)]
            trial = TrialChances(trial_id, *chances) if trial_id else None
            event = _make_event(event_id, user, trial, deferred=deferred, otherwise=otherwise, mode=mode)
            event = replace(event, at_us=intake.arrival())
            rank.arrivals.append(event.at_us)
            self.acknowledged.answers[event_id].add(_shown(event_id, event.payload))
            return await intake.append_event(event, self.world.settings.shards)

        def note(stored: StoredEvent) -> bool:
            """Note an answer, and give whether it is the first."""
            is_first = not rank.is_acknowledged
            rank.is_acknowledged = True
            self.acknowledged.events[event_id][stored.at_us] = _shown(event_id, stored.payload)
            return is_first

        def done(stored: StoredEvent) -> None:
            if not note(stored):
                return
            if self.chance.random() < 0.3:
                at_us = stored.at_us + self.chance.randrange(_REPEATED_WITHIN_US)
                self.world.clock.call_at(at_us, self._client(call, note).try_once)
            for _ in range(self.chance.choice((0, 1, 1, 1, 2))):
                self._observe(event_id, self.chance.choice((0.0, 0.5, 1.0)))
            if deferred and self.chance.random() < 0.6:
                self._observe(event_id, None)

        self._client(call, done).try_again()

    def _observe(self, event_id: str, value: float | None) -> None:
        """Send a reward, or an activation if it has no value, within a minute or a little more."""
        observation_id = keys.observation_id(event_id.encode(), slot=None, value=value)
        observation = self.acknowledged.observations[event_id, observation_id]
        observation.value = value

        async def call(intake: Intake) -> None:
            row = Observation(event_id, observation_id, intake.arrival(), value)
            observation.arrivals.append(row.at_us)
            await intake.append_observation(row, self.world.settings.shards)

        def done(_: None) -> None:
            observation.is_acknowledged = True

        at_us = self.world.clock.now_us + self.chance.randrange(self.chance.choice((20, 60, 90)) * SECOND)
        self.world.clock.call_at(at_us, self._client(call, done).try_again)

    def _loop(self) -> tuple[LearningMode, str | None]:
        """The learning mode, and the trial that is on, for an instance that has just read what the loop is now."""
        find = self.world.storage.blobs.find
        stored, published = find(*split_path(this_loop().configuration)), find(*split_path(this_loop().published))
        assert stored is not None
        return _read_loop(stored.data, published and published.data)

    def _client(self, call: Callable[[Intake], Any], done: Callable[[Any], object]) -> Client:
        return Client(self.world, lambda: self.chance.choice(self.instances), self.acknowledged, call, done)


@lru_cache(256)
def _make_event(
    event_id: str, user: str, trial: TrialChances | None, *, deferred: bool, otherwise: bool, mode: LearningMode
) -> Event:
    """An event, also as another model decides about it, which may be published between a Rank and its repetition."""
    event = past.event(event_id, 0, user=user, deferred=deferred)
    ranked = ranked_event.unpack(event.payload, event.event_id, event.at_us)
    ranked = replace(ranked, model_id=f"model of {user}", mode=mode, trial=trial)
    if otherwise:
        ranked = replace(ranked, actions=b"[4,3,2,1]", probabilities=b"[0.7,0.1,0.1,0.1]", model_id="another")
    return replace(event, payload=ranked_event.pack(ranked))


@lru_cache(256)
def _read_loop(configuration: bytes, published: bytes | None) -> tuple[LearningMode, str | None]:
    read = json_documents.read(Configuration, configuration)
    trial = json_documents.read(Published, published).trial if published else None
    return read.service.learning_mode, trial.id if trial and read.trial_exploration else None


@lru_cache(256)
def _shown(event_id: str, payload: bytes) -> Shown:
    return ranked_event.unpack(payload, event_id, 0).shown[0]
