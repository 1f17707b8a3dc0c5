"""The fan-out of a part: a message for each of its shards, and the wait for what the workers make of them."""

import logging
import time
from collections.abc import Collection, Mapping

from shared.storage_errors import StorageUnavailable
from shared.training import join_queue, shard_result_store
from shared.training.lease import Trainer
from shared.training.shard_result import ShardResult
from shared.training.training_state import Intent
from train_timer.shard_join import ShardJoins

_PATIENCE_SECONDS = 20
"""After how long without a result the trainer joins shards itself."""
_PAUSE_SECONDS = 0.2

_log = logging.getLogger(__name__)


def collect(trainer: Trainer, intent: Intent, complete_us: int, own: ShardJoins) -> Mapping[int, ShardResult]:
    """Have the shards of a part joined; gives the results of all, or of some if one says that the part cannot be.

    Workers join them. If no result comes for a while, the trainer joins one shard after the other itself, the last
    first, for workers begin with the first.

    Args:
        complete_us: Up to there all rows are in storage, as the trainer has begun its pass.
        own: The joins of this process.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    results = dict(shard_result_store.read_new(intent))
    patience = _PATIENCE_SECONDS if _send(intent, _missing(intent, results), complete_us) else 0
    until = time.monotonic() + patience
    while (missing := _missing(intent, results)) and all(result.is_complete for result in results.values()):
        trainer.check()
        shard = None
        if time.monotonic() < until:
            time.sleep(_PAUSE_SECONDS)
        else:
            shard = missing[-1]
            own.join(intent, shard, complete_us)
        new = shard_result_store.read_new(intent, results)
        results |= new
        if new.keys() - {shard}:
            until = time.monotonic() + patience
    return results


def _missing(intent: Intent, results: Collection[int]) -> list[int]:
    return [shard for shard in range(intent.shards) if shard not in results]


def _send(intent: Intent, shards: Collection[int], complete_us: int) -> bool:
    """Send the messages; False if they cannot be sent, and the trainer must join without workers."""
    try:
        join_queue.send(intent, shards, complete_us)
    except StorageUnavailable as trouble:
        _log.warning("no worker is told of a part: %s", trouble)
        return False
    return True
