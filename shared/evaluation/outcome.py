"""The outcome of an evaluation: policies with their sums, candidates of the search, scores of features."""

from dataclasses import dataclass, replace

from shared.evaluation.evaluation import Policy
from shared.evaluation.names import ONLINE
from shared.evaluation.tasks import Bins, LineCounts, TrainedModel
from shared.metrics.estimators.estimates import span_of
from shared.metrics.estimators.sums import Sums, total
from shared.metrics.intervals import Span


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """What a policy would have earned.

    Attributes:
        slot_id: Of a multi-slot event's slot; `""` for the event.
        counted_from_us: When the first counted event came: where a caller had better settings searched, all policies
            are judged by the last half of the log. None without events.
        model: The model that the policy has learned; None if it was not stored.
    """

    policy: Policy
    slot_id: str
    bins: Bins
    counted_from_us: int | None = None
    model: TrainedModel | None = None

    @property
    def total(self) -> Sums:
        """The sums over all counted events."""
        return total(self.bins.values())


@dataclass(frozen=True, slots=True)
class Candidate:
    """Learning settings that were tried in the search, with their sums.

    Attributes:
        step: `Hyper1`, `Inter-len1` and so on, `Hyper2`.
        events: How many events the candidate learned from: fewer if it fell behind.
        sums: Over those events.
    """

    step: str
    arguments: str
    events: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an evaluation.

    Attributes:
        policies: In the order online, baselines, custom, found; each with its slots behind it.
        width_us: Of the bins.
        up_to_us: When the last evaluated event came; None without events.
        no_search: Why better settings were not searched although the evaluation wanted it, in plain words; else None.
        optimal: The name of the policy that is better than `online` for certain, the best of them by its estimate;
            `online` if there is none.
        finding: Which policies are better than `online` for certain, or that none is, in plain words; of an automatic
            evaluation, why there is a challenger or none. None if there was nothing to compare with `online`, and of
            earlier versions.
        challenger: Of an automatic evaluation, the name of the policy that is to go on trial; None for none.
        chosen_of: Among how many settings the search chose by the events that judge them, too; 0 where it chose by
            others.
    """

    policies: tuple[PolicyOutcome, ...]
    lines: LineCounts
    width_us: int
    candidates: tuple[Candidate, ...]
    optimal: str
    up_to_us: int | None = None
    no_search: str | None = None
    finding: str | None = None
    challenger: str | None = None
    chosen_of: int = 0

    @property
    def has_events(self) -> bool:
        """Whether there was anything to evaluate."""
        return any(policy.bins for policy in self.policies)

    @property
    def rewards(self) -> Span:
        """The span of all rewards of the log: of the events that judge, and of those of the search."""
        online = (result for result in self.policies if result.policy.name == ONLINE and not result.slot_id)
        judging = next((result.total for result in online), Sums())
        return span_of(total([judging, *(candidate.sums for candidate in self.candidates)]))

    @property
    def totals(self) -> "Outcome":
        """The outcome without details: the bins of each policy merged into a single bin, and no candidates."""
        policies = tuple(replace(result, bins=_merge(result.bins)) for result in self.policies)
        return replace(self, policies=policies, candidates=())


def _merge(bins: Bins) -> Bins:
    """Add up bins in order of time, as windows are; no bin without events."""
    return {0: total(bins[at] for at in sorted(bins))} if bins else {}


@dataclass(frozen=True, slots=True)
class FeatureScore:
    """The importance of a feature.

    Attributes:
        score: In [0, 1]: the loss without the feature, as a share of the largest loss.
        is_clear: Whether the loss is larger than chance can explain.
    """

    namespace: str
    feature: str
    score: float
    is_clear: bool = False
