"""The joiner: turns rows into log, part by part, each row exactly once."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from pathlib import Path

from shared.configuration.configuration import Configuration
from shared.intake.scan import FAR_US, Tables
from shared.intake.sharding import JoinShard
from shared.learner import work_folder
from shared.log import manifest, manifest_store
from shared.log.reward_runs_store import LostRun
from shared.metrics.bins import Bin, PartMetrics, total
from shared.metrics.shards import combine
from shared.storage.this_storage import blobs
from shared.training import collected_store, reward_rate, shard_result_store, time_slices
from shared.training.cursor import Counters
from shared.training.lease import Trainer
from shared.training.reward_rate import RewardedEvents
from shared.training.training_state import Intent, PartSize
from train_timer import part_join, part_observations, shard_workers
from train_timer.join_memory import JoinMemory
from train_timer.last_day import LastDay
from train_timer.part import PartContent
from train_timer.part_join import PartJoin
from train_timer.part_marks import PartMarks
from train_timer.part_observations import PartEnd, PartObservations
from train_timer.part_plan import PartPlan
from train_timer.profiler import Profiler
from train_timer.reward_collection import Collection

_log = logging.getLogger(__name__)


class Joiner:
    """The join of one run, from the join position up to a watermark.

    Args:
        watermark_us: Events that arrived earlier, and the observations of their windows, are all in storage.
        memory: What earlier runs of the process have read.

    Attributes:
        sums: The sums over the joined events.
        marks: The marks of earlier log.
        last_day: The metrics of the last day.
    """

    def __init__(
        self, trainer: Trainer, tables: Tables, configuration: Configuration, watermark_us: int, memory: JoinMemory
    ) -> None:
        self.sums = Bin(trainer.state.joined_up_to_us)
        self._trainer = trainer
        self._tables = tables
        self._configuration = configuration
        self._watermark_us = watermark_us
        self._memory = memory
        self.marks = PartMarks(trainer, configuration, memory.logged_ids)
        self._plan = PartPlan(trainer, tables, configuration, watermark_us, self.marks, self._open)
        self._is_tidy = False
        self._profiler = Profiler(configuration.logs_deleted_before_us)
        self.last_day = LastDay(trainer, configuration.logs_deleted_before_us, watermark_us)
        self._collected = trainer.state.collected
        self._opened: PartJoin | None = None
        self._observations: PartObservations | None = None

    def close(self) -> None:
        """Stop reading the intake."""
        if self._opened is not None:
            self._opened.close()
        self._opened = self._observations = None

    def save_profile(self) -> None:
        """Write the profile of the events' features."""
        self._trainer.check()
        self._profiler.save()

    def join_part(self) -> bool:
        """Turn the next part into log, or collect rewards first; False if neither can be done yet."""
        self._remove_results()
        if time_slices.is_long(self._configuration.rewards.wait_us) and self._waiting.collect():
            return True
        intent = self._trainer.state.intent or self._plan.next_intent()
        if intent is None:
            self._plan.skip_ahead()
            return False
        if time_slices.is_long(intent.rewards.wait_us):
            if self._waiting.collect(intent.to_us + intent.rewards.wait_us):
                return True
            if self._waiting.lacks(intent.to_us + intent.rewards.wait_us):
                return False
        try:
            return self._join_whole(intent) if intent.shards == 1 else self._join_shards(intent)
        except LostRun as lost:
            _log.warning("the rewards that wait are collected anew: %s", lost)
            collected_store.begin_anew(self._trainer)
            return False

    @property
    def _waiting(self) -> PartObservations:
        """The observations of parts, read since they were first needed."""
        if self._observations is None:
            complete_us = self._watermark_us + self._configuration.rewards.wait_us
            self._observations = part_observations.read(
                self._trainer, self._tables, self._shard, self._ends, complete_us, self._memory.sieve
            )
        return self._observations

    @property
    def _shard(self) -> JoinShard:
        """All rows from the position on."""
        return JoinShard(self._configuration.shard_numbers(self._trainer.state.joined_up_to_us, FAR_US))

    @property
    def _ends(self) -> list[PartEnd]:
        wait_us = self._configuration.rewards.wait_us
        return part_join.list_ends(self._watermark_us, wait_us, self._trainer.state.intent)

    def _open(self) -> PartJoin:
        """The rows from the position on, read since they were first needed."""
        if self._opened is None:
            self._opened = PartJoin(
                self._tables,
                self._shard,
                self._trainer.state.joined_up_to_us,
                self._watermark_us,
                self._configuration.rewards.wait_us,
                self._ends,
                self._waiting,
                self.marks.find,
                self._profiler,
            )
        return self._opened

    def _join_whole(self, intent: Intent) -> bool:
        """Join a part at once; False if rows of it may still come."""
        if self._open().expects_rows(intent):
            return False
        self._trainer.commit(replace(self._trainer.state, intent=intent))
        self._join(intent)
        return True

    def _join(self, intent: Intent) -> None:
        with work_folder.folder() as folder:
            file = Path(folder) / "part.dsjson.gz"
            content = self._open().write(intent, file)
            self._trainer.check()
            if content.lines:
                self._store(intent, file, content)
        self._commit(intent, content.counters, content.tally.freeze(intent.from_us), content.rewarded.freeze())
        self._profiler.pass_on(intent.to_us)

    def _store(self, intent: Intent, file: Path, content: PartContent) -> None:
        """Store the part's log blob, then name the blob in the manifest of its day, then store the marks.

        A trainer that dies in between leaves a blob that no reader knows of; the next one joins the same intent, gets
        the same bytes, and names the blob.
        """
        manifest_store.put(part_join.create_blob(intent, file, content), self._trainer.check)
        self._trainer.check()
        self.marks.add(intent, content.marks)

    def _join_shards(self, intent: Intent) -> bool:
        """Join a part shard by shard; False if rows of it may still come.

        The blobs of all shards are there before the manifest names any of them.
        """
        state = self._trainer.state
        is_long = time_slices.is_long(intent.rewards.wait_us)
        collected = self._waiting.note_reach(state.collected) if is_long else state.collected
        self._trainer.commit(replace(state, intent=intent, collected=collected))
        self.close()
        complete_us = self._watermark_us + self._configuration.rewards.wait_us
        results = [
            result
            for _, result in sorted(
                shard_workers.collect(self._trainer, intent, complete_us, self._memory.shard_joins).items()
            )
        ]
        self._trainer.check()
        if any(result.expects_rows for result in results):
            shard_result_store.remove_all()
            return False
        if ends := [result.fits_up_to_us for result in results if result.fits_up_to_us is not None]:
            self._cut(intent, min(ends))
            return True
        if named := [result.blob for result in results if result.blob is not None]:
            manifest_store.put_part(named, self._trainer.check)
        self.marks.note_shards()
        counters = reduce(Counters.plus, [result.counters for result in results])
        rewarded = [stretch for result in results for stretch in result.rewarded]
        self._commit(intent, counters, combine([result.metrics for result in results]), rewarded)
        self._is_tidy = False
        return True

    def _remove_results(self) -> None:
        """Delete the results of a part that is finished, also if a trainer has died since."""
        state = self._trainer.state
        if not self._is_tidy and state.intent is None and state.last_part is not None and state.last_part.shards > 1:
            shard_result_store.remove_all()
            self._is_tidy = True

    def _cut(self, intent: Intent, to_us: int) -> None:
        """Begin a smaller part instead, and take away what was written of the large one, which no manifest names."""
        self._trainer.commit(replace(self._trainer.state, intent=replace(intent, to_us=to_us)))
        for shard in range(intent.shards):
            blobs().remove(manifest.path(intent.from_us, intent.to_us, shard))
        shard_result_store.remove_all()

    def tidy_rewards(self) -> None:
        """Merge the runs of rewards that wait, and delete those that no later part needs; all, if the wait is short."""
        state, wait_us = self._trainer.state, self._configuration.rewards.wait_us
        if state.intent is not None or state.collected is None:
            return
        if time_slices.is_long(wait_us):
            collection = Collection(self._trainer, self._tables, self._shard, wait_us, self._watermark_us + wait_us)
            collection.tidy(self._configuration.logs_deleted_before_us)
            if self._trainer.state.collected != self._collected:
                collected_store.remove_unnamed(self._trainer)
        else:
            collected_store.end(self._trainer)

    def _commit(
        self, intent: Intent, counters: Counters, metrics: PartMetrics, rewarded: Iterable[RewardedEvents]
    ) -> None:
        state = self._trainer.state
        rewarded = reward_rate.combine(rewarded, intent.from_us, intent.to_us)
        length_us = intent.to_us - intent.from_us
        self._trainer.commit(
            replace(
                state,
                joined_up_to_us=intent.to_us,
                intent=None,
                counters=state.counters.plus(counters),
                metrics=state.metrics.plus(metrics, intent.from_us, intent.to_us),
                long_waits=time_slices.waits_after(state.long_waits, intent.to_us, intent.rewards.wait_us),
                last_part=PartSize(counters.events, length_us, intent.shards),
                trial=state.trial.plus(metrics.trials) if state.trial else None,
                reward_rate=state.reward_rate.since(intent.deleted_before_us).plus(rewarded),
            )
        )
        self.last_day.add(metrics.details, intent.from_us, intent.to_us)
        self.sums = total([self.sums, *metrics.bins], self.sums.from_us)
