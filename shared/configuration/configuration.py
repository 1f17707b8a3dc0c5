"""The configuration of a loop: its service configuration, its learning settings, and what a change of them starts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared import durations
from shared.access.loop_keys import LoopKey
from shared.configuration.corrections import Correction, Quarantine, Relabel
from shared.configuration.exploration import NEW_SHARES, Exploration, ExplorationShares, TrialExploration
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode, ServiceConfiguration
from shared.configuration.settings_change import SettingsChange
from shared.errors import AutoOptimizationOfSlots, ModeChangedWithRewards
from shared.stored_objects import StoredObject
from shared.times import DAY, HOUR, MINUTE, to_iso_second

SHARD_CHANGE_AHEAD_US = 2 * MINUTE
"""How far ahead another number of shards is announced; instances read the configuration every few seconds."""
_AROUND_CHANGE_US = HOUR
_NEARLY_ALL = 0.9
"""With such an exploration, next to no Rank follows the model."""
_BEFORE_OPTIMIZATION_US = 15 * DAY
INITIAL_ARGUMENTS = "--cb_explore_adf --synthcover --epsilon 0.2 --cb_type mtr --clip_p 0.5 -q ::"
"""Learning arguments of a new loop: among the best of all in sixteen worlds, as `bench worlds` shows."""


def problem_type(arguments: str) -> str:
    """Read the problem type of learning arguments: `cb` for one action an event, `ccb` for several slots."""
    return "ccb" if "--ccb_explore_adf" in arguments.split() else "cb"


@dataclass(frozen=True, slots=True)
class LearningSettings(StoredObject):
    """A named line of learning arguments (the API's "policy")."""

    name: str
    arguments: str

    @property
    def problem_type(self) -> str:
        """`ccb` for a multi-slot loop, else `cb`."""
        return problem_type(self.arguments)

    @property
    def has_epsilon(self) -> bool:
        """Whether the configured exploration takes effect; other arguments explore in their own way."""
        return "--epsilon" in self.arguments


@dataclass(frozen=True, slots=True)
class RewardSettings(StoredObject):
    """The settings by which observations become the reward of an event.

    Attributes:
        wait_us: The reward wait time.
        default: The reward of an event without one.
    """

    wait_us: int
    default: float
    aggregation: Aggregation

    @property
    def members(self) -> dict[str, Any]:
        """The settings by name, as they stand in JSON beside log and models."""
        return {"wait_us": self.wait_us, "default": self.default, "aggregation": self.aggregation}


@dataclass(frozen=True, slots=True)
class ShardChange(StoredObject):
    """A number of shards, over which rows are spread that arrive from a moment on."""

    from_us: int
    shards: int


@dataclass(frozen=True, slots=True)
class Configuration(StoredObject):
    """The whole configuration of one loop.

    Attributes:
        revision: Grows with each change that makes the model learn anew.
        shards: Over how many partitions rows are spread that arrived before the first change of that number.
        shard_changes: The changes of the number, the oldest first; the last may be still to come.
        logs_deleted_before_us: Events and observations that arrived earlier are gone for every reader; 0 for none.
        changes: The last few changes of the configuration by callers, the oldest first.
        keys: The keys of the loop that were made and not revoked, the oldest first.
        event_key_secret: With which keys of rows are made of events' ids; a loop of an earlier version has none, and
            stays so, since an event's rows must have one key.
        exploration_shares: What the exploration is spent on; a loop of an earlier version shows all actions alike.
        quarantines: Those that are active, and the last that were lifted, the oldest first.
        relabels: Those that are proposed or active, and the last that were lifted, the oldest first.
        trial_revision: Grows with each change that ends a trial, so that one that is changed back ends it too.
    """

    service: ServiceConfiguration
    learning: LearningSettings
    revision: int
    shards: int
    logs_deleted_before_us: int = 0
    shard_changes: tuple[ShardChange, ...] = ()
    changes: tuple[SettingsChange, ...] = ()
    keys: tuple[LoopKey, ...] = ()
    event_key_secret: str = field(default="", repr=False)
    exploration_shares: ExplorationShares = field(default_factory=ExplorationShares)
    quarantines: tuple[Quarantine, ...] = ()
    relabels: tuple[Relabel, ...] = ()
    trial_revision: int = 0

    @property
    def corrections(self) -> tuple[Correction, ...]:
        """How the log is corrected now: by quarantines, then by relabels, in the order of their activation."""
        return tuple(self.reasons)

    def corrections_at(self, revision: int) -> tuple[Correction, ...]:
        """How the log was corrected at a revision."""
        return (
            *(each.correction for each in self.quarantines if each.is_active_at(revision)),
            *(each.correction for each in self._relabels_in_order if each.is_active_at(revision)),
        )

    @property
    def reasons(self) -> Mapping[Correction, str]:
        """Why the log is corrected as it is, in the order of `corrections`."""
        all_of_them: list[Quarantine | Relabel] = [*self.quarantines, *self._relabels_in_order]
        return {each.correction: each.reason for each in all_of_them if each.is_active}

    @property
    def _relabels_in_order(self) -> list[Relabel]:
        return sorted(self.relabels, key=lambda each: each.revision)

    @property
    def exploration(self) -> Exploration:
        """How the loop explores now: outside Online mode, and in multi-slot events, all actions alike."""
        share = self.service.exploration_percentage
        if self.service.learning_mode is not LearningMode.ONLINE or self.learning.problem_type != "cb":
            return Exploration(share)
        return self.exploration_shares.spend(share)

    @property
    def trial_exploration(self) -> TrialExploration | None:
        """How the loop explores while a challenger is on trial; None if it cannot have one as it is now."""
        service, learning = self.service, self.learning
        is_online = service.learning_mode is LearningMode.ONLINE and learning.problem_type == "cb"
        if not is_online or not service.is_auto_optimization_enabled:
            return None
        shares = self.exploration_shares
        if not learning.has_epsilon:
            shares = replace(shares, default=0.0)
        return shares.spend_on_trial(service.exploration_percentage)

    @property
    def has_no_exploration(self) -> bool:
        """Whether some actions are never shown; arguments without `--epsilon` explore in their own way."""
        return self.service.exploration_percentage <= 0 and self.learning.has_epsilon

    @property
    def hardly_exploits(self) -> bool:
        """Whether what the model has learned is never used, or next to never."""
        return self.service.exploration_percentage >= _NEARLY_ALL and self.learning.has_epsilon

    def shards_at(self, at_us: int) -> int:
        """Over how many shards rows are spread that arrive at a moment."""
        return next((change.shards for change in reversed(self.shard_changes) if change.from_us <= at_us), self.shards)

    def shard_numbers(self, from_us: int, to_us: int) -> tuple[int, ...]:
        """All numbers of shards over which rows of a range may be spread, in ascending order.

        Those of some time around it are among them: whoever has written a row may have missed a change.
        """
        begin_us, end_us = from_us - _AROUND_CHANGE_US, to_us + _AROUND_CHANGE_US
        changes = (change.shards for change in self.shard_changes if begin_us < change.from_us < end_us)
        return tuple(sorted({self.shards_at(begin_us), *changes}))

    def with_shards(self, shards: int, now_us: int) -> "Configuration":
        """The configuration with another number of shards, from a moment on that every instance knows of in time.

        It stays as it is if that is the number, or if another change is still to come.
        """
        last = self.shard_changes[-1] if self.shard_changes else ShardChange(0, self.shards)
        if last.shards == shards or last.from_us > now_us:
            return self
        change = ShardChange(now_us + SHARD_CHANGE_AHEAD_US, shards)
        return replace(self, shard_changes=(*self.shard_changes, change))

    @property
    def rewards(self) -> RewardSettings:
        """The part of the configuration under which events are joined."""
        service = self.service
        wait_us = durations.parse(service.reward_wait_time)
        return RewardSettings(wait_us, service.default_reward, service.reward_aggregation)

    @property
    def export_frequency_us(self) -> int:
        """The shortest time between two published models."""
        return durations.parse(self.service.model_export_frequency)

    @property
    def retention_us(self) -> int | None:
        """How long log is kept; None for ever."""
        days = self.service.retention_days
        return None if days < 0 else days * DAY

    def with_quarantines(self, quarantines: Iterable[Quarantine], at_us: int) -> "Configuration":
        """The configuration with other quarantines, from the next revision on: what was learned may have to be anew."""
        return replace(self, quarantines=tuple(quarantines))._edit(at_us)

    def with_relabels(self, relabels: Iterable[Relabel], at_us: int) -> "Configuration":
        """The configuration with other active relabels, as `with_quarantines`."""
        return replace(self, relabels=tuple(relabels))._edit(at_us)

    def with_service(self, service: ServiceConfiguration, at_us: int) -> "Configuration":
        """The configuration after a new service configuration was put at a moment.

        Raises:
            ModeChangedWithRewards: The learning mode changes, and so does a reward setting.
            AutoOptimizationOfSlots: The change switches on automatic optimization of a multi-slot loop.
        """
        changed = replace(self, service=replace(service, last_edit_us=self.service.last_edit_us))
        if service.learning_mode != self.service.learning_mode and changed.rewards != self.rewards:
            raise ModeChangedWithRewards
        return changed._after(self, at_us)

    def with_learning(self, learning: LearningSettings, at_us: int) -> "Configuration":
        """The configuration after new learning settings were put at a moment.

        Raises:
            AutoOptimizationOfSlots: The settings make a loop with automatic optimization a multi-slot one.
        """
        return replace(self, learning=learning)._after(self, at_us)

    def with_exploration_shares(self, shares: ExplorationShares) -> "Configuration":
        """The configuration after other exploration shares were put."""
        shares = replace(shares, unknown=self.exploration_shares.unknown)
        return replace(self, exploration_shares=shares)._end_trial(self)

    def _after(self, before: "Configuration", at_us: int) -> "Configuration":
        if self.service.is_auto_optimization_enabled and self.learning.problem_type == "ccb":
            raise AutoOptimizationOfSlots
        after = self._end_trial(before)
        return after._edit(at_us) if self._learns_anew(before) else after

    def _end_trial(self, before: "Configuration") -> "Configuration":
        """The configuration under which no trial from before goes on, if that is another loop to it."""
        is_same = self.trial_exploration == before.trial_exploration and not self._learns_anew(before)
        return self if is_same else replace(self, trial_revision=self.trial_revision + 1)

    def _learns_anew(self, before: "Configuration") -> bool:
        from shared.configuration.learning_arguments import mean_the_same  # no Rank needs it

        return (
            self.rewards != before.rewards
            or self.service.exploration_percentage != before.service.exploration_percentage
            or not mean_the_same(self.learning.arguments, before.learning.arguments)
        )

    def _edit(self, at_us: int) -> "Configuration":
        return replace(self, revision=self.revision + 1, service=replace(self.service, last_edit_us=at_us))


def new_configuration(shards: int, event_key_secret: str = "", at_us: int = 0) -> Configuration:
    """Make the configuration that a new loop starts with.

    Args:
        at_us: When the loop is made: automatic optimization may begin 15 days later, as in the old service.
    """
    learning = LearningSettings("initial", INITIAL_ARGUMENTS)
    begins = to_iso_second(at_us + _BEFORE_OPTIMIZATION_US).removesuffix("Z")
    return Configuration(
        ServiceConfiguration(auto_optimization_start_date=begins),
        learning,
        revision=1,
        shards=shards,
        event_key_secret=event_key_secret,
        exploration_shares=NEW_SHARES,
    )
