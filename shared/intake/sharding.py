"""The shards of the intake, and which of them can hold the rows of a shard of the join."""

from dataclasses import dataclass
from math import gcd

from shared.intake.keys import shard


@dataclass(frozen=True, slots=True)
class JoinShard:
    """A shard of the join: the ids whose hash modulo the number of shards is its number.

    Attributes:
        intake_shards: The numbers of shards over which the rows of the intake may be spread at the time.
        number: Counted from 0.
        shards: How many there are; one holds all ids.
    """

    intake_shards: tuple[int, ...]
    number: int = 0
    shards: int = 1

    @property
    def has_partitions(self) -> bool:
        """Whether its partitions hold no rows but its own."""
        return all(number % self.shards == 0 for number in self.intake_shards)

    def holds(self, event_id: str) -> bool:
        """Whether an event and its observations belong to this shard."""
        return shard(event_id, self.shards) == self.number

    def partitions(self) -> list[int]:
        """The shards of the intake in which its rows can be."""
        numbers = range(max(self.intake_shards))
        return [number for number in numbers if any(self._meets(number, of) for of in self.intake_shards)]

    def _meets(self, number: int, intake_shards: int) -> bool:
        """Whether a shard of the intake can hold an id of this shard."""
        return number < intake_shards and _can_meet(number, intake_shards, self.number, self.shards)


def _can_meet(first: int, of_first: int, second: int, of_second: int) -> bool:
    """Whether a hash can have one remainder modulo one number, and another modulo another."""
    common = gcd(of_first, of_second)
    return first % common == second % common
