"""The verdict over HTTP."""

from typing import Annotated

from pydantic import Field

from shared.metrics.comparison import Likeness
from shared.metrics.last_change import LastChange
from shared.metrics.verdict import Advantage, Verdict, WindowVerdict, describe
from shared.web.json_forms import Moment, Wire


class LiftAnswer(Wire):
    """How much more per event the loop earned than a policy would have, over the events that speak for the policy."""

    conclusion: str
    events: int
    silent_events: int
    lift: float | None
    interval: tuple[float, float] | None
    more_events: int | None

    @classmethod
    def of(cls, advantage: Advantage) -> "LiftAnswer":
        """The answer about the first action, or about random actions."""
        return cls(
            conclusion=advantage.conclusion,
            events=advantage.events,
            silent_events=advantage.silent,
            lift=advantage.lift,
            interval=advantage.interval,
            more_events=advantage.more_events,
        )


class EarnedAnswer(Wire):
    """What the loop earned per event, over the events that speak for the first action."""

    average_reward: float | None
    interval: tuple[float, float] | None
    events: int

    @classmethod
    def of(cls, window: WindowVerdict) -> "EarnedAnswer":
        """The answer about a window."""
        earned = window.earned
        return cls(average_reward=earned.average_reward, interval=earned.interval, events=window.first.events)


class WindowAnswer(Wire):
    """What the loop earned over a window of events."""

    over: str
    from_: Annotated[Moment, Field(alias="from")]
    earned: EarnedAnswer
    above_first_action: LiftAnswer
    above_random: LiftAnswer

    @classmethod
    def of(cls, window: WindowVerdict) -> "WindowAnswer":
        """The answer about a window."""
        return cls(
            over=window.over,
            from_=window.from_us,
            earned=EarnedAnswer.of(window),
            above_first_action=LiftAnswer.of(window.first),
            above_random=LiftAnswer.of(window.random),
        )


class LifeAnswer(WindowAnswer):
    """What the loop earned in all of its life, and that in a sentence."""

    because: str

    @classmethod
    def of(cls, window: WindowVerdict) -> "LifeAnswer":
        """The answer about the whole life."""
        return cls(because=describe(window), **dict(WindowAnswer.of(window)))


class ChangeAnswer(Wire):
    """What last changed: the learning mode, the settings, or by hand the model."""

    at: Moment
    what: str

    @classmethod
    def of(cls, change: LastChange) -> "ChangeAnswer":
        """The answer about a change."""
        return cls(at=change.at_us, what=change.what)


class VerdictAnswer(Wire):
    """Whether the loop earns more than always the first action, and how sure that is."""

    conclusion: str
    because: str
    since: Moment | None
    change: ChangeAnswer | None
    over: str | None
    windows: list[WindowAnswer]
    life: LifeAnswer | None
    apprentice: Likeness | None

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictAnswer":
        """The answer about the loop."""
        return cls(
            conclusion=verdict.conclusion,
            because=verdict.because,
            since=verdict.since_us,
            change=ChangeAnswer.of(verdict.change) if verdict.change else None,
            over=verdict.over,
            windows=[WindowAnswer.of(window) for window in verdict.windows],
            life=LifeAnswer.of(verdict.life) if verdict.life else None,
            apprentice=verdict.apprentice,
        )
