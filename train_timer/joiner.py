"""The joiner: turns rows into log, part by part, each row exactly once."""

import gzip
import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.rows import Event, Observation
from shared.intake.scan import RowQuery, Tables
from shared.learner import work_folder
from shared.log import log_store, manifest, manifest_store, ranked_event
from shared.log.join import BEFORE_US, Arrival, Join, Joined, Lone, Requests
from shared.log.log_line import event_line, lone_line
from shared.metrics.bins import Bin, PartMetrics, total
from shared.metrics.tally import Tally
from shared.training import time_slices
from shared.training.lease import Trainer
from shared.training.training_state import Counters, Intent
from train_timer.intake_window import Events, Observations
from train_timer.logged_ids import LoggedIds, event_mark, observation_mark
from train_timer.profiler import Profiler

_LEVEL = 1

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Written:
    """The content of a part's log blob, counted while it is written."""

    tally: Tally
    lines: int = 0
    unpacked_bytes: int = 0
    events: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    marks: list[int] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def counters(self) -> Counters:
        return Counters(**self.outcomes)


class Joiner:
    """The join of one run, from the join position up to a watermark.

    Args:
        watermark_us: Events that arrived earlier, and the observations of their windows, are all in storage.

    Attributes:
        sums: The sums over the joined events.
    """

    def __init__(
        self, trainer: Trainer, tables: Tables, configuration: Configuration, watermark_us: int, logged_ids: LoggedIds
    ) -> None:
        position_us = trainer.state.joined_up_to_us
        shards = configuration.shards
        self.sums = Bin(position_us)
        self._trainer = trainer
        self._tables = tables
        self._configuration = configuration
        self._watermark_us = watermark_us
        self._logged_ids = logged_ids
        self._covered = False
        self._profiler = Profiler(configuration.logs_deleted_before_us)
        self._requests = _recent_requests(tables, shards, position_us)
        begun_us = trainer.state.intent.to_us if trainer.state.intent else 0  # the wait may have been shorter then
        self._events = Events(tables, shards, position_us, max(watermark_us, begun_us))
        intent, wait_us = trainer.state.intent, configuration.rewards.wait_us
        last_us = max(watermark_us + wait_us, intent.to_us + intent.rewards.wait_us if intent else 0)
        self._observations = Observations(tables, shards, position_us - BEFORE_US, last_us)

    def close(self) -> None:
        """Stop reading the intake."""
        self._events.close()

    def save_profile(self) -> None:
        """Write the profile of the events' features."""
        self._trainer.check()
        self._profiler.save()

    def join_part(self) -> bool:
        """Turn the next part into log; False if none is complete yet."""
        intent = self._trainer.state.intent or self._next_intent()
        if intent is None:
            self._skip_ahead()
            return False
        self._trainer.commit(replace(self._trainer.state, intent=intent))
        with work_folder.folder() as folder:
            file = Path(folder) / "part.dsjson.gz"
            written = self._write(intent, file)
            self._trainer.check()
            if written.lines:
                self._store(intent, file, written)
        metrics = written.tally.freeze(intent.from_us)
        self._commit(intent, written.counters, metrics)
        self.sums = total([self.sums, *metrics.bins], self.sums.from_us)
        self._logged_ids.add(manifest.path(intent.from_us, intent.to_us), intent.to_us, written.marks)
        self._profiler.pass_on(intent.to_us)
        return True

    def _store(self, intent: Intent, file: Path, written: _Written) -> None:
        """Store the part's log blob, then name the blob in the manifest of its day.

        A trainer that dies in between leaves a blob that no reader knows of; the next one joins the same intent, gets
        the same bytes, and names the blob.
        """
        ends, rewards, unpacked = (intent.from_us, intent.to_us), intent.rewards, written.unpacked_bytes
        blob = log_store.create(*ends, file, rewards, written.lines, written.events, unpacked)
        manifest_store.put(blob, self._trainer.check)

    def _next_intent(self) -> Intent | None:
        position_us = self._trainer.state.joined_up_to_us
        rewards = self._configuration.rewards
        length_us = time_slices.cell_us(self._configuration.export_frequency_us, rewards.wait_us)
        first_us = self._first_us(position_us, length_us)
        if first_us is None:
            return None
        from_us, to_us = time_slices.cell(position_us, first_us, length_us)
        if to_us > self._watermark_us:
            return None
        if self._events.more_than(time_slices.MOST_EVENTS, to_us):
            from_us, to_us = time_slices.first_minute(from_us, to_us, first_us)
        deleted_us = self._configuration.logs_deleted_before_us
        exploration = self._configuration.service.exploration_percentage
        return Intent(from_us, to_us, rewards, deleted_us, self._lookback_us(from_us), exploration)

    def _first_us(self, position_us: int, length_us: int) -> int | None:
        """The first moment with a row to log: an event, or an observation that is ready and belongs to no event."""
        event_us = self._events.first_us()
        limit_us = self._watermark_us if event_us is None else time_slices.cell(position_us, event_us, length_us)[0]
        self._observations.move(position_us - BEFORE_US, limit_us - BEFORE_US)
        for observation in self._observations.between(position_us - BEFORE_US, limit_us - BEFORE_US):
            ready_us = observation.at_us + BEFORE_US
            from_us = time_slices.cell(position_us, ready_us, length_us)[0]
            if not self._is_logged(observation, from_us - self._lookback_us(from_us)):
                return ready_us
        return event_us

    def _skip_ahead(self) -> None:
        """Move the position past rows that are all logged, so that they are not read again and their tables can go."""
        state = self._trainer.state
        length_us = time_slices.cell_us(self._configuration.export_frequency_us, self._configuration.rewards.wait_us)
        to_us = self._watermark_us - self._watermark_us % length_us
        if to_us <= state.joined_up_to_us or (self._events.first_us() or to_us) < to_us:
            return
        passed = any(True for _ in self._observations.between(state.joined_up_to_us - BEFORE_US, to_us - BEFORE_US))
        if passed or self._tables.over(to_us - BEFORE_US):
            self._trainer.commit(replace(state, joined_up_to_us=to_us))

    def _write(self, intent: Intent, file: Path) -> _Written:
        wait_us = intent.rewards.wait_us
        self._observations.move(intent.from_us - BEFORE_US, intent.to_us + wait_us)
        join = Join(
            self._observations.of_event, wait_us, lambda observation: self._is_logged(observation, intent.since_us)
        )
        written = _Written(Tally(intent.exploration))
        with file.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as log:
            for arrival, payload in self._events.take(intent.to_us):
                self._write_event(log, join, intent, arrival, payload, written)
            for lone in self._lone(join, intent):
                _write_lone(log, lone, written)
            written.unpacked_bytes = log.tell()
        self._observations.remove_logged(join.joined_keys)
        self._requests.forget(intent.to_us)
        return written

    def _write_event(
        self, log: gzip.GzipFile, join: Join, intent: Intent, arrival: Arrival, payload: bytes, written: _Written
    ) -> None:
        # Also checked for deleted events: a repetition of a deleted event is no event.
        is_event = self._requests.is_event(arrival)
        if arrival.at_us < intent.deleted_before_us:
            return
        if not is_event:
            written.outcomes["repeated"] += 1
            return
        try:
            event = ranked_event.unpack(payload, arrival.event_id, arrival.at_us)
        except ValueError:
            _log.warning("an event of %s was damaged in storage and is left out", arrival.at_us)
            written.outcomes["refused"] += 1
            written.tally.add_damaged(arrival.at_us)
            return
        reused = join.has_event(arrival.event_id) or self._has_event(arrival.event_id, intent.since_us)
        joined = join.event(arrival)
        line = event_line(event, joined.observations, intent.rewards)
        log.write(line.text + b"\n")
        self._profiler.add(arrival.at_us, event.document)
        _count_event(joined, reused, intent.rewards.default, written)
        written.outcomes["activated"] += event.deferred and any(
            observation.value is None for observation in joined.observations
        )
        kind = event.kind
        written.events[kind] += 1
        written.tally.add_event(event, kind, line)

    def _lone(self, join: Join, intent: Intent) -> Iterator[Lone]:
        ready = [
            observation
            for observation in self._observations.between(intent.from_us - BEFORE_US, intent.to_us - BEFORE_US)
            if observation.at_us >= intent.deleted_before_us
        ]
        yield from join.lone(ready, lambda event_id: self._has_event(event_id, intent.since_us))

    def _is_logged(self, observation: Observation, since_us: int) -> bool:
        self._cover()
        return self._logged_ids.holds(observation, since_us)

    def _has_event(self, event_id: str, since_us: int) -> bool:
        self._cover()
        return self._logged_ids.has_event(event_id, since_us)

    def _cover(self) -> None:
        """Load the marks of the lookback when they are first needed; the parts of this run are added as they come."""
        if self._covered:
            return
        state = self._trainer.state
        position_us = state.joined_up_to_us
        since_us = position_us - self._lookback_us(position_us)
        if state.intent is not None:
            since_us = min(since_us, state.intent.since_us)
        for blob in self._logged_ids.cover(since_us, position_us, self._configuration.logs_deleted_before_us):
            manifest_store.put(blob, self._trainer.check)
        self._covered = True

    def _lookback_us(self, from_us: int) -> int:
        return time_slices.lookback_us(self._configuration.rewards.wait_us, self._trainer.state.long_waits, from_us)

    def _commit(self, intent: Intent, counters: Counters, metrics: PartMetrics) -> None:
        state = self._trainer.state
        self._trainer.commit(
            replace(
                state,
                joined_up_to_us=intent.to_us,
                intent=None,
                counters=state.counters.plus(counters),
                metrics=state.metrics.plus(metrics),
                long_waits=time_slices.waits_after(state.long_waits, intent.to_us, intent.rewards.wait_us),
            )
        )


