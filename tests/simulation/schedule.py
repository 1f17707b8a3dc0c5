"""Schedules: clients that rank and reward, instances that die and come again, and trainers, all decided by a seed."""

import gzip
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event as Stop
from typing import Any, Final

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import keys, scan
from shared.intake.intake import Intake, StoredEvent
from shared.intake.rows import Event, Observation
from shared.log import manifest_store, ranked_event
from shared.models import model_store, published_store
from shared.models.published import Published
from shared.status.learning_status import Waiting
from shared.status.waiting import count_waiting
from shared.storage import blobs
from shared.storage.paths import CONFIGURATION, STATE
from shared.storage_errors import StorageUnavailable
from shared.training import lease
from shared.training.training_state import State
from tests.loop import past
from tests.simulation import chained_learner
from tests.simulation.faults import Died, Seeded
from tests.simulation.virtual_time import SECOND
from tests.simulation.world import Process, World

MINUTE: Final = 60
_TRAFFIC_SECONDS: Final = (180, 180, 6)
"""Within how long all Ranks come; those of the shortest time are in few parts, which have many lines."""
TROUBLED_MINUTES: Final = 10
"""So long requests meet faults; most rows are log by then, and the first tables are dropped."""
QUICK: Final = {"WRITE_DEADLINE": "PT20S", "JOIN_GRACE": "PT25S", "INTAKE_SPAN": "PT1M"}
_FAR_US: Final = 10**17
_MOST_COUNTED: Final = 1_000
_PATIENCE: Final = 25
"""Seconds after which a client that has no answer calls again."""
_TRIES: Final = 12
_WAIT_MINUTES: Final = 1
WAIT_US: Final = _WAIT_MINUTES * MINUTE * SECOND
_MOST_MINUTES: Final = 60
_REPEATED_WITHIN_US: Final = 55 * SECOND
"""A Rank that is repeated later, and takes its time, may be an event of its own."""
_LONGEST_PAUSE: Final = 3600
"""Seconds after which the trainer tries again what was in trouble."""
_LEARNING: Final = (0, 0, 10, 35)
"""Seconds that a line takes to be learned; a part has so many lines that it is learned in pieces then."""
_DAY_US: Final = 24 * 3600 * SECOND


type Shown = tuple[int, float]


@dataclass(slots=True)
class Acknowledged:
    """What was answered with success.

    Attributes:
        events: What was shown, by event id, and by arrival time, as a Rank may be repeated: the action, counted from 1,
            and its chance.
        observations: The value by event id and observation id; None for an activation.
        answers: By event id all that a Rank was about to answer, whether or not its client got the answer.
        refused: How often a call was not answered with success.
    """

    events: defaultdict[str, dict[int, Shown]] = field(default_factory=lambda: defaultdict(dict))
    observations: dict[tuple[str, str], float | None] = field(default_factory=dict)
    answers: defaultdict[str, set[Shown]] = field(default_factory=lambda: defaultdict(set))
    refused: int = 0


class Instances:
    """The instance that answers calls; when it dies, another takes its place."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
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
            await self.process.rest.read_blob(CONFIGURATION)
        return await call(self._intake)

    def _begin(self) -> None:
        self._number += 1
        self.process = self._world.process(f"instance {self._number}", ahead_us=_wrong_us(self._chance))
        self._intake = Intake(self.process.rest, self._world.settings)


class Client:
    """Calls again until the call is acknowledged, or there is no sense in it any more."""

    def __init__(
        self,
        world: World,
        instances: Instances,
        acknowledged: Acknowledged,
        call: Callable[[Intake], Any],
        done: Callable[[Any], object],
    ) -> None:
        """Take the call, which is made anew with each try, and what is to happen once it is acknowledged."""
        self._world = world
        self._instances = instances
        self._acknowledged = acknowledged
        self._call = call
        self._done = done
        self._tries = 0

    def try_again(self) -> None:
        """Call once more, unless it was tried too often."""
        self._tries += 1
        if self._tries > _TRIES:
            return
        future = self._instances.start(self._call)
        patience = self._plan(_PATIENCE, self._give_up)
        future.add_done_callback(lambda ended: self._end(ended, patience))

    def try_once(self) -> None:
        """Call once, and never again."""
        self._tries = _TRIES - 1
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


@dataclass(slots=True)
class Outcome:
    """What a schedule has led to.

    Attributes:
        acknowledged: What clients were told.
        runs: How often a trainer ran.
        deaths: How many processes died.
    """

    world: World
    acknowledged: Acknowledged
    reader: Process
    runs: int = 0
    deaths: int = 0

    @property
    def state(self) -> State:
        """The commit record."""
        state = self.reader.call(lease.read_state)
        assert state is not None
        return state

    @property
    def published(self) -> Published:
        """What is published."""
        return self.reader.call(published_store.read_published)

    def read(self, path: str) -> bytes:
        """Read a blob."""
        stored = self.reader.call(blobs.read, path)
        assert stored is not None, path
        return stored.data

    def logs(self) -> list[list[bytes]]:
        """The lines of the log, part by part."""
        parts = self.reader.call(lambda: list(manifest_store.list_blobs(0, _FAR_US, 0)))
        return [gzip.decompress(self.read(part.path)).splitlines() for part in parts]

    def waiting(self) -> Waiting:
        """The Ranks that are not log yet, as the loop's status counts them."""
        configuration = self.reader.call(configuration_store.read_configuration)
        return self.reader.call(
            lambda: count_waiting(scan.list_tables(), configuration, lease.read_state(), _MOST_COUNTED)
        )

    def pieces(self) -> int:
        """How many models were made of some lines of a part."""
        paths = self.reader.call(lambda: [model.path for model in model_store.list_blobs() if model.is_description])
        return sum(b'"lines"' in self.read(path) for path in paths)

    def chained(self) -> bytes:
        """The state of a model that learns the log from the beginning."""
        configuration = self.reader.call(configuration_store.read_configuration)
        state = chained_learner.begin(_arguments(configuration))
        return chained_learner.chain(state, (line for lines in self.logs() for line in lines))


