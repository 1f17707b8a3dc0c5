"""What the trainer tells of one run, in one line of JSON: what it did, and how the loop stands after it."""

import json
from dataclasses import dataclass, field
from typing import Any

from shared.configuration.configuration import Configuration
from shared.metrics.bins import Bin, Policy
from shared.status import learning_status
from shared.status.learning_status import Known, Waiting
from shared.times import SECOND, to_iso
from shared.training import publication, time_slices
from shared.training.training_state import Counters, State

NAME = "rankloop.run"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did.

    Attributes:
        counted: What it added to the counters.
        sums: Over the events that it joined.
        problem: Why it ended early, or why training does not go on; in words of the loop's own, which name no feature.
    """

    started_us: int
    seconds: float
    counted: Counters = field(default_factory=Counters)
    sums: Bin = field(default_factory=lambda: Bin(0))
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the loop stands at the end of a run.

    Attributes:
        lag_us: How much longer than it has to the oldest event has been waiting; 0 if none is overdue.
        model_id: Of the model in use; None if there is none.
        update_period_us: How often a new model can come at the most.
        update_periods: How many of these have passed since a model last became the one in use; before the first one,
            since the first event was due. None if no event ever came.
        unpublished: Whether something that is due is not in the model in use.
    """

    waiting: Waiting
    lag_us: int
    model_id: str | None
    update_period_us: int
    update_periods: float | None
    unpublished: bool


def standing(known: Known) -> Standing:
    """How a loop stands."""
    model, period_us = known.published.model, update_period_us(known.configuration)
    since_us = _since_us(known)
    return Standing(
        waiting=known.waiting,
        lag_us=learning_status.lag_us(known),
        model_id=model.id if model else None,
        update_period_us=period_us,
        update_periods=None if since_us is None else max(0, known.now_us - since_us) / period_us,
        unpublished=is_unpublished(known),
    )


def update_period_us(configuration: Configuration) -> int:
    """How often a new model can come at the most: not before the grid's next cell, nor before it may be published."""
    frequency_us = configuration.export_frequency_us
    return max(frequency_us, time_slices.cell_us(frequency_us, configuration.rewards.wait_us))


def is_unpublished(known: Known) -> bool:
    """Whether something that is due is not joined, not learned, or not in the model in use."""
    state = known.state
    if learning_status.lag_us(known) > 0:
        return True
    return state is not None and (_is_unlearned(state, known.configuration) or _is_held_back(state, known))


def line(loop: str, run: Run, stands: Standing | None) -> str:
    """The record of a run.

    Args:
        stands: None if storage did not tell.
    """
    return json.dumps(
        {
            "record": NAME,
            "loop": loop,
            "startedAt": to_iso(run.started_us),
            "seconds": round(run.seconds, 3),
            "joined": run.counted.events,
            "learned": run.counted.learned,
            **(_standing(stands) if stands else dict.fromkeys(_STANDING)),
            "problem": run.problem,
            "events": _fates(run.counted),
            "rewards": _rewards(run.sums),
        },
        separators=(",", ":"),
    )


_STANDING = (
    *("waiting", "waitingAtLeast", "lagSeconds", "modelId"),
    *("updatePeriodSeconds", "updatePeriodsSinceModel", "unpublished"),
)


def _standing(stands: Standing) -> dict[str, Any]:
    periods = stands.update_periods
    told = (
        *(stands.waiting.events, stands.waiting.at_least, stands.lag_us / SECOND, stands.model_id),
        *(stands.update_period_us / SECOND, None if periods is None else round(periods, 3), stands.unpublished),
    )
    return dict(zip(_STANDING, told, strict=True))


def _fates(counted: Counters) -> dict[str, int]:
    return {
        "learned": counted.learned,
        "notActivated": counted.not_activated,
        "refused": counted.refused,
        "passedOver": counted.passed_over,
        "late": counted.late,
        "dangling": counted.dangling,
    }


def _rewards(sums: Bin) -> dict[str, dict[str, float | None]]:
    return {
        "loop": _average(sums.rewards, sums.events),
        "firstAction": _of_policy(sums.first, sums.events),
        "random": _of_policy(sums.random, sums.events),
    }


def _of_policy(policy: Policy, events: int) -> dict[str, float | None]:
    """Nothing is told of a policy that some event of the run cannot speak for, as in the metrics."""
    return _average(0.0, 0) if policy.silent else _average(policy.rewards, events)


def _average(rewards: float, events: int) -> dict[str, float | None]:
    return {"sum": rewards, "events": events, "average": rewards / events if events else None}


def _since_us(known: Known) -> int | None:
    """When a model last became the one in use; before the first, when the first event was due."""
    state, model = known.state, known.published.model
    published = [model.made_at_us] if model else []
    if state and state.published_at_us is not None:
        published.append(state.published_at_us)
    return max(published) if published else _first_due_us(known)


def _first_due_us(known: Known) -> int | None:
    """When the first event was due: as far as the sums know, whose stretches are five minutes long."""
    state, waiting = known.state, known.waiting
    came = [one.from_us for one in state.metrics.bins if one.joined] if state else []
    came += [] if waiting.first_us is None else [waiting.first_us]
    if came:
        return learning_status.due_us(known, min(came))
    return state.last_run.started_us if state and state.last_run and state.counters.events else None


def _is_unlearned(state: State, configuration: Configuration) -> bool:
    """Whether joined events that the running model learns from lie ahead of it, in log that is still there."""
    running = state.running
    from_us = max(running.learned_up_to_us, configuration.logs_deleted_before_us)
    return any(one.learnable and one.kind == running.kind and one.part_us >= from_us for one in state.metrics.pending)


def _is_held_back(state: State, known: Known) -> bool:
    """Whether the running model is not the one in use, although a whole update period has passed since the last."""
    may_us = 0 if state.published_at_us is None else state.published_at_us + update_period_us(known.configuration)
    return known.now_us >= may_us and publication.is_new(state, known.published)
