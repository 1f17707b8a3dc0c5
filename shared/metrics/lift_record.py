"""What a loop has earned above always the first action, and above random actions: in all of its life, and of late.

Intervals hold at all moments if they begin at moments that were fixed beforehand. So sums are kept from the last change
of the settings on, and at checkpoints between which enough came; the difference of two gives the sums in between. Each
checkpoint begins an interval of its own, so that the k-th gets 6 ÷ (π²·k²) of the probability of error, which is all of
the probability together.

The sums over the loop's life begin with its first event, and no change ends them. Their interval stays valid, although
people change settings because of what they have seen: the wealth that bounds the lift needs only that each event's
weight has a mean of 1 given all that came before, which the logged chances ensure under any settings. Whatever is known
before an event is drawn may decide on what it is drawn with.

Source: Howard, Ramdas, McAuliffe, Sekhon: Time-uniform, nonparametric, nonasymptotic confidence sequences, 2021 (the
mean of a running average of conditional means, which may drift); Waudby-Smith, Wu, Ramdas, Karampatziakis, Mineiro:
Anytime-valid off-policy inference for contextual bandits, 2024 (logging policies that depend on the past).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import pi
from typing import NamedTuple

from shared.configuration.service_configuration import LearningMode
from shared.metrics.estimators.lift import LiftSums, excludes, is_biased
from shared.metrics.intervals import CONFIDENCE
from shared.stored_objects import StoredObject
from shared.times import DAY, HOUR

SETTLED_EVENTS = 1000
"""So many events after its settings changed, a loop is expected to have learned something."""
_ERROR = 1 - CONFIDENCE
_EXPLORES_NOTHING = (LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY)
"""In these modes the first action is shown, so that nothing is earned above it: they are no part of the loop's life."""


class Over(StrEnum):
    """What a window spans."""

    EVENTS = "last1000Events"
    DAY = "day"
    WEEK = "week"
    CHANGE = "sinceChange"
    LIFE = "life"


class Conclusion(StrEnum):
    """What an interval of the lift says."""

    BETTER = "better"
    NOT_DISTINGUISHABLE = "notDistinguishable"
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lifts(StoredObject):
    """Sums against always the first action, and against actions with equal chances."""

    first: LiftSums = field(default_factory=LiftSums)
    random: LiftSums = field(default_factory=LiftSums)

    def plus(self, other: "Lifts") -> "Lifts":
        """The sums of both."""
        return replace(self, first=self.first.plus(other.first), random=self.random.plus(other.random))

    def since(self, earlier: "Lifts") -> "Lifts":
        """The sums without those of the events before."""
        return replace(self, first=self.first.since(earlier.first), random=self.random.since(earlier.random))

    @property
    def events(self) -> int:
        """All events, also those that speak for neither."""
        return self.first.events + self.first.silent


@dataclass(frozen=True, slots=True)
class Checkpoint(StoredObject):
    """The sums as they were at a moment.

    Attributes:
        number: The number of the checkpoint among those of its window, from 1 on.
        made_us: When the part after the checkpoint begins.
        up_to_us: When the last part before the checkpoint ended that had events.
    """

    number: int
    made_us: int
    up_to_us: int
    sums: Lifts = field(default_factory=Lifts)


class _Rule(NamedTuple):
    """The least that a window holds, and what comes between two checkpoints: events, or microseconds."""

    least_events: int = 0
    piece_events: int = 0
    least_us: int = 0
    piece_us: int = 0

    def is_over(self, up_to_us: int, now_us: int) -> bool:
        """Whether all events up to a moment are too old for the window."""
        return self.least_us > 0 and up_to_us <= now_us - self.least_us

    def begins_before(self, checkpoint: Checkpoint, events: int, now_us: int) -> bool:
        """Whether the window may begin at a checkpoint."""
        enough = events - checkpoint.sums.events >= self.least_events
        return enough and checkpoint.up_to_us <= now_us - self.least_us

    def has_passed(self, checkpoint: Checkpoint, events: int, now_us: int) -> bool:
        """Whether the next checkpoint is made."""
        return events - checkpoint.sums.events >= max(self.piece_events, 1) and (
            now_us - checkpoint.made_us >= self.piece_us
        )


