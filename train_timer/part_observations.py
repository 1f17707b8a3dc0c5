"""The observations of parts: those of a whole window where the wait is short, only a part's own where it is long."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import override

from shared.errors import LoopError
from shared.intake.rows import Observation
from shared.intake.scan import Tables
from shared.intake.sharding import JoinShard
from shared.log import marks, reward_runs
from shared.log.join import BEFORE_US
from shared.log.reward_runs import Record
from shared.log.reward_runs_store import RunReader
from shared.times import to_iso
from shared.training import time_slices
from shared.training.lease import Trainer
from shared.training.training_state import CollectedRewards
from train_timer import reward_sieve
from train_timer.observation_window import Observations
from train_timer.reward_collection import Collection
from train_timer.reward_sieve import Sieve, Stretch

type PartEnd = tuple[int, int]
"""Where a part ends, and its reward wait time."""
type EventReader = Callable[[Stretch, int], tuple[int, array[int]]]
"""Reads which events arrived from a part on, as `reward_sieve.read_events`."""


class NotCollected(LoopError):
    """Rewards of a part are being collected anew, since what was collected cannot be read."""


class PartObservations(ABC):
    """The observations that parts need, one part after the other.

    Args:
        arrivals: The window of the intake in which observations become ready.
    """

    def __init__(self, arrivals: Observations) -> None:
        self._arrivals = arrivals

    @property
    def deadline_us(self) -> int:
        """The longest write deadline of the rows that were read."""
        return self._arrivals.deadline_us

    def between(self, from_us: int, to_us: int) -> Iterator[Observation]:
        """The observations that arrived in [from_us, to_us), which must be ready, and were not logged in this run."""
        return self._arrivals.between(from_us, to_us)

    def remove_logged(self, logged: Iterable[tuple[str, str]]) -> None:
        """Remove observations that are in the log now, and their repetitions."""
        self._arrivals.remove_logged(logged)

    def collect(self, to_us: int | None = None) -> bool:  # noqa: ARG002 - for those that collect
        """Collect some of what arrived before a moment; True if there is more."""
        return False

    def lacks(self, to_us: int) -> bool:  # noqa: ARG002 - for those that collect
        """Whether what arrived before a moment is not collected yet."""
        return False

    def note_reach(self, collected: CollectedRewards | None) -> CollectedRewards | None:
        """What the commit record is to say of what is collected, which may reach further: nothing came since."""
        return collected

    @abstractmethod
    def fit(self, from_us: int, to_us: int) -> int:
        """Move to what arrived in [from_us, to_us), or to as much of that as a part may look at; gives the end."""

    @abstractmethod
    def move_to_part(self, from_us: int, to_us: int, wait_us: int) -> None:
        """Move to what a part needs."""

    @abstractmethod
    def of_part(self, part: Stretch, event_ids: Iterable[str]) -> Mapping[str, Sequence[Observation]]:
        """The observations that a part's events may have, by event id, in order of arrival; others may be there, too.

        Raises:
            LostRun: A run cannot be read.
            NotCollected: They are being collected anew.
        """


class WindowObservations(PartObservations):
    """All observations of a part's window, from the intake."""

    @override
    def fit(self, from_us: int, to_us: int) -> int:
        return self._arrivals.move_some(from_us, to_us, None)

    @override
    def move_to_part(self, from_us: int, to_us: int, wait_us: int) -> None:
        self._arrivals.move(from_us - BEFORE_US, to_us + wait_us)

    @override
    def of_part(self, part: Stretch, event_ids: Iterable[str]) -> Mapping[str, Sequence[Observation]]:
        return self._arrivals.of_event


