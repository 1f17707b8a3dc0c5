"""The record of a training run, one line of JSON: what the run did, and a summary of the loop after it."""

import json
from dataclasses import dataclass, field
from typing import Any

from shared.configuration.configuration import Configuration
from shared.metrics.bins import Bin
from shared.metrics.policy_sums import PolicySums
from shared.status import learning_status
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.trial_progress import TrialProgress, measure_trial
from shared.times import SECOND, to_iso
from shared.training import publication, time_slices
from shared.training.cursor import Counters
from shared.training.training_state import State

NAME = "rankloop.run"


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The work of one training run.

    Attributes:
        counted: What the run added to the counters.
        sums: Over the events that the run joined.
        problem: Why the run ended early, or why training fails; never names a feature.
    """

    started_us: int
    seconds: float
    counted: Counters = field(default_factory=Counters)
    sums: Bin = field(default_factory=lambda: Bin(0))
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LoopSummary:
    """The loop at the end of a run.

    Attributes:
        lag_us: How long the oldest waiting event has been ready to join; 0 if no event is ready.
        model_id: Of the model in use; None if there is none.
        update_period_us: The shortest time between two models.
        update_periods: Such periods since the last change of the model in use; before the first model, since the first
            event was ready to join. None if no event ever came.
        unpublished: Whether the model in use lacks events that it could have.
        trial: The progress of the trial that is on; None without one.
    """

    waiting: Waiting
    lag_us: int
    model_id: str | None
    update_period_us: int
    update_periods: float | None
    unpublished: bool
    trial: TrialProgress | None = None


def summarize(inputs: StatusInputs) -> LoopSummary:
    """Summarize a loop."""
    model, period_us = inputs.model, update_period_us(inputs.configuration)
    since_us = _since_us(inputs)
    return LoopSummary(
        waiting=inputs.waiting,
        lag_us=learning_status.lag_us(inputs),
        model_id=model.id if model else None,
        update_period_us=period_us,
        update_periods=None if since_us is None else max(0, inputs.now_us - since_us) / period_us,
        unpublished=is_unpublished(inputs),
        trial=measure_trial(inputs.state),
    )


def update_period_us(configuration: Configuration) -> int:
    """The shortest time between two models: a cell of the time grid, or the model export frequency if longer."""
    frequency_us = configuration.export_frequency_us
    return max(frequency_us, time_slices.cell_us(frequency_us, configuration.rewards.wait_us))


def is_unpublished(inputs: StatusInputs) -> bool:
    """Whether events that are ready are not joined, not learned, or not in the model in use."""
    state = inputs.state
    if learning_status.lag_us(inputs) > 0:
        return True
    return state is not None and (_is_unlearned(state, inputs.configuration) or _is_held_back(state, inputs))


def line(loop: str, run: TrainingRun, summary: LoopSummary | None) -> str:
    """The record of a run.

    Args:
        summary: None if storage did not answer.
    """
    return json.dumps(
        {
            "record": NAME,
            "loop": loop,
            "startedAt": to_iso(run.started_us),
            "seconds": round(run.seconds, 3),
            "joined": run.counted.events,
            "learned": run.counted.learned,
            **(_summary(summary) if summary else dict.fromkeys(_SUMMARY_KEYS)),
            "problem": run.problem,
            "events": _outcomes(run.counted),
            "rewards": _rewards(run.sums),
        },
        separators=(",", ":"),
    )


_SUMMARY_KEYS = (
    *("waiting", "waitingAtLeast", "lagSeconds", "modelId"),
    *("updatePeriodSeconds", "updatePeriodsSinceModel", "unpublished", "trial"),
)


def _summary(summary: LoopSummary) -> dict[str, Any]:
    periods = summary.update_periods
    values = (
        *(summary.waiting.events, summary.waiting.at_least, summary.lag_us / SECOND, summary.model_id),
        *(summary.update_period_us / SECOND, None if periods is None else round(periods, 3), summary.unpublished),
        _trial(summary.trial) if summary.trial else None,
    )
    return dict(zip(_SUMMARY_KEYS, values, strict=True))


def _trial(progress: TrialProgress) -> dict[str, Any]:
    return {
        "evaluation": progress.trial.id,
        "events": progress.trial.sums.events,
        "gain": progress.gain,
        "interval": progress.interval,
        "moreEvents": progress.more_events,
    }


def _outcomes(counted: Counters) -> dict[str, int]:
    return {
        "learned": counted.learned,
        "notActivated": counted.not_activated,
        "refused": counted.refused,
        "passedOver": counted.passed_over,
        "answeredOtherwise": counted.answered_otherwise,
        "quarantined": counted.quarantined,
        "matchedRewards": counted.rewards,
        "late": counted.late,
        "dangling": counted.dangling,
    }


def _rewards(sums: Bin) -> dict[str, dict[str, float | None]]:
    return {
        "loop": _average(sums.rewards, sums.events),
        "firstAction": _of_policy(sums.first, sums.events),
        "random": _of_policy(sums.random, sums.events),
    }


def _of_policy(policy: PolicySums, events: int) -> dict[str, float | None]:
    """The figures of a policy; none if some event of the run says nothing about the policy, as in the metrics."""
    return _average(0.0, 0) if policy.silent else _average(policy.rewards, events)


def _average(rewards: float, events: int) -> dict[str, float | None]:
    return {"sum": rewards, "events": events, "average": rewards / events if events else None}


def _since_us(inputs: StatusInputs) -> int | None:
    """When the model in use last changed; before the first model, when the first event was ready to join."""
    state, model = inputs.state, inputs.published.model
    published = [model.made_at_us] if model else []
    if state and state.published_at_us is not None:
        published.append(state.published_at_us)
    return max(published) if published else _first_ready_us(inputs)


def _first_ready_us(inputs: StatusInputs) -> int | None:
    """When the first event was ready to join, as precisely as the bins of five minutes show; None without events."""
    state, waiting = inputs.state, inputs.waiting
    arrivals_us = [bin_.from_us for bin_ in state.metrics.bins if bin_.joined] if state else []
    arrivals_us += [] if waiting.first_us is None else [waiting.first_us]
    if arrivals_us:
        return learning_status.ready_us(inputs, min(arrivals_us))
    return state.last_run.started_us if state and state.last_run and state.counters.events else None


def _is_unlearned(state: State, configuration: Configuration) -> bool:
    """Whether the log holds joined events that the running model has still to learn from."""
    running = state.running
    from_us = max(running.learned_up_to_us, configuration.logs_deleted_before_us)
    return any(
        pending.learnable and pending.kind == running.kind and pending.part_us >= from_us
        for pending in state.metrics.pending
    )


def _is_held_back(state: State, inputs: StatusInputs) -> bool:
    """Whether the running model is not the one in use, although an update period has passed since the last model."""
    may_us = 0 if state.published_at_us is None else state.published_at_us + update_period_us(inputs.configuration)
    return inputs.now_us >= may_us and publication.is_new(state, inputs.published)
