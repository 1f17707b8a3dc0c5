"""An evaluation, a feature importance or an import of a log: what is evaluated, on which log, and its status."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar

from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction
from shared.configuration.exploration import Exploration
from shared.stored_names import store_under
from shared.stored_objects import StoredObject
from shared.times import DAY

LONGEST_US = DAY
"""An evaluation that takes longer is ended: no caller waits so long, and it costs as long as it runs."""


class Purpose(StrEnum):
    """What an evaluation is for; each purpose has ids of its own."""

    EVALUATION = "evaluation"
    IMPORTANCE = "importance"
    IMPORT = "import"


class Status(StrEnum):
    """The status of an evaluation, in the words of the API of 2022."""

    NOT_SUBMITTED = "NotSubmitted"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMEOUT = "Timeout"
    CANCELED = "Canceled"
    APPLIED = "OptimalPolicyApplied"
    RETAINED = "OnlinePolicyRetained"

    @property
    def has_ended(self) -> bool:
        """Whether the evaluation runs no more."""
        return self not in (Status.NOT_SUBMITTED, Status.RUNNING)

    @property
    def has_results(self) -> bool:
        """Whether the evaluation came to results."""
        return self in (Status.SUCCEEDED, Status.APPLIED, Status.RETAINED)


class Source(StrEnum):
    """The origin of a policy; the values of `policySource`."""

    ONLINE = "Online"
    BASELINE = "Baseline"
    RANDOM = "Random"
    CUSTOM = "Custom"
    SEARCH = "OfflineExperimentation"


@dataclass(frozen=True, slots=True)
class Policy(StoredObject):
    """A policy that is evaluated.

    Attributes:
        arguments: Learning arguments; None for policies that do not learn. Of `online`, those in use at the creation.
    """

    name: str
    arguments: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class EvaluatedLog(StoredObject):
    """The log that is evaluated, fixed at the creation of the evaluation: events that arrived in [from_us, to_us).

    Attributes:
        to_us: At most the join position of that moment.
        kind: Events of another kind than this are passed over (`ranked_event.line_kind`).
        rewards: Lines that were joined under other settings are labelled anew.
        corrections: How the log was corrected at the creation.
    """

    from_us: int
    to_us: int
    kind: str
    rewards: RewardSettings
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportSource(StoredObject):
    """The files of an old log.

    Attributes:
        container: The address of their container with its SAS, a secret; without the SAS once the import has ended.
        prefix: Of the names of the files.
        columns: What the columns of tables hold, as JSON (`shared.imports.columns`); empty for lines.
    """

    container: str = field(repr=False)
    prefix: str = ""
    columns: str = ""

    @property
    def without_secret(self) -> "ImportSource":
        """The same without the SAS."""
        return replace(self, container=self.container.partition("?")[0])


@dataclass(frozen=True, slots=True)
class Evaluation(StoredObject):
    """An evaluation, a feature importance, or an import: the evaluation of an old log with a model that learned it.

    Attributes:
        id: A single path segment; the caller's in the API of 2022.
        is_of_2022: Whether it was created in the API of 2022.
        start_us: Of the range that the caller gave, [start_us, end_us).
        custom: The policies that the caller gave.
        optimise: Whether better settings are searched.
        round_number: Of the optimization round it belongs to, from 1; 0 if a caller asked for it. Stored as `look`.
        online: The policy in use at the creation.
        exploration: Of the configuration; searched policies are evaluated with it, since the loop would use it.
        exploration_default: The share of events in which the loop would explore by showing the first action.
        reason: Why the evaluation failed, or its best policy was applied or not, in plain words.
        optimal: The name of the best policy; None before the end.
        source: Of an import, where its log comes from; else None.
        restarts: How often work on it was begun again, since a worker gave no sign of life any more.
        restarted_us: When that was last; None if it never was.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = store_under(round_number="look")

    id: str
    purpose: Purpose
    name: str
    is_of_2022: bool
    start_us: int
    end_us: int
    created_us: int
    custom: tuple[Policy, ...]
    optimise: bool
    round_number: int
    online: Policy
    exploration: float
    log: EvaluatedLog
    status: Status = Status.RUNNING
    reason: str | None = None
    ended_us: int | None = None
    optimal: str | None = None
    exploration_default: float = 0.0
    source: ImportSource | None = None
    restarts: int = 0
    restarted_us: int | None = None

    @property
    def loop_exploration(self) -> Exploration:
        """How the loop explored at the creation."""
        return Exploration(self.exploration, self.exploration_default)

    @property
    def without_secret(self) -> "Evaluation":
        """The same without the SAS of an import."""
        return replace(self, source=self.source.without_secret) if self.source else self

    @property
    def is_automatic(self) -> bool:
        """Whether the loop itself created the evaluation."""
        return self.round_number > 0

    def is_overdue(self, now_us: int) -> bool:
        """Whether the evaluation should have ended by now; it will come to no results any more."""
        return not self.status.has_ended and now_us - self.created_us > LONGEST_US

    def restart(self, at_us: int) -> "Evaluation":
        """Note that work on the evaluation begins again; unchanged if it has ended."""
        return self if self.status.has_ended else replace(self, restarts=self.restarts + 1, restarted_us=at_us)

    def end(self, status: Status, at_us: int, reason: str | None = None, optimal: str | None = None) -> "Evaluation":
        """End the evaluation; unchanged if it has ended."""
        if self.status.has_ended:
            return self
        return replace(self.without_secret, status=status, reason=reason, optimal=optimal, ended_us=at_us)

    def time_out(self, at_us: int) -> "Evaluation":
        """End the evaluation because it takes too long; unchanged if it has ended."""
        return self.end(Status.TIMEOUT, at_us, "It was not done within a day.")
