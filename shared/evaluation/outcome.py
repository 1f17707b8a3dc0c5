"""What an evaluation found."""

from dataclasses import dataclass, replace

from shared.evaluation.evaluation import Policy
from shared.evaluation.names import ONLINE
from shared.evaluation.tasks import Bins, LineCounts, TrainedModel
from shared.metrics.estimators.estimates import span_of
from shared.metrics.estimators.paired import Paired
from shared.metrics.estimators.sums import Sums, total
from shared.metrics.intervals import Span


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """What a policy would have earned.

    Attributes:
        slot_id: Of a multi-slot event's slot; `""` for the event.
        counted_from_us: When the first counted event came: later than the log's first for policies that were found,
            which are judged by the last half of the log. None without events.
        model: What it has learned; None where it was not kept.
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
    """Settings that were tried in the search.

    Attributes:
        step: `Hyper1`, `Inter-len1` and so on, `Hyper2`.
        events: How many events it learned from: less for those that fell behind.
        sums: Over those events.
    """

    step: str
    arguments: str
    events: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that an evaluation found.

    Attributes:
        policies: In the order online, baselines, custom, found; each with its slots behind it.
        width_us: Of the bins.
        up_to_us: When the last evaluated event came; None without events.
        no_search: Why better settings were not searched although that was asked for, in plain words; else None.
        optimal: The name of the best one, by the estimated difference to `online`.
        ahead: Of an automatic one, how much more the winner of the search earns than the settings in use would in the
            same way; None without search.
    """

    policies: tuple[PolicyOutcome, ...]
    lines: LineCounts
    width_us: int
    candidates: tuple[Candidate, ...]
    optimal: str
    up_to_us: int | None = None
    no_search: str | None = None
    ahead: Paired | None = None

    @property
    def has_events(self) -> bool:
        """Whether there was anything to evaluate."""
        return any(policy.bins for policy in self.policies)

    @property
    def rewards(self) -> Span:
        """In which span all rewards lie: those of the whole log, of which `online` tells."""
        whole = next((one.total for one in self.policies if one.policy.name == ONLINE and not one.slot_id), Sums())
        return span_of(whole)

    @property
    def totals(self) -> "Outcome":
        """The same in all: each policy's bins as one, those without events as none, and not what was tried."""
        return replace(
            self, policies=tuple(replace(one, bins=_as_one(one.bins)) for one in self.policies), candidates=()
        )


def _as_one(bins: Bins) -> Bins:
    """Summed in order of time, as windows are."""
    return {0: total(bins[at] for at in sorted(bins))} if bins else {}


@dataclass(frozen=True, slots=True)
class FeatureScore:
    """How much a feature is worth.

    Attributes:
        score: In [0, 1]: the loss without it, as a share of the largest loss.
        is_clear: Whether the loss is larger than chance may make it.
    """

    namespace: str
    feature: str
    score: float
    is_clear: bool = False
