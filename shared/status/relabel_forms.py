"""Relabels over HTTP: what becomes of the rewards of which events, what that would do, and what came of it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.configuration.corrections import Relabel, RelabelFigures, RewardFormula
from shared.log.quarantine_forms import (
    MOST_REASON_CHARACTERS,
    DecisionsAnswer,
    Effect,
    EventsToCorrect,
    FeatureOfEvents,
)
from shared.metrics.comparison import estimate_average
from shared.metrics.intervals import UNIT, Span
from shared.web.errors import InvalidRequest
from shared.web.json_forms import Moment, Wire

_Number = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]


class Formula(Wire):
    """What becomes of each reward that came: `reward × scaleBy + plus`, no lower than `low` and no higher than `high`;
    or `fixed`, whatever it was.
    """

    scale_by: _Number | None = None
    plus: _Number | None = None
    low: _Number | None = None
    high: _Number | None = None
    fixed: _Number | None = None

    def read_formula(self) -> RewardFormula:
        """The formula as a value of the loop.

        Raises:
            InvalidRequest: It says nothing, says two things, or its lowest reward is above its highest one.
        """
        others = (self.scale_by, self.plus, self.low, self.high)
        if self.fixed is not None:
            if any(each is not None for each in others):
                raise InvalidRequest("Give either fixed, or the others.", "formula.fixed")
            return RewardFormula(fixed=self.fixed)
        if all(each is None for each in others):
            raise InvalidRequest("Give scaleBy, plus, low or high, or fixed.", "formula")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InvalidRequest("It is below low.", "formula.high")
        scale_by = 1.0 if self.scale_by is None else self.scale_by
        return RewardFormula(scale_by, self.plus or 0.0, self.low, self.high)

    @classmethod
    def of(cls, formula: RewardFormula) -> "Formula":
        """The answer about a formula."""
        if formula.fixed is not None:
            return cls(scale_by=None, plus=None, low=None, high=None, fixed=formula.fixed)
        return cls(scale_by=formula.scale_by, plus=formula.plus, low=formula.low, high=formula.high, fixed=None)


class NewRelabel(EventsToCorrect):
    """A relabel to be proposed."""

    formula: Formula
    reason: Annotated[str, StringConstraints(min_length=1, max_length=MOST_REASON_CHARACTERS)]


class AverageReward(Wire):
    """What was earned per event; the interval holds with 95 %. Null without events."""

    average_reward: float | None
    interval: tuple[float, float] | None


class RelabelEvaluation(Wire):
    """What a relabel would do to the events that were log when it was proposed.

    Attributes:
        up_to: What arrived later was not looked at.
        events: The events of the relabel from which something is learned, without those in quarantine.
        rewards: The rewards that came for them.
        changed: How many of these rewards become others.
    """

    up_to: Moment
    events: int
    rewards: int
    changed: int
    before: AverageReward
    after: AverageReward

    @classmethod
    def of(cls, figures: RelabelFigures) -> "RelabelEvaluation":
        """The answer about what was found."""
        return cls(
            up_to=figures.up_to_us,
            events=figures.events,
            rewards=figures.rewards,
            changed=figures.changed,
            before=_average(figures.events, figures.before),
            after=_average(figures.events, figures.after),
        )


class RelabelAnswer(Wire):
    """A relabel, what it would do, and what came of it; `learned`, `counted` and `decisions` as of a quarantine."""

    id: str
    state: Literal["proposed", "active", "lifted"]
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    action_id: str | None
    feature: FeatureOfEvents | None
    formula: Formula
    reason: str
    evaluation: RelabelEvaluation
    proposed_at: Moment
    proposed_by: str
    activated_at: Moment | None
    activated_by: str | None
    lifted_at: Moment | None
    lifted_by: str | None
    learned: bool
    counted: bool
    decisions: DecisionsAnswer | None


class Relabels(Wire):
    """The relabels of a loop, the newest first."""

    relabels: list[RelabelAnswer]


def answer(relabel: Relabel, effect: Effect) -> RelabelAnswer:
    """The answer about a relabel."""
    correction = relabel.correction
    return RelabelAnswer(
        id=correction.id,
        state="proposed" if relabel.is_proposed else "active" if relabel.is_active else "lifted",
        from_=correction.from_us,
        to=correction.to_us,
        action_id=correction.action_id,
        feature=FeatureOfEvents.of(correction.feature) if correction.feature else None,
        formula=Formula.of(correction.formula or RewardFormula()),
        reason=relabel.reason,
        evaluation=RelabelEvaluation.of(relabel.figures),
        proposed_at=relabel.at_us,
        proposed_by=relabel.by,
        activated_at=relabel.activated_us,
        activated_by=relabel.activated_by or None,
        lifted_at=relabel.lifted_us,
        lifted_by=relabel.lifted_by or None,
        learned=effect.learned,
        counted=effect.counted,
        decisions=effect.decisions,
    )


def answer_all(answers: Sequence[RelabelAnswer]) -> bytes:
    """The body of the answer with all relabels."""
    return Relabels(relabels=[*answers]).to_json()


def _average(events: int, sums: Sequence[float]) -> AverageReward:
    if not events:
        return AverageReward(average_reward=None, interval=None)
    rewards, squares, lowest, highest = sums
    estimate = estimate_average(events, rewards, squares, Span(min(UNIT.low, lowest), max(UNIT.high, highest)))
    return AverageReward(average_reward=estimate.average_reward, interval=estimate.interval)
