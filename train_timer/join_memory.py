"""What the joins of one process remember of one another; none of it is needed, all of it saves reading."""

from dataclasses import dataclass, field

from train_timer.logged_ids import LoggedIds
from train_timer.reward_sieve import Sieve
from train_timer.shard_join import ShardJoins


@dataclass(frozen=True, slots=True)
class JoinMemory:
    """The memory of the joins of a trainer.

    Attributes:
        logged_ids: The marks of log that earlier runs read or wrote.
        shard_joins: The joins of shards that no worker has joined.
        sieve: The rewards that earlier runs have taken out of all that wait.
    """

    logged_ids: LoggedIds = field(default_factory=LoggedIds)
    shard_joins: ShardJoins = field(default_factory=ShardJoins)
    sieve: Sieve = field(default_factory=Sieve)
