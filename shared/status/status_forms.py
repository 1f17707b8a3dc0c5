"""The loop's own status over HTTP: is it learning, and if not, why not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from shared.evaluation.optimization_schedule import Looks
from shared.models.published import ModelReference
from shared.status import learning_status, optimization_text
from shared.status.learning_status import Known
from shared.status.warning import Warned
from shared.times import SECOND, to_iso
from shared.training.training_state import LastRun
from shared.web.json_forms import Wire


class RunOfTrainer(Wire):
    """A run of the trainer that did anything."""

    started_at: datetime
    ended_at: datetime
    joined_events: int
    learned_events: int


class EventCounts(Wire):
    """How many events had which fate since the loop was made."""

    waiting: int
    waiting_is_at_least: bool
    learned: int
    not_activated: int
    passed_over: int
    late: int
    dangling: int
    refused: int


class PublishedModel(Wire):
    """The model that Rank uses."""

    id: str
    published_at: datetime
    arguments: str
    exploration: float
    learned_up_to: datetime
    learned_events: int
    sha256: str


class Instance(Wire):
    """The instance that answers, and the model that it has loaded."""

    model_id: str | None


class NextModel(Wire):
    """When the next model can come, and why not earlier."""

    due_at: datetime | None
    because: str


class StatusWarning(Wire):
    """What to look at."""

    code: str
    message: str
    what_to_do: str


class LoopStatus(Wire):
    """Whether the loop learns, and why or why not."""

    learning: bool
    because: str
    last_run: RunOfTrainer | None
    joined_up_to: datetime | None
    lag_seconds: float
    events: EventCounts
    model: PublishedModel | None
    instance: Instance
    next_model: NextModel
    retraining: str | None
    optimization: str | None
    warnings: list[StatusWarning]


def answer(known: Known, warnings: Sequence[Warned], model_in_use: ModelReference | None) -> bytes:
    """All that is told of a loop, in plain words and numbers.

    Args:
        model_in_use: What the instance that answers ranks with.
    """
    learning = learning_status.learning(known)
    return orjson.dumps(
        {
            "learning": learning.holds,
            "because": learning.because,
            "lastRun": _last_run(known.state.last_run if known.state else None),
            "joinedUpTo": _moment(known.state.joined_up_to_us if known.state else None),
            "lagSeconds": learning_status.lag_us(known) / SECOND,
            "events": _events(known),
            "model": _model(known),
            "instance": {"modelId": model_in_use.id if model_in_use else None},
            "nextModel": _next_model(known),
            "retraining": learning_status.retraining(known),
            "optimization": _optimization(known),
            "warnings": [{"code": one.code, "message": one.message, "whatToDo": one.what_to_do} for one in warnings],
        }
    )


def _optimization(known: Known) -> str | None:
    looks = known.state.looks if known.state else Looks()
    return optimization_text.told(looks, known.configuration, known.counters.learned, known.now_us)


def _events(known: Known) -> dict[str, Any]:
    told = known.counters
    return {
        "waiting": known.waiting.events,
        "waitingIsAtLeast": known.waiting.at_least,
        "learned": told.learned,
        "notActivated": told.not_activated,
        "passedOver": told.passed_over,
        "late": told.late,
        "dangling": told.dangling,
        "refused": told.refused,
    }


def _model(known: Known) -> dict[str, Any] | None:
    model = known.published.model
    if model is None:
        return None
    return {
        "id": model.id,
        "publishedAt": to_iso(model.made_at_us),
        "arguments": model.arguments,
        "exploration": known.configuration.service.exploration_percentage,
        "learnedUpTo": to_iso(model.learned_up_to_us),
        "learnedEvents": model.learned_events,
        "sha256": model.sha256,
    }


def _next_model(known: Known) -> dict[str, Any]:
    coming = learning_status.next_model(known)
    return {"dueAt": _moment(coming.due_us), "because": coming.because}


def _last_run(run: LastRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "startedAt": to_iso(run.started_us),
        "endedAt": to_iso(run.ended_us),
        "joinedEvents": run.joined_events,
        "learnedEvents": run.learned_events,
    }


def _moment(at_us: int | None) -> str | None:
    return to_iso(at_us) if at_us else None
