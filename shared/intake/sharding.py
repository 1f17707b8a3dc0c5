"""The shards of the intake, and which of them can hold the rows of a shard of the join."""

from dataclasses import dataclass
from math import gcd

from shared.intake.keys import shard


@dataclass(frozen=True, slots=True)
class JoinShard:
    """A shard of the join: the ids whose hash modulo the number of shards is its number.

    Attributes:
        intake_shards: The number of the intake's shards.
        number: Counted from 0.
        shards: How many there are; one holds all ids.
    """

    intake_shards: int
    number: int = 0
    shards: int = 1

    @property
    def has_partitions(self) -> bool:
        """Whether its partitions hold no rows but its own."""
        return self.intake_shards % self.shards == 0

    def holds(self, event_id: str) -> bool:
        """Whether an event and its observations belong to this shard."""
        return shard(event_id, self.shards) == self.number

    def partitions(self) -> list[int]:
        """The shards of the intake in which its rows can be."""
        return [
            number
            for number in range(self.intake_shards)
            if _can_meet(number, self.intake_shards, self.number, self.shards)
        ]


def _can_meet(first: int, of_first: int, second: int, of_second: int) -> bool:
    """Whether a hash can have one remainder modulo one number, and another modulo another."""
    common = gcd(of_first, of_second)
    return first % common == second % common
