"""The result of joining one shard of a part: what its trainer needs to know to finish the part."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.log.manifest import LogBlob
from shared.metrics.bins import PartMetrics
from shared.training.cursor import Counters
from shared.training.reward_rate import RewardedEvents
from shared.training.training_state import Intent


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What became of a shard of a part; follows from the intent and from the rows in storage alone.

    Attributes:
        intent: The part, as it was begun.
        shard: Which of its shards.
        blob: Its lines; None if it has none, or if they were not written.
        rewarded: How many of its events got a reward, by stretches of the part.
        fits_up_to_us: Where a smaller part would have to end, if the shard has too many rows; None if it has not.
        expects_rows: Whether rows of the part may still come, so that no lines were written yet.
    """

    intent: Intent
    shard: int
    blob: LogBlob | None = None
    counters: Counters = field(default_factory=Counters)
    metrics: PartMetrics = field(default_factory=lambda: PartMetrics(()))
    fits_up_to_us: int | None = None
    expects_rows: bool = False
    rewarded: Sequence[RewardedEvents] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the part can be finished, as far as this shard is concerned."""
        return self.fits_up_to_us is None and not self.expects_rows
