"""The join of single shards of a part, by whoever gets the shard's message or holds the lease.

Log blob, marks and result of a shard follow from the intent and the rows in storage. So it does not matter who joins a
shard, nor how often: what is there stays.
"""

import logging
from pathlib import Path
from threading import Lock

from shared.configuration import configuration_store
from shared.intake import scan
from shared.intake.scan import FAR_US
from shared.intake.sharding import JoinShard
from shared.learner import work_folder
from shared.storage.paths import in_loop, this_loop
from shared.training import join_queue, lease, shard_result_store
from shared.training.shard_result import ShardResult
from shared.training.training_state import CollectedRewards, Intent
from train_timer import part_join, part_observations
from train_timer.logged_ids import LoggedIds
from train_timer.part_join import PartJoin
from train_timer.profiler import Profiler
from train_timer.reward_sieve import Sieve

MOST_TRIES = 4
"""Fewer than the host makes before it puts a message aside."""

_log = logging.getLogger(__name__)


class ShardJoins:
    """The joins of shards in one process; rows that were read ahead serve the next part of the same shard."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._window: _Window | None = None

    def take(self, text: str, tries: int) -> None:
        """Join the shard of a message. An error is raised, so that the message comes again, but for the last try.

        Nobody looks after messages that failed too often: the trainer joins their shards itself.

        Args:
            tries: How often the message has come, this time included.
        """
        try:
            self._take(text)
        except Exception:
            if tries < MOST_TRIES:
                raise
            _log.exception("a shard could not be joined; the trainer does it")

    def _take(self, text: str) -> None:
        """Join the shard of a message; a message of a part that is not in progress any more does nothing."""
        message = join_queue.read(text)
        with in_loop(message.loop):
            state = lease.read_state()
            if state is not None and state.intent is not None and message.is_of(state.intent):
                self.join(state.intent, message.shard, message.complete_us)

    def join(self, intent: Intent, shard: int, complete_us: int) -> None:
        """Join a shard of the part in progress, unless it has a result.

        Args:
            complete_us: Up to there all rows are in storage, as the trainer has begun its pass.
        """
        if shard_result_store.exists(intent, shard):
            return
        window = self._take_window(intent, shard, complete_us)
        is_useful = False
        try:
            result = window.join(intent)
            if result is not None:
                shard_result_store.create(result)
                is_useful = not result.expects_rows
        finally:
            self._leave_window(window) if is_useful else window.close()

    def close(self) -> None:
        """Let go what was read ahead."""
        with self._lock:
            window, self._window = self._window, None
        if window is not None:
            window.close()

    def _take_window(self, intent: Intent, shard: int, complete_us: int) -> "_Window":
        """The rows that were read ahead, if they are those of the shard; else they are read from the part's start."""
        with self._lock:
            window, self._window = self._window, None
        if window is not None and window.serves(intent, shard, complete_us):
            return window
        if window is not None:
            window.close()
        return _Window(intent, shard, complete_us)

    def _leave_window(self, window: "_Window") -> None:
        """Keep what was read ahead, of one shard: it takes memory."""
        with self._lock:
            before, self._window = self._window, window
        if before is not None:
            before.close()


class _Window:
    """The rows of a shard from a position on, of which one part after the other becomes log."""

    def __init__(self, intent: Intent, shard: int, complete_us: int) -> None:
        configuration = configuration_store.read_configuration()
        self._loop = this_loop()
        self._shard = JoinShard(configuration.shard_numbers(intent.from_us, FAR_US), shard, intent.shards)
        self._position_us = intent.from_us
        self._rewards, self._complete_us = intent.rewards, complete_us
        self._end_us = max(complete_us - intent.rewards.wait_us, intent.to_us)
        self._logged_ids = LoggedIds()
        self._profiler = None if shard else Profiler(configuration.logs_deleted_before_us)
        tables, watermark_us, wait_us = scan.list_tables(), complete_us - intent.rewards.wait_us, intent.rewards.wait_us
        ends = part_join.list_ends(watermark_us, wait_us, intent)
        self._sieve = Sieve()
        observations = part_observations.read_shard(
            tables, self._shard, intent.from_us, ends, _read_collected, self._sieve
        )
        self._rows = PartJoin(
            tables,
            self._shard,
            intent.from_us,
            watermark_us,
            wait_us,
            ends,
            observations,
            self._logged_ids.find,
            self._profiler,
        )

    def close(self) -> None:
        """Stop reading the intake."""
        self._rows.close()
        self._sieve.close()

    def serves(self, intent: Intent, shard: int, complete_us: int) -> bool:
        """Whether its rows are those of a shard of a part.

        They are not in another pass of the trainer: what a redaction has deleted since would be there.
        """
        return (
            self._loop is this_loop()
            and (self._shard.number, self._shard.shards) == (shard, intent.shards)
            and self._position_us == intent.from_us
            and (self._rewards, self._complete_us) == (intent.rewards, complete_us)
            and intent.to_us <= self._end_us
        )

    def join(self, intent: Intent) -> ShardResult | None:
        """Write the log blob and the marks of the shard; None if the part is not in progress any more."""
        shard, fits_up_to_us = self._shard.number, self._rows.events.fit(intent.to_us)
        if fits_up_to_us < intent.to_us:
            return ShardResult(intent, shard, fits_up_to_us=fits_up_to_us)
        if self._rows.expects_rows(intent):
            return ShardResult(intent, shard, expects_rows=True)
        self._logged_ids.list_anew()
        with work_folder.folder() as folder:
            file = Path(folder) / "shard.dsjson.gz"
            content = self._rows.write(intent, file)
            self._position_us = intent.to_us
            if not _is_in_progress(intent):
                return None
            blob = part_join.create_blob(intent, file, content, shard) if content.lines else None
        self._logged_ids.add(intent.from_us, intent.to_us, content.marks, shard)
        self._sample(intent)
        metrics, rewarded = content.tally.freeze(intent.from_us), content.rewarded.freeze()
        return ShardResult(intent, shard, blob, content.counters, metrics, rewarded=rewarded)

    def _sample(self, intent: Intent) -> None:
        """Add the sample of the part's events, which is of its first shard, to the loop's profile, each once."""
        if self._profiler is not None:
            self._profiler.pass_on(intent.to_us)
            self._profiler.save()


def _read_collected() -> CollectedRewards:
    """What the trainer has collected; nothing, if nothing has arrived."""
    state = lease.read_state()
    return (state.collected if state else None) or CollectedRewards(0)


def _is_in_progress(intent: Intent) -> bool:
    state = lease.read_state()
    return state is not None and state.intent == intent
