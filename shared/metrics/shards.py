"""The metrics of a part whose join was split into shards."""

from collections.abc import Sequence
from functools import reduce

from shared.metrics import breakdown, model_rewards
from shared.metrics.bins import Details, PartMetrics, Pending, merge
from shared.metrics.estimators import trial_sums
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.lift_record import Lifts


def combine(shards: Sequence[PartMetrics]) -> PartMetrics:
    """The metrics of a part from those of its shards."""
    by_kind: dict[tuple[int, int, str], Pending] = {}
    for pending in (pending for shard in shards for pending in shard.pending):
        before = by_kind.get(pending[:3], pending._replace(learnable=0, skipped=0))
        learnable, skipped = before.learnable + pending.learnable, before.skipped + pending.skipped
        by_kind[pending[:3]] = pending._replace(learnable=learnable, skipped=skipped)
    return PartMetrics(
        merge(a_bin for shard in shards for a_bin in shard.bins),
        [by_kind[key] for key in sorted(by_kind)],
        sorted((event for shard in shards for event in shard.imitated), key=lambda event: event.at_us),
        min((shard.first_us for shard in shards if shard.imitated), default=0),
        max((shard.last_us for shard in shards if shard.imitated), default=0),
        reduce(Lifts.plus, (shard.lifts for shard in shards), Lifts()),
        combine_details([shard.details for shard in shards]),
        model_rewards.combine(shard.models for shard in shards),
        max((shard.last_rank_us for shard in shards), default=0),
        max((shard.last_reward_us for shard in shards), default=0),
        trial_sums.combine(shard.trials for shard in shards),
    )


def combine_details(shards: Sequence[Details | None]) -> Details | None:
    """The details of a part from those of its shards; None if a shard has none."""
    of_shards = [details for details in shards if details is not None]
    if len(of_shards) < len(shards):
        return None
    return Details(
        merge(a_bin for details in of_shards for a_bin in details.bins),
        breakdown.combine([details.breakdown for details in of_shards]),
        reduce(LiftSums.plus, (details.lift for details in of_shards), LiftSums()),
    )
