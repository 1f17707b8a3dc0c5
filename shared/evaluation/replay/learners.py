"""The learners that go over a log, and what each tells at its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.evaluation.replay.predictions import OutOfStep
from shared.learner.subprocess_jobs import Job, TrainingFailed


@dataclass(frozen=True, slots=True)
class Learner:
    """One that predicts each event before it learns from it.

    Attributes:
        name: Of its files.
        options: How it learns.
        keeps: Whether training state and predictor are written.
    """

    name: str
    options: tuple[str, ...]
    keeps: bool = False

    def job(self, folder: Path, log: Path | str, predictions: Path | str) -> Job:
        """What VW's driver is to do."""
        return Job(
            [*self.options, "-p", str(predictions)],
            Path(log),
            folder / f"{self.name}.metrics",
            self.state(folder) if self.keeps else None,
            self.predictor(folder) if self.keeps else None,
        )

    def state(self, folder: Path) -> Path:
        """Where its training state is written."""
        return folder / f"{self.name}.state"

    def predictor(self, folder: Path) -> Path:
        """Where its model for Rank is written."""
        return folder / f"{self.name}.predictor"


@dataclass(frozen=True, slots=True)
class Learned:
    """What a learner tells at the end of the log.

    Attributes:
        unusable: Why what it has learned cannot be used; None if it can.
    """

    events: int
    first_event_id: str | None
    last_event_id: str | None
    unusable: str | None = None


def learned(answer: Mapping[str, Any], events: int) -> Learned:
    """Read a driver's answer.

    Args:
        events: That it was given.

    Raises:
        TrainingFailed: It came to no end.
        OutOfStep: It did not learn from all of them.
    """
    if "learned" not in answer or ("error" in answer and not answer.get("unusable")):
        raise TrainingFailed(str(answer["error"]))
    if answer["learned"] != events or answer["refused"]:
        raise OutOfStep(answer.get("said") or "Vowpal Wabbit did not learn from all events")
    return Learned(events, answer["first_event_id"], answer["last_event_id"], answer.get("error"))
