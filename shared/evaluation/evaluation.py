"""An evaluation or a feature importance: what was asked for, on which log, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from shared.configuration.configuration import RewardSettings
from shared.stored_names import stored_as
from shared.times import DAY

LONGEST_US = DAY
"""Nobody waits longer, and it costs as long as it goes on."""


class Purpose(StrEnum):
    """What is found out; each has ids of its own."""

    EVALUATION = "evaluation"
    IMPORTANCE = "importance"


class Status(StrEnum):
    """How it stands, in the words of the API of 2022."""

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
        """Whether nothing more comes."""
        return self not in (Status.NOT_SUBMITTED, Status.RUNNING)

    @property
    def has_results(self) -> bool:
        """Whether it came to its end."""
        return self in (Status.SUCCEEDED, Status.APPLIED, Status.RETAINED)


class Source(StrEnum):
    """Where a policy comes from; the values of `policySource`."""

    ONLINE = "Online"
    BASELINE = "Baseline"
    RANDOM = "Random"
    CUSTOM = "Custom"
    SEARCH = "OfflineExperimentation"


@dataclass(frozen=True, slots=True)
class Policy:
    """A way to choose actions.

    Attributes:
        arguments: Learning arguments; None for those that do not learn. Of `online`, those in use when it was asked.
    """

    name: str
    arguments: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class EvaluatedLog:
    """The log that is evaluated, fixed when it was asked: events that arrived in [from_us, to_us).

    Attributes:
        to_us: At most the join position of that moment.
        kind: Events of another kind than this are passed over (`ranked_event.line_kind`).
        rewards: Lines that were joined under other settings are labelled anew.
    """

    from_us: int
    to_us: int
    kind: str
    rewards: RewardSettings


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation.

    Attributes:
        id: A single path segment; the caller's in the API of 2022.
        is_of_2022: Whether it was asked in the API of 2022.
        start_us: As asked, like `end_us`; [start, end).
        custom: The policies that the caller gave.
        optimise: Whether better settings are searched.
        round_number: Of the optimization round it belongs to, from 1; 0 if a caller asked for it. Stored as `look`.
        online: The policy in use when it was asked.
        exploration: The configured one; policies that are found are evaluated with it, since they would be used so.
        reason: Why it failed, or was not applied, in plain words.
        optimal: The name of the best policy; None before the end.
        error: Of an automatic one, the probability with which it may apply settings that are no better.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = stored_as(round_number="look")

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
    error: float = 0.0

    @property
    def is_automatic(self) -> bool:
        """Whether the loop itself asked for it."""
        return self.round_number > 0

    def is_overdue(self, now_us: int) -> bool:
        """Whether it should have ended by now, and will not come to a good end any more."""
        return not self.status.has_ended and now_us - self.created_us > LONGEST_US

    def end(self, status: Status, at_us: int, reason: str | None = None, optimal: str | None = None) -> "Evaluation":
        """It with an end; unchanged if it has one."""
        if self.status.has_ended:
            return self
        return replace(self, status=status, reason=reason, optimal=optimal, ended_us=at_us)

    def time_out(self, at_us: int) -> "Evaluation":
        """It with the end of one that takes too long; unchanged if it has an end."""
        return self.end(Status.TIMEOUT, at_us, "It was not done within a day.")
