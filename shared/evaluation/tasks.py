"""The tasks of an evaluation, which can run anywhere and in any order within a stage, and their results."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.metrics.estimators.sums import Sums, total
from shared.times import DAY


@dataclass(frozen=True, slots=True)
class Task:
    """One pass over the log, which gives the same result wherever and how often it runs.

    Usable events are those with a valid label that are neither deferred without activation nor refused by the learner;
    they are counted from 0 in the order of the log.

    Attributes:
        key: Unique within the evaluation; a single path segment.
        stage: The tasks of a stage follow from the results of the stages before.
        arguments: The policy's learning arguments; None for what was logged: `online` and the baselines.
        counted_from: The first usable event that is in the sums; the policy learns from earlier events too.
        until: The first usable event that is neither learned nor counted; None for the end of the log.
        width_us: Sums are kept by bins of this width, or wider ones (`time_bins.choose_width`); 0 for one sum over all.
        with_reward_model: Whether a reward model goes along, for the doubly robust estimate.
        keeps_model: Whether the model at the end is stored, so that it can be applied.
        without: The namespace and the name of the feature that is left out of every event.
        finds_features: Whether the task is only to find which features the log has: no policy, and no sums.
        explores_as_loop: Whether the policy is evaluated as the loop would use it: with its share of the first action.
    """

    key: str
    stage: int
    arguments: str | None
    counted_from: int = 0
    until: int | None = None
    width_us: int = 0
    with_reward_model: bool = False
    keeps_model: bool = False
    without: tuple[str, str] | None = None
    finds_features: bool = False
    explores_as_loop: bool = False


@dataclass(frozen=True, slots=True)
class LineCounts:
    """The lines of a log, counted by outcome.

    Attributes:
        read: All lines.
        used: Usable events, whether counted in sums or not.
        skipped: Deferred events without activation, and events that were answered otherwise (`_skipLearn`).
        dangling: Observations without event.
        damaged: Lines that are no events although they should be: cut, without label, with impossible probabilities.
        passed_over: Events of another kind (apprentice, multi-slot) than the evaluation's.
        refused: Lines that the learner cannot read.
        quarantined: Events that would be used, were they not in quarantine.
    """

    read: int = 0
    used: int = 0
    skipped: int = 0
    dangling: int = 0
    damaged: int = 0
    passed_over: int = 0
    refused: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is.

    Attributes:
        tasks_done: Those that have a result.
        tasks: All that are planned so far; None before any are.
    """

    tasks_done: int
    tasks: int | None


@dataclass(frozen=True, slots=True)
class Namespaces:
    """First letters of the namespaces that the first hundred usable events have.

    Attributes:
        context: Of the context, in order of appearance.
        actions: Of the actions.
        constant: Of those that have the feature `constant`, which `--marginal` is for.
    """

    context: str = ""
    actions: str = ""
    constant: str = ""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The model that a policy has learned at the end of the log.

    Attributes:
        state_sha256: Of the training state.
        predictor_sha256: Of the model that Rank loads.
        events: Events learned.
    """

    state_sha256: str
    predictor_sha256: str
    events: int
    first_event_id: str | None = None
    last_event_id: str | None = None


Bins = Mapping[int, Sums]
"""Sums by the first microsecond of the bin; bins without events are left out."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of a task.

    Attributes:
        lines: The same for all tasks over the same log with `until` None.
        bins: By policy, then by slot: `""` for the event (of a multi-slot event its first slot). The policy is `""` for
            a task with arguments; `online`, `baseline1` and `baselineRand` for the one without.
        exploration: Mean of K·min p over usable events: ε of an epsilon-greedy log; None without events.
        counted_from_us: When the first counted event came; None without.
        up_to_us: When the last usable event came; None without.
        features: Of a task that finds features: namespace, name and number of events, the most frequent first.
        width_us: Of the bins. Those of earlier versions, which do not tell, are no wider than a day.
    """

    key: str
    lines: LineCounts
    bins: Mapping[str, Mapping[str, Bins]]
    exploration: float | None = None
    namespaces: Namespaces = field(default_factory=Namespaces)
    counted_from_us: int | None = None
    up_to_us: int | None = None
    model: TrainedModel | None = None
    features: tuple[tuple[str, str, int], ...] = ()
    width_us: int = DAY

    def sums(self, policy: str = "", slot: str = "") -> Sums:
        """The sums over all counted events."""
        return total(self.bins.get(policy, {}).get(slot, {}).values())
