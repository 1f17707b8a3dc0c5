"""The trainer's commit record: how far rows are joined, the part in progress, and how far models have learned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction
from shared.evaluation.optimization_schedule import OptimizationRounds
from shared.log.reward_runs import RewardRun
from shared.metrics.bins import Metrics
from shared.metrics.recent import Recent
from shared.metrics.recount import Recount
from shared.models.published import ModelReference
from shared.stored_names import store_under
from shared.stored_objects import StoredObject
from shared.training.changed_decisions import ChangedDecisions
from shared.training.cursor import Counters, Cursor
from shared.training.mode_switch import ModeSwitch
from shared.training.reward_rate import RewardRate
from shared.training.trial import Trial
from shared.training.trouble import Troubles


@dataclass(frozen=True, slots=True)
class Intent(StoredObject):
    """A part that is being joined; its log blob follows from this and from the rows in storage alone.

    Attributes:
        from_us: The first arrival time of the part's events.
        to_us: The first arrival time after the part.
        rewards: The reward settings of the join.
        deleted_before_us: Rows that arrived earlier are not logged.
        lookback_us: How much earlier log may hold the same observations; `look_back_us` in the stored document.
        exploration: The configured exploration, which the metrics of an apprentice are compared with.
        shards: Into how many shards the join of the part is split; each of several has a log blob of its own.
        corrections: How the part's log is corrected, for its metrics.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = store_under(lookback_us="look_back_us")

    from_us: int
    to_us: int
    rewards: RewardSettings
    deleted_before_us: int
    lookback_us: int
    exploration: float = 0.0
    shards: int = 1
    corrections: tuple[Correction, ...] = ()

    @property
    def since_us(self) -> int:
        """The arrival time from which on earlier log may hold the part's observations."""
        return self.from_us - self.lookback_us


@dataclass(frozen=True, slots=True)
class Snapshot(StoredObject):
    """The counters at a log position."""

    at_us: int
    counters: Counters


@dataclass(frozen=True, slots=True)
class LongWait(StoredObject):
    """Until the join has passed `until_us`, observations may have been logged under a wait of `wait_us`."""

    until_us: int
    wait_us: int


@dataclass(frozen=True, slots=True)
class PartSize(StoredObject):
    """How many events a part had, and how long it was; by it the size of the next part is estimated.

    Attributes:
        shards: Into how many shards its join was split.
    """

    events: int
    length_us: int
    shards: int = 1

    def estimate(self, length_us: int) -> int:
        """How many events a part of some length has at the same rate."""
        return self.events * length_us // self.length_us


@dataclass(frozen=True, slots=True)
class CollectedRewards(StoredObject):
    """The observations that wait for the windows of their events, as far as they are collected.

    Attributes:
        up_to_us: Those that arrived earlier, and that a later part may need, are in the runs.
        runs: In order of arrival.
        deadline_us: The longest write deadline of the rows that were collected last.
        redacted_us: When an event was last taken out of them.
    """

    up_to_us: int
    runs: tuple[RewardRun, ...] = ()
    deadline_us: int = 0
    redacted_us: int = 0


@dataclass(frozen=True, slots=True)
class LastRun(StoredObject):
    """The last run that found something to do.

    Attributes:
        joined_us: When the last run ended that joined events; None if that is not known, as `learned_us`.
        learned_us: When the last run ended that learned some.
    """

    started_us: int
    ended_us: int
    joined_events: int
    learned_events: int
    joined_us: int | None = None
    learned_us: int | None = None

    @classmethod
    def after(cls, before: "LastRun | None", started_us: int, ended_us: int, joined: int, learned: int) -> "LastRun":
        """A run that has joined and learned some events, after another one."""
        joined_us = ended_us if joined else before.joined_us if before else None
        learned_us = ended_us if learned else before.learned_us if before else None
        return cls(started_us, ended_us, joined, learned, joined_us, learned_us)


