"""Learners that learn from a log, and the result of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import child_process
from shared.evaluation.replay.predictions import OutOfStep
from shared.learner.subprocess_jobs import TrainingFailed


@dataclass(frozen=True, slots=True)
class Learner:
    """A learner, which predicts each event before learning from the event.

    Attributes:
        name: Of its files.
        options: How it learns.
        keeps_model: Whether training state and predictor are written.
    """

    name: str
    options: tuple[str, ...]
    keeps_model: bool = False

    def job(self, folder: Path) -> dict[str, Any]:
        """What it has to do, for `shared.learner.event_learner_process`."""
        return {
            "options": [*self.options],
            "metrics": str(folder / f"{self.name}.metrics"),
            "state": str(self.state(folder)) if self.keeps_model else None,
            "predictor": str(self.predictor(folder)) if self.keeps_model else None,
        }

    def command(self, folder: Path) -> list[str]:
        """The command that runs it as a child of this process."""
        return child_process.command("shared.learner.event_learner_process", json.dumps(self.job(folder)))

    def state(self, folder: Path) -> Path:
        """Where the training state is written."""
        return folder / f"{self.name}.state"

    def predictor(self, folder: Path) -> Path:
        """Where the model for Rank is written."""
        return folder / f"{self.name}.predictor"


@dataclass(frozen=True, slots=True)
class LearnerResult:
    """The result of a learner at the end of the log.

    Attributes:
        unusable: Why the model cannot be used; None if it can.
    """

    events: int
    first_event_id: str | None
    last_event_id: str | None
    unusable: str | None = None


def read_answer(answer: Mapping[str, Any], events: int) -> LearnerResult:
    """Read a learner's answer.

    Args:
        events: How many the learner was given.

    Raises:
        TrainingFailed: The learner did not reach the end of the log.
        OutOfStep: The learner did not learn from all events.
    """
    if "learned" not in answer or ("error" in answer and not answer.get("unusable")):
        raise TrainingFailed(str(answer["error"]))
    if answer["learned"] != events or answer["refused"]:
        raise OutOfStep(answer.get("message") or "Vowpal Wabbit did not learn from all events")
    return LearnerResult(events, answer["first_event_id"], answer["last_event_id"], answer.get("error"))