def _arguments(configuration: Configuration) -> list[str]:
    from shared.learner.arguments import parse

    parsed = parse(configuration.learning.arguments)
    return list(parsed.with_epsilon(configuration.service.exploration_percentage))


@contextmanager
def run(
    seed: int, faults: Seeded | None = None, *, events: int = 10, trainers: int = 1, **world_options: Any
) -> Iterator[Outcome]:
    """Run a schedule to its end, when all is joined and learned; its storage can be read in the `with` block.

    Args:
        trainers: How many processes run the trainer, each once a minute.
    """
    chance = random.Random(seed)
    if faults is not None:
        world_options = {"seconds_per_line": chance.choice(_LEARNING), **world_options}
    world = World(faults, variables=QUICK, **world_options)
    with world.active():
        outcome = Outcome(world, Acknowledged(), world.process("reader", ahead_us=_wrong_us(chance)))
        if faults is not None:
            faults.calm = True
        outcome.reader.call(configuration_store.change_configuration, _configure)
        if faults is not None:
            faults.calm = False
        _plan_traffic(world, outcome, events, chance)
        if faults is not None and chance.random() < 0.5:
            at_us = world.clock.now_us + chance.randrange(TROUBLED_MINUTES * MINUTE * SECOND)
            world.clock.call_at(at_us, partial(_change_exploration, world, chance))
        _train(world, outcome, faults, trainers, chance)
        yield outcome


def _configure(configuration: Configuration) -> Configuration:
    service = replace(configuration.service, reward_wait_time=f"PT{_WAIT_MINUTES}M", model_export_frequency="PT1S")
    return replace(configuration, service=service)


def _change_exploration(world: World, chance: random.Random) -> None:
    """Change the exploration, so that a new model learns all log; again after a while if it may not have succeeded."""
    operator = world.process("operator", ahead_us=_wrong_us(chance))
    future = operator.begin(configuration_store.change_configuration, partial(_explore_more, world.clock.now_us))

    def try_again() -> None:
        trouble = future.exception() if future.done() else Died()
        if isinstance(trouble, Died | StorageUnavailable | blobs.ChangedMeanwhile):
            _change_exploration(world, chance)
        elif trouble is not None:
            raise trouble

    world.clock.call_at(world.clock.now_us + MINUTE * SECOND, try_again)


def _explore_more(at_us: int, configuration: Configuration) -> Configuration:
    return configuration.with_service(replace(configuration.service, exploration_percentage=0.5), at_us)


def _plan_traffic(world: World, outcome: Outcome, events: int, chance: random.Random) -> None:
    """Plan the calls of clients within the first minutes: Ranks, of which some are deferred, and what follows them."""
    traffic = _Traffic(world, outcome.acknowledged, Instances(world, chance), chance)
    within_us = chance.choice(_TRAFFIC_SECONDS) * SECOND
    for number in range(events):
        at_us = world.clock.now_us + chance.randrange(within_us)
        user, deferred = chance.choice(past.USERS), chance.random() < 0.3
        world.clock.call_at(at_us, partial(traffic.rank, f"e{number}", user, deferred=deferred))
        if chance.random() < 0.2:
            world.clock.call_at(at_us, partial(traffic.observe, f"unknown{number}", 0.5))