@dataclass(frozen=True, slots=True)
class PackageRun(StoredObject):
    """The first run of the trainer under the package that it ran under last.

    Attributes:
        package: The id of the package; None for a clone.
        started_us: When that run began.
    """

    package: str | None
    started_us: int

    @classmethod
    def after(cls, before: "PackageRun | None", package: str | None, started_us: int) -> "PackageRun":
        """Give what is stored after a run under a package: the same as before, unless the package is another one."""
        return before if before is not None and before.package == package else cls(package, started_us)


@dataclass(frozen=True, slots=True)
class State(StoredObject):
    """The content of `state.json`: all that the trainer knows, and from which the holder of the lease goes on.

    Attributes:
        joined_up_to_us: The log position: every event that arrived earlier is in the log.
        running: The model in training that Rank gets next.
        next: The model for changed settings, which replaces `running` once it has learned all of the log.
        intent: The part that is being joined.
        publishing: A model whose publication may be incomplete.
        published_at_us: When the last model was published.
        counted_up_to_us: The log position up to which `counters` holds events as learned or not.
        troubles: What cannot be read or written, by its `Subject`.
        retention_at_us: When old log and models were last deleted; `kept_at_us` in the stored document.
        mirrored_from_us: The log position from which on the customer's container gets the log; None without a mirror.
        mirrored_up_to_us: The log position up to which the customer's container has the log.
        has_marks: Whether the log of the lookback has its marks; an earlier version has written log without.
        snapshots: Counters of the last day or so, the oldest first.
        rounds: The rounds of automatic optimization so far; `looks` in the stored document.
        manifests_from_us: Every day of log from this moment on has a manifest; 0 if all days have. None in a document
            of an earlier version, which may have written log that no manifest names.
        last_part: The size of the part that was joined last; None before the first.
        collected: The observations that wait, where the reward wait time is long; None where it is not.
        before_apprentice: The model that the loop had learned Online before it became an apprentice, and the position
            from which it goes on when the loop is none any more; None where there was none, and in other modes.
        mode_switch: The last change of the learning mode; None before the first, and after a model was put by hand.
        reward_rate: How many events get rewards, and whether that has stopped.
        recent: The metrics of the last day in detail; None before they are begun.
        trial: The challenger on trial; None without one.
        counted_under: How the log is corrected that the metrics count.
        recount: The metrics that are counted anew, since the log is corrected otherwise; None if that never was.
        changed_decisions: How many decisions changed with the last quarantines, the oldest first.
        package_run: The first run under the package that the trainer ran under last; None before the first run, and in
            a document of an earlier version.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = store_under(retention_at_us="kept_at_us", rounds="looks")

    joined_up_to_us: int
    running: Cursor
    next: Cursor | None = None
    intent: Intent | None = None
    publishing: ModelReference | None = None
    published_at_us: int | None = None
    counted_up_to_us: int = 0
    counters: Counters = field(default_factory=Counters)
    metrics: Metrics = field(default_factory=Metrics)
    long_waits: tuple[LongWait, ...] = ()
    has_marks: bool = False
    last_run: LastRun | None = None
    troubles: Troubles = field(default_factory=dict)
    retention_at_us: int = 0
    mirrored_from_us: int | None = None
    mirrored_up_to_us: int | None = None
    snapshots: tuple[Snapshot, ...] = ()
    rounds: OptimizationRounds = field(default_factory=OptimizationRounds)
    manifests_from_us: int | None = None
    last_part: PartSize | None = None
    collected: CollectedRewards | None = None
    before_apprentice: Cursor | None = None
    mode_switch: ModeSwitch | None = None
    reward_rate: RewardRate = field(default_factory=RewardRate)
    recent: Recent | None = None
    trial: Trial | None = None
    counted_under: tuple[Correction, ...] = ()
    recount: Recount | None = None
    changed_decisions: tuple[ChangedDecisions, ...] = ()
    package_run: PackageRun | None = None
