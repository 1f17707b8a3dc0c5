"""Trouble of the trainer: what it cannot read or write, bypasses, and tries again with growing pauses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.stored_objects import StoredObject
from shared.times import HOUR, SECOND

_FIRST_PAUSE_US = 10 * SECOND
_LONGEST_PAUSE_US = HOUR


class Subject(StrEnum):
    """What a run does, each on its own: trouble with one ends none of the others."""

    JOIN = "join"
    RUNNING = "running"
    NEXT = "next"
    CHALLENGER = "challenger"
    PUBLICATION = "publication"
    EXPORT = "export"
    LOG = "log"
    MANIFESTS = "manifests"
    MIRROR = "mirror"
    PROFILE = "profile"
    TABLES = "tables"
    METRICS = "metrics"
    RECOUNT = "recount"
    COMPARISON = "comparison"
    MODEL_REWARDS = "modelRewards"
    LAST_DAY = "last_day"
    MARKS = "marks"
    REWARDS = "rewards"
    RETENTION = "retention"
    EVALUATIONS = "evaluations"
    OPTIMIZATION = "optimization"


@dataclass(frozen=True, slots=True)
class Trouble(StoredObject):
    """Why something could not be done.

    Attributes:
        reason: In plain words; never quotes a secret, a feature, or an id of an event.
        since_us: When it first failed.
        tried_us: When it last failed.
        tries: How often it has failed since it last succeeded.
        about: What it was tried with: with something else it is tried again at once.
    """

    reason: str
    since_us: int
    tried_us: int
    tries: int = 1
    about: str = ""

    @property
    def next_us(self) -> int:
        """When it is tried again: after 10 seconds, then each time after twice the pause before, at most an hour."""
        return self.tried_us + min(_FIRST_PAUSE_US << min(self.tries - 1, 20), _LONGEST_PAUSE_US)


type Troubles = Mapping[str, Trouble]
"""The troubles that there are now, by their `Subject`."""


def may_be_tried(before: Trouble, about: str, now_us: int) -> bool:
    """Whether what failed is to be tried again: with something else than last time, or after a pause."""
    return before.about != about or now_us >= before.next_us


def with_failure(troubles: Troubles, subject: str, reason: str, about: str, now_us: int) -> Troubles:
    """The troubles after something has failed."""
    before = troubles.get(subject)
    if before is None or before.about != about:
        return {**troubles, subject: Trouble(reason, now_us, now_us, about=about)}
    return {**troubles, subject: replace(before, reason=reason, tried_us=now_us, tries=before.tries + 1)}


def without(troubles: Troubles, subject: str) -> Troubles:
    """The troubles after something has succeeded."""
    return {other: trouble for other, trouble in troubles.items() if other != subject}
