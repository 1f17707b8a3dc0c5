"""The results as a JSON document."""

from typing import Any

from localhost.learn.results import Results
from shared.evaluation.forms.report_forms import LinesReport
from shared.evaluation.lead import confidence
from shared.imports.stretches import Stretch
from shared.imports.verdict import JudgedPolicy
from shared.times import to_iso


def document(results: Results) -> dict[str, Any]:
    """Write all of it."""
    outcome, model = results.outcome, results.model
    return {
        "lines": LinesReport.of(outcome.lines).model_dump(by_alias=True),
        "remarks": results.remarks,
        "cannotTeach": results.gaps,
        "exploration": results.exploration,
        "policies": [_policy(judged) for judged in results.judged],
        "differenceConfidence": confidence(outcome),
        "candidates": len(outcome.candidates),
        "noSearch": outcome.no_search,
        "chosen": {
            "name": results.chosen.name,
            "arguments": results.chosen.arguments,
            "because": results.chosen.because,
        },
        "stretches": [_stretch(stretch) for stretch in results.stretches],
        "model": {
            "learnedEvents": model.events,
            "firstEventId": model.first_event_id,
            "lastEventId": model.last_event_id,
            "sha256": model.predictor_sha256,
        },
    }


def _policy(judged: JudgedPolicy) -> dict[str, Any]:
    return {
        "name": judged.policy.name,
        "source": judged.policy.source.value,
        "arguments": judged.policy.arguments or None,
        "events": round(judged.events, 6),
        "effectiveEvents": judged.effective_events,
        "reward": judged.reward,
        "interval": judged.interval,
        "differenceToOnline": {"estimate": judged.above, "interval": judged.above_interval},
        "isBetterForCertain": judged.is_certain,
        "because": judged.because,
    }


def _stretch(stretch: Stretch) -> dict[str, Any]:
    return {
        "firstEvent": stretch.first,
        "lastEvent": stretch.last,
        "from": to_iso(stretch.from_us),
        "to": to_iso(stretch.to_us),
        "done": {"reward": stretch.done, "interval": stretch.done_interval},
        "model": {
            "reward": stretch.reward,
            "interval": stretch.interval,
            "effectiveEvents": stretch.effective_events,
        },
    }
