"""The status of the loop over HTTP: whether it learns, and if not, why not."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from shared.access.role import Role
from shared.evaluation.optimization_schedule import OptimizationRounds
from shared.log.quarantine_forms import DecisionsAnswer
from shared.metrics.verdict_forms import VerdictAnswer
from shared.models.published import ModelReference
from shared.status import learning_status
from shared.status.learning_status import StatusInputs
from shared.status.optimization_text import describe_optimization
from shared.status.quarantine_effect import answer_decisions, find_effect
from shared.status.stage_rules import Light
from shared.status.stage_times import StageCount
from shared.status.stages import Stage, StageName, judge_stages
from shared.status.trainer_forms import RunOfTrainer, TrainerAnswer
from shared.status.trial_progress import TrialProgress, measure_trial
from shared.status.verdict_warnings import find_remedies
from shared.status.warnings import LoopWarning, Remedy
from shared.storage.paths import this_loop
from shared.times import SECOND
from shared.web.json_forms import Moment, Wire


class EventCounts(Wire):
    """How many events had which fate since the loop was made."""

    waiting: int
    waiting_is_at_least: bool
    learned: int
    not_activated: int
    answered_otherwise: int
    passed_over: int
    quarantined: int
    late: int
    dangling: int
    refused: int

    @classmethod
    def of(cls, inputs: StatusInputs) -> "EventCounts":
        """The counts of the intake and of the commit record."""
        counters = inputs.counters
        return cls(
            waiting=inputs.waiting.events,
            waiting_is_at_least=inputs.waiting.at_least,
            learned=counters.learned,
            not_activated=counters.not_activated,
            answered_otherwise=counters.answered_otherwise,
            passed_over=counters.passed_over,
            quarantined=counters.quarantined,
            late=counters.late + inputs.late.waiting,
            dangling=counters.dangling,
            refused=counters.refused,
        )


class PublishedModel(Wire):
    """The model that Rank uses."""

    id: str
    published_at: Moment
    arguments: str
    exploration: float
    learned_up_to: Moment
    learned_events: int
    sha256: str

    @classmethod
    def of(cls, model: ModelReference, exploration: float) -> "PublishedModel":
        """A published model, and the share of Ranks that explore with it."""
        return cls(
            id=model.id,
            published_at=model.made_at_us,
            arguments=model.arguments,
            exploration=exploration,
            learned_up_to=model.learned_up_to_us,
            learned_events=model.learned_events,
            sha256=model.sha256,
        )


class Instance(Wire):
    """The instance that answers, and the model that it has loaded."""

    model_id: str | None


class NextModel(Wire):
    """When the next model can come, and why not earlier."""

    due_at: Moment | None
    because: str


class RemedyAnswer(Wire):
    """A step that may mend what is wrong: what it costs, which setting it changes, and where it is done on the page."""

    text: str
    cost: str
    setting: str | None
    value: float | str | None
    link: str | None

    @classmethod
    def of(cls, remedy: Remedy) -> "RemedyAnswer":
        """The answer about a remedy."""
        return cls(text=remedy.text, cost=remedy.cost, setting=remedy.setting, value=remedy.value, link=remedy.link)


class StatusWarning(Wire):
    """What to look at."""

    code: str
    message: str
    what_to_do: str
    remedies: list[RemedyAnswer]

    @classmethod
    def of(cls, warning: LoopWarning) -> "StatusWarning":
        """The answer about a warning."""
        return cls(
            code=warning.code,
            message=warning.message,
            what_to_do=warning.what_to_do,
            remedies=[*map(RemedyAnswer.of, warning.remedies)],
        )


class StageRate(Wire):
    """How often a stage happened in a stretch of time."""

    count: int
    per_minute: float
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment

    @classmethod
    def of(cls, counted: StageCount) -> "StageRate":
        """The answer about a stretch of time."""
        return cls(count=counted.count, per_minute=counted.per_minute, from_=counted.from_us, to=counted.to_us)


class StageAnswer(Wire):
    """A stage on the way of events through the loop, and whether it is in order."""

    stage: StageName
    state: Light
    last_at: Moment | None
    rate: StageRate | None
    because: str
    what_to_do: str | None

    @classmethod
    def of(cls, stage: Stage) -> "StageAnswer":
        """The answer about a stage."""
        return cls(
            stage=stage.name,
            state=stage.light,
            last_at=stage.last_us,
            rate=StageRate.of(stage.count) if stage.count else None,
            because=stage.because,
            what_to_do=stage.what_to_do,
        )


class Caller(Wire):
    """Who asks, and what that caller may do with the loop."""

    name: str
    role: Role


class TrialAnswer(Wire):
    """The challenger on trial, and the evidence so far."""

    evaluation: str
    policy: str
    arguments: str
    since: Moment
    events: int
    gain: float | None
    interval: tuple[float, float] | None
    next_analysis_at_events: int
    more_events: int | None

    @classmethod
    def of(cls, progress: TrialProgress) -> "TrialAnswer":
        """The answer about a trial."""
        trial = progress.trial
        return cls(
            evaluation=trial.id,
            policy=trial.name,
            arguments=trial.challenger.arguments,
            since=trial.begun_us,
            events=trial.sums.events,
            gain=progress.gain,
            interval=progress.interval,
            next_analysis_at_events=trial.analysed_at,
            more_events=progress.more_events,
        )


class QuarantinesStatus(Wire):
    """How the log is corrected by quarantines and relabels.

    Attributes:
        active, active_relabels: How many there are.
        learned: Whether the newest model has learned the log as it is corrected now.
        counted: Whether the metrics have.
        decisions: How many decisions changed when a model last learned the log with others; null for never.
    """

    active: int
    active_relabels: int
    learned: bool
    counted: bool
    decisions: DecisionsAnswer | None

    @classmethod
    def of(cls, inputs: StatusInputs) -> "QuarantinesStatus":
        """The answer about the quarantines of a loop."""
        quarantines, relabels = inputs.configuration.quarantines, inputs.configuration.relabels
        effects = [find_effect(each, inputs.state) for each in quarantines]
        effects += [find_effect(each, inputs.state) for each in relabels]
        compared = inputs.state.changed_decisions if inputs.state else ()
        return cls(
            active=sum(each.is_active for each in quarantines),
            active_relabels=sum(each.is_active for each in relabels),
            learned=all(effect.learned for effect in effects),
            counted=all(effect.counted for effect in effects),
            decisions=answer_decisions(compared[-1]) if compared else None,
        )


class LoopStatus(Wire):
    """Whether the loop learns, and why or why not."""

    loop: str
    caller: Caller
    learning: bool
    because: str
    stages: list[StageAnswer]
    verdict: VerdictAnswer
    remedies: list[RemedyAnswer]
    last_run: RunOfTrainer | None
    trainer: TrainerAnswer
    joined_up_to: Moment | None
    lag_seconds: float
    events: EventCounts
    model: PublishedModel | None
    instance: Instance
    next_model: NextModel
    retraining: str | None
    optimization: str | None
    trial: TrialAnswer | None
    quarantines: QuarantinesStatus
    warnings: list[StatusWarning]

    @classmethod
    def of(
        cls,
        inputs: StatusInputs,
        warnings: Sequence[LoopWarning],
        loaded: ModelReference | None,
        caller: Caller,
        schedule: str,
    ) -> "LoopStatus":
        """The status of this loop, in plain words and numbers.

        Args:
            loaded: The model that the answering instance ranks with.
            schedule: When the trainer runs, in NCRONTAB.
        """
        state, model, trial = inputs.state, inputs.model, measure_trial(inputs.state)
        verdict, next_model = learning_status.judge_learning(inputs), learning_status.predict_next_model(inputs)
        return cls(
            loop=this_loop().name,
            caller=caller,
            learning=verdict.learns,
            because=verdict.because,
            stages=[StageAnswer.of(stage) for stage in judge_stages(inputs, warnings)],
            verdict=VerdictAnswer.of(inputs.verdict),
            remedies=[*map(RemedyAnswer.of, find_remedies(inputs))],
            last_run=RunOfTrainer.of(state.last_run) if state and state.last_run else None,
            trainer=TrainerAnswer.of(state, schedule, inputs.now_us),
            joined_up_to=(state.joined_up_to_us or None) if state else None,
            lag_seconds=learning_status.lag_us(inputs) / SECOND,
            events=EventCounts.of(inputs),
            model=PublishedModel.of(model, inputs.configuration.service.exploration_percentage) if model else None,
            instance=Instance(model_id=loaded.id if loaded else None),
            next_model=NextModel(due_at=next_model.at_us or None, because=next_model.because),
            retraining=learning_status.describe_retraining(inputs),
            optimization=_optimization(inputs, trial),
            trial=TrialAnswer.of(trial) if trial else None,
            quarantines=QuarantinesStatus.of(inputs),
            warnings=[*map(StatusWarning.of, warnings)],
        )


def _optimization(inputs: StatusInputs, trial: TrialProgress | None) -> str | None:
    rounds = inputs.state.rounds if inputs.state else OptimizationRounds()
    return describe_optimization(rounds, inputs.configuration, inputs.counters.learned, inputs.now_us, trial)
