"""The join of parts, or of one shard of each: the rows of a window, of which one part after the other becomes log."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path

from shared.intake import scan
from shared.intake.keys import canonical
from shared.intake.rows import Event, Observation, read_event
from shared.intake.scan import Tables
from shared.intake.sharding import JoinShard
from shared.log import log_store, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.log.join import BEFORE_US, Arrival, Join, Repetitions, Requests, of_earlier_ids
from shared.log.manifest import LogBlob
from shared.log.marks import event_mark
from shared.metrics.tally import Tally
from shared.settings import settings
from shared.training import time_slices
from shared.training.training_state import Intent
from train_timer.event_window import Events
from train_timer.intake_reads import select_rows
from train_timer.part import Part, PartContent, mark_of
from train_timer.part_observations import PartEnd, PartObservations
from train_timer.profiler import Profiler
from train_timer.reward_sieve import Stretch
from train_timer.reward_tally import RewardTally

type FindLogged = Callable[[set[int], int, int, int], Set[int]]
"""Finds which marks are in the log that a part looks back on: marks, where the part begins, its lookback, and what was
deleted before; as `LoggedIds.find`."""


class PartJoin:
    """Joins parts in sequence, from a position on up to a watermark; rows that are read serve all of them.

    Args:
        shard: Whose rows are joined.
        position_us: Where the first part begins, or later.
        watermark_us: Events that arrived earlier, and the observations of their windows, are all in storage.
        wait_us: The configured reward wait time.
        ends: Where the last part may end.
        observations: The observations of the parts.
        profiler: Is given the events; None if nobody wants a sample of them.
    """

    def __init__(
        self,
        tables: Tables,
        shard: JoinShard,
        position_us: int,
        watermark_us: int,
        wait_us: int,
        ends: Sequence[PartEnd],
        observations: PartObservations,
        find_logged: FindLogged,
        profiler: Profiler | None,
    ) -> None:
        self._watermark_us = watermark_us
        self._wait_us = wait_us
        self._find_logged = find_logged
        self._profiler = profiler
        self._requests = _recent_requests(tables, shard, position_us)
        ahead_us = max(to_us + time_slices.lookahead_us(wait_us) for to_us, wait_us in ends)
        self.events = Events(tables, shard, position_us, max(ends)[0], ahead_us)
        self.observations = observations

    def close(self) -> None:
        """Stop reading the intake."""
        self.events.close()

    def expects_rows(self, intent: Intent) -> bool:
        """Whether rows of a part may still come, as one of those there was written under a longer deadline than ours.

        So it is for a while after `WRITE_DEADLINE` was changed. Then the grace begins that much later.
        """
        wait_us = intent.rewards.wait_us
        if self.observations.lacks(intent.to_us + wait_us):
            return True
        self.observations.move_to_part(intent.from_us, intent.to_us, wait_us)
        self.events.fit(intent.to_us)  # reads them
        longest_us = max(self.events.deadline_us, self.observations.deadline_us)
        longer_us = longest_us - settings().write_deadline_us
        return longer_us > 0 and intent.to_us + wait_us + longer_us > self._watermark_us + self._wait_us

    def write(self, intent: Intent, file: Path) -> PartContent:
        """Write the lines of a part, compressed.

        Raises:
            LostRun: Rewards that wait cannot be read.
        """
        self.observations.move_to_part(intent.from_us, intent.to_us, intent.rewards.wait_us)
        part = self._part(intent)
        ready = self.observations.between(intent.from_us - BEFORE_US, intent.to_us - BEFORE_US)
        with file.open("wb") as raw, stored_lines.pack(raw) as log:
            part.write(log, self.events.take(intent.to_us), ready)
        self.observations.remove_logged(part.join.joined_keys)
        self._requests.forget(intent.to_us)
        return part.content

    def _part(self, intent: Intent) -> Part:
        wait_us = intent.rewards.wait_us
        event_marks = {arrival.event_id: event_mark(arrival.event_id) for arrival, _ in self.events.ahead(intent.to_us)}
        stretch = Stretch(intent.from_us, intent.to_us, wait_us)
        of_part = self.observations.of_part(stretch, {*event_marks, *map(canonical, event_marks)})
        of_event = of_earlier_ids(of_part, event_marks)
        wanted, deleted_us = set(self._marks_of(intent, event_marks, of_event)), intent.deleted_before_us
        logged = self._find_logged(wanted, intent.from_us, intent.lookback_us, deleted_us)
        return Part(
            intent,
            Join(of_event, wait_us, lambda observation: bool(logged) and mark_of(observation) in logged),
            Repetitions(self.events.ahead(intent.to_us + time_slices.lookahead_us(wait_us)), self._requests),
            self._requests,
            event_marks,
            logged,
            self._profiler,
            PartContent(Tally(intent.exploration), RewardTally(intent.from_us, intent.to_us)),
            CorrectedLines(intent.corrections),
        )

    def _marks_of(
        self, intent: Intent, event_marks: Mapping[str, int], of_event: Mapping[str, Sequence[Observation]]
    ) -> Iterator[int]:
        """The marks of the events of a part, and of the observations that the part may log."""
        yield from event_marks.values()
        for event_id in event_marks:
            yield from map(mark_of, of_event.get(event_id, ()))
        for observation in self.observations.between(intent.from_us - BEFORE_US, intent.to_us - BEFORE_US):
            yield mark_of(observation)
            if observation.event_id not in event_marks:
                yield event_mark(observation.event_id)


def list_ends(watermark_us: int, wait_us: int, intent: Intent | None) -> list[PartEnd]:
    """Where the last part may end: at the watermark, or where the part in progress does.

    The reward wait time may have been shorter when that was begun.
    """
    return [(watermark_us, wait_us)] + ([] if intent is None else [(intent.to_us, intent.rewards.wait_us)])


def create_blob(intent: Intent, file: Path, content: PartContent, shard: int | None = None) -> LogBlob:
    """Store the log blob of a part, or of a shard of it, once; gives the blob that is there."""
    ends = (intent.from_us, intent.to_us)
    numbers = (content.lines, content.events, content.unpacked_bytes, content.answered_otherwise)
    return log_store.create(*ends, file, intent.rewards, *numbers, shard=shard)


def _recent_requests(tables: Tables, shard: JoinShard, position_us: int) -> Requests:
    """The requests of the last two minutes before the position."""
    query = select_rows("events", shard, position_us - BEFORE_US, position_us, keys_only=True)
    arrivals = [_arrival(read_event(row)) for row in scan.read_rows(tables, query)]
    requests = Requests()
    for arrival in sorted(arrivals, key=lambda arrival: arrival.at_us):
        requests.is_event(arrival)
    return requests


def _arrival(event: Event) -> Arrival:
    return Arrival(event.at_us, event.event_id, event.request_hash)
