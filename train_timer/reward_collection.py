"""The collection: reads each reward that has to wait long for its event's window once, and stores it in sorted runs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from operator import itemgetter

from shared.intake import scan
from shared.intake.rows import read_observation
from shared.intake.scan import Tables
from shared.intake.sharding import JoinShard
from shared.log import marks, reward_runs, reward_runs_store
from shared.log.join import BEFORE_US
from shared.log.reward_runs import Record, RewardRun
from shared.settings import settings
from shared.storage.interface import Row
from shared.times import MINUTE
from shared.training import collected_store
from shared.training.lease import Trainer
from shared.training.training_state import CollectedRewards
from train_timer.intake_reads import Ahead, longest_deadline_us, select_rows, weigh_minute
from train_timer.observation_window import observation_order

_STEP_US = 10 * MINUTE
"""What is not needed by a part is collected in such steps of time, so that there are not too many runs."""
_MOST_BYTES = 32 * 1024 * 1024
"""Of the observations of a run that is collected, as text."""
_MOST_MERGED_BYTES = 128 * 1024 * 1024
_MOST_MERGED_RUNS = 16


class Collection:
    """The collection of one pass of the trainer.

    Args:
        wait_us: The reward wait time.
        complete_us: Rows that arrived earlier are all in storage, but for those with a longer write deadline than ours.

    Attributes:
        reached_us: What arrived earlier is collected; may be ahead of the commit record where nothing arrived.
    """

    def __init__(self, trainer: Trainer, tables: Tables, shard: JoinShard, wait_us: int, complete_us: int) -> None:
        self._trainer = trainer
        self._tables = tables
        self._shard = shard
        self._wait_us = wait_us
        self._complete_us = complete_us
        self._reading: tuple[int, Ahead[tuple[int, list[Row]]]] | None = None
        self._longer_us = 0
        self.reached_us = max(self.collected.up_to_us, self._first_us)

    @property
    def collected(self) -> CollectedRewards:
        """What is collected, by the commit record."""
        return self._trainer.state.collected or CollectedRewards(self._first_us)

    @property
    def _first_us(self) -> int:
        return max(0, self._trainer.state.joined_up_to_us - BEFORE_US)

    def collect_steps(self) -> bool:
        """Store runs of the steps of time that are over, as much as one run may hold; True if there is more."""
        longer_us = self._longer_us
        complete_us = self._complete_us - longer_us
        has_more = self.collect(complete_us - complete_us % _STEP_US)
        return has_more if self._longer_us == longer_us else self.collect_steps()

    def collect(self, to_us: int) -> bool:
        """Store runs of what arrived before a moment, as much as one run may hold; True if there is more."""
        size_bytes = 0
        while self.reached_us < to_us and size_bytes <= _MOST_BYTES:
            batch = self._read(to_us)
            if self._may_have_more(batch):
                self._reading = None
                return False
            self._store(batch)
            size_bytes += batch.size_bytes
        return self.reached_us < to_us

    def _store(self, batch: "_Batch") -> None:
        """Store a run, if there is anything to store.

        It is named by its content, and counts only once the commit record names it: what a crash leaves is no run.
        """
        self._trainer.check()
        run = reward_runs_store.create(batch.from_us, batch.to_us, batch.records)
        self.reached_us = batch.reached_us
        if run is not None:
            now = replace(self.collected, up_to_us=batch.reached_us, deadline_us=batch.deadline_us)
            self._commit(now, [], [run])

    def tidy(self, deleted_before_us: int) -> None:
        """Merge the runs of steps of time that are over, and delete those that no part needs any more.

        Raises:
            LeaseLost: Another trainer has taken over.
        """
        self._forget(max(self._trainer.state.joined_up_to_us, deleted_before_us) - BEFORE_US)
        while groups := self._groups():
            for runs in groups:
                self._trainer.check()
                merged = reward_runs_store.merge_runs(runs)
                self._commit(self.collected, runs, [] if merged is None else [merged])

    def _read(self, to_us: int) -> "_Batch":
        """Read up to a moment, or as much as a run may hold.

        No run is of two of the widest steps, so that all runs of a step can be merged.
        """
        if self._reading is None or self._reading[0] != to_us:
            query = replace(select_rows("rewards", self._shard, self.reached_us, to_us), exact=True)
            self._reading = to_us, Ahead(scan.slices(self._tables, query), weigh_minute)
        minutes, batch, step_us = self._reading[1], _Batch(self.reached_us), marks.step_us(self._wait_us)
        while (minute := minutes.peek()) is not None and not batch.is_over(minute[0], step_us):
            minutes.take()
            batch.add(*minute)
        batch.end(to_us if minute is None else min(minute[0] - MINUTE, to_us))
        return batch

    def _may_have_more(self, batch: "_Batch") -> bool:
        """Whether rows may still come, since some were written under a longer deadline than ours."""
        longest_us = max(batch.deadline_us, self.collected.deadline_us)
        self._longer_us = max(0, longest_us - settings().write_deadline_us)
        return batch.reached_us + self._longer_us > self._complete_us

    def _forget(self, before_us: int) -> None:
        gone = [run for run in self.collected.runs if run.to_us <= before_us]
        if gone:
            self._commit(self.collected, gone, [])

    def _groups(self) -> list[list[RewardRun]]:
        """The runs that become one each: of the widest steps of which some are over and not too large."""
        by_step = marks.group_by_step(self.collected.runs, self._wait_us, self.reached_us)
        return next((fitting for groups in by_step if (fitting := [*chain(*map(_fit, groups))])), [])

    def _commit(self, collected: CollectedRewards, gone: Sequence[RewardRun], new: Sequence[RewardRun]) -> None:
        collected_store.commit(self._trainer, collected, gone, new)


class _Batch:
    """What becomes a run.

    Attributes:
        records: In order of their marks, at the end.
        from_us: The observations arrived in [from_us, to_us).
        reached_us: Up to when the intake was read.
        deadline_us: The longest write deadline of the rows.
        size_bytes: Of the observations as text.
    """

    def __init__(self, from_us: int) -> None:
        self.records: list[Record] = []
        self.from_us = self.to_us = self.reached_us = from_us
        self.deadline_us = self.size_bytes = 0

    def is_over(self, end_us: int, step_us: int) -> bool:
        """Whether it is full, or a minute, which ends at a moment, is of another step of time than those before."""
        is_next = bool(self.records) and (end_us - MINUTE) // step_us > (self.to_us - 1) // step_us
        return is_next or self.size_bytes > _MOST_BYTES

    def add(self, end_us: int, rows: Sequence[Row]) -> None:
        """Add a minute."""
        if not self.records:
            self.from_us = max(self.from_us, end_us - MINUTE)
        self.to_us = end_us
        self.deadline_us = max(self.deadline_us, longest_deadline_us(rows))
        of_minute = _pack(rows)
        self.records += of_minute
        self.size_bytes += sum(len(text) for _, text in of_minute)

    def end(self, reached_us: int) -> None:
        """Take nothing more."""
        self.reached_us, self.to_us = reached_us, min(self.to_us, reached_us)
        self.records.sort(key=itemgetter(0))


def _pack(rows: Iterable[Row]) -> list[Record]:
    return [
        reward_runs.pack_observation(observation)
        for observation in sorted(map(read_observation, rows), key=observation_order)
    ]


def _fit(runs: Sequence[RewardRun]) -> list[list[RewardRun]]:
    """Divide runs in sequence into groups that are not too large to be merged; a run that stays alone is in none."""
    groups: list[list[RewardRun]] = [[]]
    for run in sorted(runs, key=lambda run: run.from_us):
        size_bytes = sum(other.size_bytes for other in groups[-1]) + run.size_bytes
        if groups[-1] and (size_bytes > _MOST_MERGED_BYTES or len(groups[-1]) == _MOST_MERGED_RUNS):
            groups.append([])
        groups[-1].append(run)
    return [group for group in groups if len(group) > 1]