@dataclass(frozen=True, slots=True)
class _Traffic:
    """The clients' calls."""

    world: World
    acknowledged: Acknowledged
    instances: Instances
    chance: random.Random

    def rank(self, event_id: str, user: str, *, deferred: bool) -> None:
        """Rank, and then reward most events, and activate most of those that need it; some Ranks are repeated."""

        async def call(intake: Intake) -> StoredEvent:
            event = past.event(event_id, intake.arrival(), user=user, deferred=deferred)
            if self.chance.random() < 0.3:
                event = _answer_otherwise(event)
            self.acknowledged.answers[event_id].add(_shown(event_id, event.payload))
            return await intake.append_event(event, self.world.settings.shards)

        def done(stored: StoredEvent) -> None:
            is_repeated = event_id in self.acknowledged.events
            self.acknowledged.events[event_id][stored.at_us] = _shown(event_id, stored.payload)
            if is_repeated:
                return
            if self.chance.random() < 0.3:
                at_us = stored.at_us + self.chance.randrange(_REPEATED_WITHIN_US)
                self.world.clock.call_at(at_us, self._client(call, done).try_once)
            if self.chance.random() < 0.8:
                self.observe(event_id, self.chance.choice((0.0, 0.5, 1.0)))
            if deferred and self.chance.random() < 0.6:
                self.observe(event_id, None)

        self._client(call, done).try_again()

    def observe(self, event_id: str, value: float | None) -> None:
        """Send a reward, or an activation if it has no value, within a minute."""
        observation_id = keys.observation_id(event_id.encode(), slot=None, value=value)

        async def call(intake: Intake) -> None:
            observation = Observation(event_id, observation_id, intake.arrival(), value)
            await intake.append_observation(observation, self.world.settings.shards)

        def done(_: None) -> None:
            self.acknowledged.observations[event_id, observation_id] = value

        at_us = self.world.clock.now_us + self.chance.randrange(MINUTE * SECOND)
        self.world.clock.call_at(at_us, self._client(call, done).try_again)

    def _client(self, call: Callable[[Intake], Any], done: Callable[[Any], object]) -> Client:
        return Client(self.world, self.instances, self.acknowledged, call, done)


def _answer_otherwise(event: Event) -> Event:
    """The event as another model decides about it, which may be published between a Rank and its repetition."""
    ranked = ranked_event.unpack(event.payload, event.event_id, event.at_us)
    other = replace(ranked, actions=b"[4,3,2,1]", probabilities=b"[0.7,0.1,0.1,0.1]", model_id="another")
    return replace(event, payload=ranked_event.pack(other))


def _shown(event_id: str, payload: bytes) -> Shown:
    return ranked_event.unpack(payload, event_id, 0).shown[0]


def _wrong_us(chance: random.Random) -> int:
    """By how much a machine's time of day is wrong; half of them are right."""
    return chance.choice((0, 1)) * chance.randrange(-_DAY_US, _DAY_US)


def _train(world: World, outcome: Outcome, faults: Seeded | None, trainers: int, chance: random.Random) -> None:
    """Run the trainers every minute while there is traffic, and after it, with no fault, until all is learned."""
    processes = [_TrainerProcess(world, outcome, f"trainer {number}", chance) for number in range(1, trainers + 1)]
    clock, began_us = world.clock, world.clock.now_us
    for minute in range(TROUBLED_MINUTES):
        for process in processes:
            second = minute * MINUTE + chance.randrange(MINUTE)
            clock.call_at(began_us + second * SECOND, process.run)
    clock.sleep(TROUBLED_MINUTES * MINUTE)
    if faults is not None:
        faults.calm = True
    clock.sleep(_TRIES * (_PATIENCE + 1) + _WAIT_MINUTES * MINUTE + 2 * MINUTE)
    for _ in range(_MOST_MINUTES):
        world.check()
        before = outcome.reader.call(blobs.read_etag, STATE)
        processes[0].run()
        clock.sleep(MINUTE)
        if before is not None and not processes[0].is_running and before == outcome.reader.call(blobs.read_etag, STATE):
            if not outcome.state.troubles:
                return
            clock.sleep(_LONGEST_PAUSE)
    raise AssertionError(f"the trainer comes to no end: {outcome.state}")


class _TrainerProcess:
    """A process that runs the trainer now and then; when it dies, another takes its place."""

    def __init__(self, world: World, outcome: Outcome, name: str, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._outcome = outcome
        self._name = name
        self._number = 0
        self._begin()

    @property
    def is_running(self) -> bool:
        """Whether the last run still goes on."""
        return self._run is not None and not self._run.done()

    def run(self) -> None:
        """Begin a run, unless the last one still goes on, as the platform does."""
        if self._process.is_dead:
            self._outcome.deaths += 1
            self._begin()
        elif self.is_running:
            return
        elif self._run is not None:
            self._run.result()
        self._outcome.runs += 1
        self._run = self._process.begin(self._trainings.run, Stop())

    def _begin(self) -> None:
        from train_timer.run import Trainings

        self._number += 1
        self._process = self._world.process(f"{self._name}.{self._number}", ahead_us=_wrong_us(self._chance))
        self._trainings = Trainings()
        self._run: Future[None] | None = None