def _recent_requests(tables: Tables, shards: int, position_us: int) -> Requests:
    """The requests of the last two minutes before the position."""
    query = RowQuery("events", range(shards), position_us - BEFORE_US, position_us, keys_only=True)
    arrivals = [_arrival(scan.parse_event(row)) for row in scan.read_rows(tables, query)]
    requests = Requests()
    for arrival in sorted(arrivals, key=lambda arrival: arrival.at_us):
        requests.is_event(arrival)
    return requests


def _arrival(event: Event) -> Arrival:
    return Arrival(event.at_us, event.event_id, event.request_hash)


def _count_event(joined: Joined, reused: bool, default: float, written: _Written) -> None:
    arrival = joined.arrival
    written.lines += 1
    written.marks.append(event_mark(arrival.event_id))
    written.marks.extend(observation_mark(arrival.event_id, row.observation_id) for row in joined.observations)
    rewards = [row.value for row in joined.observations if row.value is not None]
    outcomes = written.outcomes
    outcomes["events"] += 1
    outcomes["rewards"] += len(rewards)
    outcomes["reused_ids"] += reused
    outcomes["out_of_range"] += sum(abs(value) > 1 for value in rewards)
    outcomes["unlike_default"] += sum(value != default for value in rewards)


def _write_lone(log: gzip.GzipFile, lone: Lone, written: _Written) -> None:
    log.write(lone_line(lone.observation, late=lone.late) + b"\n")
    written.lines += 1
    written.marks.append(observation_mark(lone.observation.event_id, lone.observation.observation_id))
    written.outcomes["late" if lone.late else "dangling"] += 1
    written.tally.add_lone(lone.observation.at_us, late=lone.late)