class CollectedObservations(PartObservations):
    """The observations that a part's events may have, from runs, and those that are ready, from the intake.

    The trainer has collected all that a part in progress needs before it began the part, unless it begins anew.
    """

    def __init__(
        self, arrivals: Observations, collected: Callable[[], CollectedRewards], events: EventReader, sieve: Sieve
    ) -> None:
        super().__init__(arrivals)
        self._collected = collected
        self._events = events
        self._sieve = sieve
        self._reader = RunReader()

    @override
    def fit(self, from_us: int, to_us: int) -> int:
        return self._arrivals.move_some(from_us, to_us, time_slices.MOST_READY)

    @override
    def move_to_part(self, from_us: int, to_us: int, wait_us: int) -> None:
        self._arrivals.move(from_us - BEFORE_US, to_us - BEFORE_US)

    @override
    def of_part(self, part: Stretch, event_ids: Iterable[str]) -> Mapping[str, Sequence[Observation]]:
        ids = {event_id: event_id for event_id in event_ids}
        wanted = array("Q", sorted({marks.event_mark(event_id) for event_id in ids}))
        first_us, last_us = part.from_us - BEFORE_US, part.to_us + part.wait_us
        of_event: dict[str, list[Observation]] = {}
        for _, text in self._find(part, wanted):
            observation = reward_runs.read_observation(text)
            event_id = ids.get(observation.event_id)
            if event_id is not None and first_us <= observation.at_us < last_us:
                of_event.setdefault(event_id, []).append(observation)
        return of_event

    def _find(self, part: Stretch, wanted: Sequence[int]) -> Iterator[Record]:
        collected = self._collected()
        if collected.up_to_us < part.to_us + part.wait_us:
            raise NotCollected(f"rewards are collected up to {to_iso(collected.up_to_us)} only")
        if not self._sieve.covers(part, collected):
            if not reward_sieve.is_needed(part, collected):
                return chain.from_iterable(part.find(collected, self._reader, wanted))
            to_us, of_events = self._events(part, collected.up_to_us - part.wait_us)
            self._sieve.fill(replace(part, to_us=to_us), of_events, collected, self._reader)
        return self._sieve.find(wanted)


class CollectingObservations(CollectedObservations):
    """The same for the trainer, which collects."""

    def __init__(self, arrivals: Observations, collection: Collection, events: EventReader, sieve: Sieve) -> None:
        super().__init__(arrivals, lambda: _note_reach(collection), events, sieve)
        self._collection = collection

    @override
    def collect(self, to_us: int | None = None) -> bool:
        return self._collection.collect_steps() if to_us is None else self._collection.collect(to_us)

    @override
    def lacks(self, to_us: int) -> bool:
        return self._collection.reached_us < to_us

    @override
    def note_reach(self, collected: CollectedRewards | None) -> CollectedRewards | None:
        return _note_reach(self._collection)


def _note_reach(collection: Collection) -> CollectedRewards:
    return replace(collection.collected, up_to_us=collection.reached_us)


def read(
    trainer: Trainer, tables: Tables, shard: JoinShard, ends: Sequence[PartEnd], complete_us: int, sieve: Sieve
) -> PartObservations:
    """Begin to read the observations of parts that hold all ids, for the trainer.

    Args:
        ends: Where the last part may end.
        complete_us: Rows that arrived earlier are all in storage.
        sieve: What earlier runs have taken out of the runs of rewards.
    """
    position_us, longest_us = trainer.state.joined_up_to_us, max(wait_us for _, wait_us in ends)
    if not time_slices.is_long(longest_us):
        sieve.close()
        return _read_window(tables, shard, position_us, ends)
    collection = Collection(trainer, tables, shard, longest_us, complete_us)
    events = partial(reward_sieve.read_events, tables, shard)
    return CollectingObservations(_read_ready(tables, shard, position_us, ends), collection, events, sieve)


def read_shard(
    tables: Tables,
    shard: JoinShard,
    position_us: int,
    ends: Sequence[PartEnd],
    collected: Callable[[], CollectedRewards],
    sieve: Sieve,
) -> PartObservations:
    """Begin to read the observations of a shard of parts, for whoever joins it.

    Args:
        position_us: Where the first part begins.
        ends: Where the last part may end.
        collected: Reads what the trainer has collected for the part in progress.
        sieve: For what the shard's events get of all that waits.
    """
    if not time_slices.is_long(max(wait_us for _, wait_us in ends)):
        return _read_window(tables, shard, position_us, ends)
    events = partial(reward_sieve.read_events, tables, shard)
    return CollectedObservations(_read_ready(tables, shard, position_us, ends), collected, events, sieve)


def _read_window(tables: Tables, shard: JoinShard, position_us: int, ends: Sequence[PartEnd]) -> PartObservations:
    last_us = max(to_us + wait_us for to_us, wait_us in ends)
    return WindowObservations(Observations(tables, shard, position_us - BEFORE_US, last_us))


def _read_ready(tables: Tables, shard: JoinShard, position_us: int, ends: Sequence[PartEnd]) -> Observations:
    return Observations(tables, shard, position_us - BEFORE_US, max(to_us for to_us, _ in ends) - BEFORE_US)
