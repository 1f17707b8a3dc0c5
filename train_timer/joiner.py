"""The joiner: turns rows into log, part by part, each row exactly once."""

import gzip
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

from shared.configuration.configuration import Configuration
from shared.intake import scan
from shared.intake.rows import Event, Observation
from shared.intake.scan import RowQuery, Tables
from shared.learner import work_folder
from shared.log import log_store, manifest_store, marks
from shared.log.join import BEFORE_US, Arrival, Join, Repetitions, Requests
from shared.log.reward_runs_store import LostRun
from shared.metrics.bins import Bin, PartMetrics, total
from shared.metrics.tally import Tally
from shared.settings import settings
from shared.training import collected_store, time_slices
from shared.training.lease import Trainer
from shared.training.training_state import Counters, Intent
from train_timer import damaged_log, logged_ids, part_observations
from train_timer.intake_window import Events
from train_timer.logged_ids import LoggedIds
from train_timer.part import Part, PartContent, mark_of
from train_timer.profiler import Profiler
from train_timer.reward_sieve import Sieve, Stretch

_LEVEL = 1

_log = logging.getLogger(__name__)


class Joiner:
    """The join of one run, from the join position up to a watermark.

    Args:
        watermark_us: Events that arrived earlier, and the observations of their windows, are all in storage.
        earlier: The marks of log that earlier runs read or wrote.
        sieve: The rewards that earlier runs have taken out of all that wait.

    Attributes:
        sums: The sums over the joined events.
    """

    def __init__(
        self,
        trainer: Trainer,
        tables: Tables,
        configuration: Configuration,
        watermark_us: int,
        earlier: LoggedIds,
        sieve: Sieve | None = None,
    ) -> None:
        position_us = trainer.state.joined_up_to_us
        shards = configuration.shards
        self.sums = Bin(position_us)
        self._trainer = trainer
        self._tables = tables
        self._configuration = configuration
        self._watermark_us = watermark_us
        self._wait_us = configuration.rewards.wait_us
        self._logged_ids = earlier
        self._covered = False
        self._profiler = Profiler(configuration.logs_deleted_before_us)
        self._requests = _recent_requests(tables, shards, position_us)
        ends = [(watermark_us, configuration.rewards.wait_us)]
        if (intent := trainer.state.intent) is not None:
            ends.append((intent.to_us, intent.rewards.wait_us))  # the wait may have been shorter when it was begun
        ahead_us = max(to_us + time_slices.lookahead_us(wait_us) for to_us, wait_us in ends)
        self._events = Events(tables, shards, position_us, max(ends)[0], ahead_us)
        complete_us = watermark_us + configuration.rewards.wait_us
        self._observations = part_observations.read(trainer, tables, shards, ends, complete_us, sieve or Sieve())

    def close(self) -> None:
        """Stop reading the intake."""
        self._events.close()

    def save_profile(self) -> None:
        """Write the profile of the events' features."""
        self._trainer.check()
        self._profiler.save()

    def join_part(self) -> bool:
        """Turn the next part into log, or collect rewards first; False if neither can be done yet."""
        if self._observations.collect():
            return True
        intent = self._trainer.state.intent or self._next_intent()
        if intent is None:
            self._skip_ahead()
            return False
        if self._observations.collect(intent.to_us + intent.rewards.wait_us):
            return True
        if self._expects_rows(intent):
            return False
        self._trainer.commit(replace(self._trainer.state, intent=intent))
        try:
            self._join(intent)
        except LostRun as lost:
            _log.warning("the rewards that wait are collected anew: %s", lost)
            collected_store.begin_anew(self._trainer)
            return False
        return True

    def _join(self, intent: Intent) -> None:
        with work_folder.folder() as folder:
            file = Path(folder) / "part.dsjson.gz"
            written = self._write(intent, file)
            self._trainer.check()
            if written.lines:
                self._store(intent, file, written)
        metrics = written.tally.freeze(intent.from_us)
        self._commit(intent, written.counters, metrics)
        self.sums = total([self.sums, *metrics.bins], self.sums.from_us)
        self._profiler.pass_on(intent.to_us)

    def _store(self, intent: Intent, file: Path, content: PartContent) -> None:
        """Store the part's log blob, then name the blob in the manifest of its day, then store the marks.

        A trainer that dies in between leaves a blob that no reader knows of; the next one joins the same intent, gets
        the same bytes, and names the blob.
        """
        ends = (intent.from_us, intent.to_us)
        numbers = (content.lines, content.events, content.unpacked_bytes, content.answered_otherwise)
        manifest_store.put(log_store.create(*ends, file, intent.rewards, *numbers), self._trainer.check)
        self._trainer.check()
        self._logged_ids.add(*ends, content.marks)

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
        to_us = min(self._events.fit(to_us), self._observations.fit(from_us - BEFORE_US, to_us - BEFORE_US) + BEFORE_US)
        deleted_us = self._configuration.logs_deleted_before_us
        exploration = self._configuration.service.exploration_percentage
        return Intent(from_us, to_us, rewards, deleted_us, self._lookback_us(from_us), exploration)

    def _expects_rows(self, intent: Intent) -> bool:
        """Whether rows of a part may still come, as one of those there was written under a longer deadline than ours.

        So it is for a while after `WRITE_DEADLINE` was changed. Then the grace begins that much later.
        """
        wait_us = intent.rewards.wait_us
        if self._observations.lacks(intent.to_us + wait_us):
            return True
        self._observations.move_to_part(intent.from_us, intent.to_us, wait_us)
        self._events.fit(intent.to_us)  # reads them
        longer_us = max(self._events.deadline_us, self._observations.deadline_us) - settings().write_deadline_us
        return longer_us > 0 and intent.to_us + wait_us + longer_us > self._watermark_us + self._wait_us

    def _first_us(self, position_us: int, length_us: int) -> int | None:
        """The first moment with a row to log: an event, or an observation that is ready and belongs to no event."""
        event_us = self._events.first_us()
        limit_us = self._watermark_us if event_us is None else time_slices.cell(position_us, event_us, length_us)[0]
        ready_us = self._first_ready_us(position_us, limit_us)
        return event_us if ready_us is None else ready_us

    def _first_ready_us(self, from_us: int, to_us: int) -> int | None:
        """The first moment of a range at which an observation is ready that is not log; looks at some at once."""
        deleted_us, begin_us = self._configuration.logs_deleted_before_us, from_us - BEFORE_US
        while begin_us < to_us - BEFORE_US:
            end_us = self._observations.fit(begin_us, to_us - BEFORE_US)
            ready = list(self._observations.between(begin_us, end_us))
            logged = self._find_logged(map(mark_of, ready), from_us, self._lookback_us(from_us), deleted_us)
            for row in ready:
                if mark_of(row) not in logged:
                    return row.at_us + BEFORE_US
            begin_us = end_us
        return None

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

    def _write(self, intent: Intent, file: Path) -> PartContent:
        self._observations.move_to_part(intent.from_us, intent.to_us, intent.rewards.wait_us)
        part = self._part(intent)
        ready = self._observations.between(intent.from_us - BEFORE_US, intent.to_us - BEFORE_US)
        with file.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as log:
            part.write(log, self._events.take(intent.to_us), ready)
        self._observations.remove_logged(part.join.joined_keys)
        self._requests.forget(intent.to_us)
        return part.content

    def _part(self, intent: Intent) -> Part:
        wait_us = intent.rewards.wait_us
        ids = (arrival.event_id for arrival, _ in self._events.ahead(intent.to_us))
        of_event = self._observations.of_part(Stretch(intent.from_us, intent.to_us, wait_us), ids)
        wanted, deleted_us = self._marks_of(intent, of_event), intent.deleted_before_us
        logged = self._find_logged(wanted, intent.from_us, intent.lookback_us, deleted_us)
        return Part(
            intent,
            Join(of_event, wait_us, lambda observation: mark_of(observation) in logged),
            Repetitions(self._events.ahead(intent.to_us + time_slices.lookahead_us(wait_us)), self._requests),
            self._requests,
            logged,
            self._profiler,
            PartContent(Tally(intent.exploration)),
        )

    def _marks_of(self, intent: Intent, of_event: Mapping[str, Sequence[Observation]]) -> Iterator[int]:
        """The marks of the events of a part, and of the observations that the part may log."""
        for arrival, _ in self._events.ahead(intent.to_us):
            yield marks.event_mark(arrival.event_id)
            yield from map(mark_of, of_event.get(arrival.event_id, ()))
        for observation in self._observations.between(intent.from_us - BEFORE_US, intent.to_us - BEFORE_US):
            yield mark_of(observation)
            yield marks.event_mark(observation.event_id)

    def _find_logged(self, wanted: Iterable[int], from_us: int, lookback_us: int, deleted_us: int) -> Set[int]:
        """Find which marks are in the log that a part looks back on.

        Args:
            from_us: Where the part begins.
            deleted_us: What was logged before is forgotten.
        """
        wanted = set(wanted)
        if not wanted:
            return wanted
        self._list_marks()
        return self._logged_ids.find(wanted, from_us, lookback_us, deleted_us)

    def _list_marks(self) -> None:
        """List the marks in storage when they are first needed; the parts of this run are added as they come."""
        if self._covered:
            return
        state = self._trainer.state
        if not state.has_marks:
            position_us = state.joined_up_to_us
            since_us = position_us - self._lookback_us(position_us)
            deleted_us = self._configuration.logs_deleted_before_us
            for damage in logged_ids.mark_earlier_log(since_us, position_us, deleted_us):
                damaged_log.pass_over(self._trainer, damage)
            self._trainer.commit(replace(self._trainer.state, has_marks=True))
        self._logged_ids.list_anew()
        self._covered = True

    def tidy_marks(self) -> None:
        """Merge the marks of parts, and delete those that no part will look for again.

        A part that is not finished must find the marks that it found at first.
        """
        if self._covered and self._trainer.state.intent is None:
            position_us = self._trainer.state.joined_up_to_us
            wait_us, long_waits = self._configuration.rewards.wait_us, self._trainer.state.long_waits
            self._logged_ids.merge(self._trainer, self._lookback_us(position_us))
            age_us = time_slices.marks_age_us(wait_us, long_waits, position_us)
            forgotten_us = max(position_us - age_us, self._configuration.logs_deleted_before_us)
            self._logged_ids.forget(self._trainer, forgotten_us)

    def tidy_rewards(self) -> None:
        """Merge the runs of rewards that wait, and delete those that no later part needs."""
        if self._trainer.state.intent is None:
            self._observations.tidy(self._configuration.logs_deleted_before_us)

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