_RULES: Mapping[Over, _Rule] = {
    Over.EVENTS: _Rule(least_events=1000, piece_events=250),
    Over.DAY: _Rule(least_us=DAY, piece_us=6 * HOUR),
    Over.WEEK: _Rule(least_us=7 * DAY, piece_us=DAY),
}


@dataclass(frozen=True, slots=True)
class Window:
    """The sums of the events since a moment.

    Attributes:
        from_us: The first part of the window begins then, or earlier.
        error: The probability that the interval of this window is ever wrong.
        is_settled: Whether a loop could have learned something before the window began.
    """

    over: Over
    from_us: int
    sums: Lifts
    error: float
    is_settled: bool

    @property
    def against_first(self) -> Conclusion:
        """What the lift above the first action says."""
        return _conclude(self.sums.first, self.error)

    @property
    def against_random(self) -> Conclusion:
        """What the lift above random actions says."""
        return _conclude(self.sums.random, self.error)


@dataclass(frozen=True, slots=True)
class LiftRecord(StoredObject):
    """The record of one loop; in the commit record, so that each part counts once.

    Attributes:
        settings: The learning mode, the revision of the configuration and the generation of the model.
        since_us: When they changed; parts that begin earlier are in no sum.
        before: What they were before; empty if they never changed, or if that is not known.
        from_us: When the first part in the sums begins; None without any.
        up_to_us: When the last one with events ended.
        checkpoints: By window, the oldest first.
        settled: The sums once the loop could have learned something; None before.
        conclusion: What the newest window says that says anything, against the first action.
        concluded_us: Since when it says so, as a log position; 0 before the first part.
        past: The sums of the loop's life before the sums above: under earlier settings.
        past_from_us: When the first part in them begins; None without any.
    """

    settings: str = ""
    since_us: int = 0
    from_us: int | None = None
    up_to_us: int = 0
    sums: Lifts = field(default_factory=Lifts)
    checkpoints: Mapping[str, tuple[Checkpoint, ...]] = field(default_factory=dict)
    settled: Checkpoint | None = None
    conclusion: str = Conclusion.UNKNOWN
    concluded_us: int = 0
    before: str = ""
    past: Lifts = field(default_factory=Lifts)
    past_from_us: int | None = None

    def follow(self, settings: str, now_us: int) -> "LiftRecord":
        """The record under the settings as they are now: a new one if they are others.

        Changes without an event in between are one change.
        """
        if self.settings == settings:
            return self
        before = self.before if self.before and self.from_us is None else self.settings
        past_from_us, past = (self.past_from_us, self.past) if is_biased(self.sums.first) else self._life()
        since_us = now_us if self.settings else 0
        return LiftRecord(settings, since_us, before=before, past=past, past_from_us=past_from_us)

    def plus(self, part: Lifts, from_us: int, to_us: int) -> "LiftRecord":
        """The record with one more part, which is later than all before.

        A part that began before the settings changed is in no window, for it may hold events of both. It is in the
        loop's life.
        """
        if not part.events:
            return self
        if from_us < self.since_us:
            if not _explores(self.before):
                return self
            begins_us = from_us if self.past_from_us is None else self.past_from_us
            return replace(self, past=self.past.plus(part), past_from_us=begins_us)
        begun = self if self.from_us is not None else replace(self, from_us=from_us, up_to_us=from_us)
        grown = replace(
            begun,
            up_to_us=to_us,
            sums=begun.sums.plus(part),
            checkpoints={**begun.checkpoints, **{over: begun._checkpoints(over, from_us) for over in _RULES}},
            settled=begun._settle(from_us),
        )
        return grown._conclude(to_us)

    def window(self, over: Over, now_us: int) -> Window | None:
        """The sums over a window; None if no event is in it."""
        if self.from_us is None:
            return None
        if over not in _RULES:
            return self._window(over, self._first(), _ERROR)
        if _RULES[over].is_over(self.up_to_us, now_us):
            return None
        start = self._starts(over, now_us)[0]
        return self._window(over, start, _share(start))

    def latest(self, now_us: int) -> list[Window]:
        """The sums since each checkpoint within the last 1,000 events, the latest first: what has just turned shows.

        The checkpoints share the probability of error of the window.
        """
        starts = reversed(self._starts(Over.EVENTS, now_us))
        return [self._window(Over.EVENTS, start, _share(start)) for start in starts] if self.sums.events else []

    @property
    def settled_window(self) -> Window | None:
        """The sums since the loop could have learned something; None before."""
        return self._window(Over.CHANGE, self.settled, _ERROR) if self.settled else None

    def windows(self, now_us: int) -> list[Window]:
        """All windows with events since the settings last changed, the shortest first."""
        spans = (*_RULES, Over.CHANGE)
        return [window for over in spans if (window := self.window(over, now_us)) is not None]

    @property
    def life(self) -> Window | None:
        """The sums over the loop's life; None if no event is in it."""
        from_us, sums = self._life()
        return None if from_us is None else Window(Over.LIFE, from_us, sums, _ERROR, is_settled=False)

    def _life(self) -> tuple[int | None, Lifts]:
        """When the loop's life begins, and its sums.

        Without those since the last change if these are for certain biased, which is judged by weights alone, and would
        spoil what was told before.
        """
        if self.from_us is None or not _explores(self.settings):
            return self.past_from_us, self.past
        if self.past_from_us is not None and is_biased(self.sums.first):
            return self.past_from_us, self.past
        return self.from_us if self.past_from_us is None else self.past_from_us, self.past.plus(self.sums)

    def _window(self, over: Over, start: Checkpoint, error: float) -> Window:
        is_settled = self.settled is not None and start.sums.events >= self.settled.sums.events
        return Window(over, start.made_us, self.sums.since(start.sums), error, is_settled)

    def _starts(self, over: Over, now_us: int) -> tuple[Checkpoint, ...]:
        """The checkpoints of a window, from the newest one on at which it may begin."""
        checkpoints = self.checkpoints.get(over) or (self._first(),)
        old = [place for place, each in enumerate(checkpoints) if self._may_begin(over, each, now_us)]
        return checkpoints[old[-1] if old else 0 :]

    def _may_begin(self, over: Over, checkpoint: Checkpoint, now_us: int) -> bool:
        return _RULES[over].begins_before(checkpoint, self.sums.events, now_us)

    def _checkpoints(self, over: Over, now_us: int) -> tuple[Checkpoint, ...]:
        """The checkpoints of a window before a part is added that begins now."""
        checkpoints = self._starts(over, now_us)
        if not _RULES[over].has_passed(checkpoints[-1], self.sums.events, now_us):
            return checkpoints
        return (*checkpoints, self._checkpoint(checkpoints[-1].number + 1, now_us))

    def _settle(self, now_us: int) -> Checkpoint | None:
        if self.settled is not None or self.sums.events < SETTLED_EVENTS:
            return self.settled
        return self._checkpoint(1, now_us)

    def _first(self) -> Checkpoint:
        return Checkpoint(1, self.from_us or 0, self.from_us or 0)

    def _checkpoint(self, number: int, now_us: int) -> Checkpoint:
        return Checkpoint(number, now_us, self.up_to_us, self.sums)

    def _conclude(self, to_us: int) -> "LiftRecord":
        conclusion = conclude(self.windows(to_us))[0]
        if conclusion == self.conclusion and self.concluded_us:
            return self
        return replace(self, conclusion=conclusion, concluded_us=to_us)


def conclude(windows: list[Window]) -> tuple[Conclusion, Window | None]:
    """What the shortest window says that can tell the loop from the first action, and that window.

    If none can, it is the longest window.
    """
    conclusions = [(window.against_first, window) for window in windows]
    clear = [each for each in conclusions if each[0] in {Conclusion.BETTER, Conclusion.WORSE}]
    return next(iter(clear or reversed(conclusions)), (Conclusion.UNKNOWN, None))


def _explores(settings: str) -> bool:
    """Whether actions are drawn under some settings; if they are not known, too."""
    return settings.split("/")[0] not in _EXPLORES_NOTHING


def _share(start: Checkpoint) -> float:
    """The probability of error of the interval that begins at a checkpoint."""
    return _ERROR * 6 / (pi * start.number) ** 2


def _conclude(sums: LiftSums, error: float) -> Conclusion:
    if not sums.events or is_biased(sums):
        return Conclusion.UNKNOWN
    signs = {1: Conclusion.BETTER, 0: Conclusion.NOT_DISTINGUISHABLE, -1: Conclusion.WORSE}
    return signs[excludes(sums, 0.0, error)]
