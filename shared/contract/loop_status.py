"""The loop's own status over HTTP: is it learning, and if not, why not."""

from collections.abc import Sequence
from typing import Any

import orjson

from shared.loop import status
from shared.loop.published import ModelReference
from shared.loop.status import Known
from shared.loop.times import SECOND, to_iso
from shared.loop.training_state import LastRun
from shared.loop.warnings import Warned


def answer(known: Known, warnings: Sequence[Warned], model_in_use: ModelReference | None) -> bytes:
    """All that is told of a loop, in plain words and numbers.

    Args:
        model_in_use: What the instance that answers ranks with.
    """
    learning = status.learning(known)
    return orjson.dumps(
        {
            "learning": learning.holds,
            "because": learning.because,
            "lastRun": _last_run(known.state.last_run if known.state else None),
            "joinedUpTo": _moment(known.state.joined_up_to_us if known.state else None),
            "lagSeconds": status.lag_us(known) / SECOND,
            "events": _events(known),
            "model": _model(known),
            "instance": {"modelId": model_in_use.id if model_in_use else None},
            "nextModel": _next_model(known),
            "retraining": status.retraining(known),
            "warnings": [{"code": one.code, "message": one.message, "whatToDo": one.what_to_do} for one in warnings],
        }
    )


def _events(known: Known) -> dict[str, Any]:
    told = known.counters
    return {
        "waiting": known.waiting.events,
        "waitingIsAtLeast": known.waiting.at_least,
        "learned": told.learned,
        "notActivated": told.not_activated,
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
    coming = status.next_model(known)
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
