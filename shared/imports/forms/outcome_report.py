"""What was learned from an old log, as `GET /rankloop/v1/imports/{importId}` and `dev.py learn --json` tell it."""

from typing import Annotated, Self

from pydantic import Field

from shared.evaluation.evaluation import Source
from shared.evaluation.forms.report_forms import LinesReport
from shared.evaluation.tasks import TrainedModel
from shared.imports.import_outcome import ImportOutcome
from shared.imports.stretches import Stretch
from shared.imports.verdict import Chosen, JudgedPolicy
from shared.web.json_forms import Moment, Wire

_Pair = tuple[float, float]


class DifferenceReport(Wire):
    """How much more than what was done a policy earns per event; null is what is not known."""

    estimate: float | None
    interval: _Pair | None


class JudgedPolicyReport(Wire):
    """A policy with what it would have earned per event; null is what is not known, and `because` says why."""

    name: str
    source: Source
    arguments: str | None
    events: float
    effective_events: float | None
    reward: float | None
    interval: _Pair | None
    difference_to_online: DifferenceReport
    is_better_for_certain: bool
    because: str | None

    @classmethod
    def of(cls, judged: JudgedPolicy) -> Self:
        """Take a policy that was judged."""
        return cls(
            name=judged.policy.name,
            source=judged.policy.source,
            arguments=judged.policy.arguments or None,
            events=round(judged.events, 6),
            effective_events=judged.effective_events,
            reward=judged.reward,
            interval=judged.interval,
            difference_to_online=DifferenceReport(estimate=judged.above, interval=judged.above_interval),
            is_better_for_certain=judged.is_certain,
            because=judged.because,
        )


class ChosenReport(Wire):
    """The settings that the model learns with, and why these."""

    name: str
    arguments: str
    because: str

    @classmethod
    def of(cls, chosen: Chosen) -> Self:
        """Take what was chosen."""
        return cls.model_validate(chosen, from_attributes=True)


class DoneReport(Wire):
    """What was earned per event in a stretch of the log."""

    reward: float
    interval: _Pair | None


class LearningReport(Wire):
    """What the model would have earned per event in a stretch, as it had learned up to each; null is not known."""

    reward: float | None
    interval: _Pair | None
    effective_events: float | None


class StretchReport(Wire):
    """A stretch of the log; its events are counted from 1. `from` and `to` are null in a log without times."""

    first_event: int
    last_event: int
    from_: Annotated[Moment | None, Field(alias="from")]
    to: Moment | None
    done: DoneReport
    model: LearningReport

    @classmethod
    def of(cls, stretch: Stretch) -> Self:
        """Take a stretch."""
        return cls.model_validate(
            {
                "firstEvent": stretch.first,
                "lastEvent": stretch.last,
                "from": stretch.from_us or None,
                "to": stretch.to_us or None,
                "done": DoneReport(reward=stretch.done, interval=stretch.done_interval),
                "model": LearningReport(
                    reward=stretch.reward, interval=stretch.interval, effective_events=stretch.effective_events
                ),
            }
        )


class LearnedModelReport(Wire):
    """The model that has learned the whole log; `sha256` is that of the file that Rank would load."""

    learned_events: int
    first_event_id: str | None
    last_event_id: str | None
    sha256: str

    @classmethod
    def of(cls, model: TrainedModel) -> Self:
        """Take a model."""
        return cls(
            learned_events=model.events,
            first_event_id=model.first_event_id,
            last_event_id=model.last_event_id,
            sha256=model.predictor_sha256,
        )


class OutcomeReport(Wire):
    """What was learned from an old log."""

    lines: LinesReport
    remarks: list[str]
    cannot_teach: list[str]
    exploration: float | None
    policies: list[JudgedPolicyReport]
    difference_confidence: float
    candidates: int
    no_search: str | None
    chosen: ChosenReport
    stretches: list[StretchReport]
    model: LearnedModelReport

    @classmethod
    def of(cls, outcome: ImportOutcome) -> Self:
        """Take an outcome."""
        return cls(
            lines=LinesReport.of(outcome.lines),
            remarks=list(outcome.remarks),
            cannot_teach=list(outcome.gaps),
            exploration=outcome.exploration,
            policies=[JudgedPolicyReport.of(judged) for judged in outcome.judged],
            difference_confidence=outcome.difference_confidence,
            candidates=outcome.candidates,
            no_search=outcome.no_search,
            chosen=ChosenReport.of(outcome.chosen),
            stretches=[StretchReport.of(stretch) for stretch in outcome.stretches],
            model=LearnedModelReport.of(outcome.model),
        )
