"""Training: from log lines and a training state to the next training state and the model that Rank uses."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.learner.driver_process import DriverProcess
from shared.learner.refused_lines import RefusedLine, find_refused_lines
from shared.learner.subprocess_jobs import Job, TookTooLong, TrainingFailed

__all__ = ["RefusedLine", "TookTooLong", "TrainingFailed", "TrainingResult", "find_refused_lines", "train"]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The lines of a log by outcome.

    Attributes:
        learned: Events learned from.
        skipped: Events that are not to be learned from, since they were not activated.
        without_actions: Lines that are no events: observations that belong to none.
        refused: Lines that VW could not read.
        first_event_id: Of the first event learned from or skipped.
        last_event_id: Of the last event.
    """

    learned: int
    skipped: int
    without_actions: int
    refused: int
    first_event_id: str | None
    last_event_id: str | None

    @property
    def lines(self) -> int:
        """Lines with an outcome: fewer than were written if VW passed over lines that are like no event at all."""
        return self.learned + self.skipped + self.without_actions + self.refused


def train(
    log: Path,
    new_state: Path,
    *,
    arguments: Sequence[str] | None,
    old_state: Path | None,
    predictor: Path | None,
    timeout: timedelta,
    process: DriverProcess | None = None,
) -> TrainingResult:
    """Learn from a log, in another process; the same lines on the same state give the same bytes.

    Args:
        log: dsjson lines, plain or, by its suffix `.gz`, compressed; may be a FIFO.
        new_state: Where the training state goes.
        arguments: From `LearningArguments.with_epsilon`, to start empty; else None.
        old_state: The training state to go on from, which knows its arguments; else None.
        predictor: Where the model for `Model.load` goes; None for no such model.
        process: The process that does it; None for one of its own.

    Raises:
        TookTooLong: Time was up.
        TrainingFailed: There is no usable state.
    """
    if (arguments is None) == (old_state is None):
        raise ValueError("training starts either from learning arguments or from a state")
    options = ["-i", str(old_state)] if old_state else [*(arguments or ())]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        driver = process or stack.enter_context(DriverProcess())
        answer = driver.run(Job(options, log, Path(folder, "metrics"), new_state, predictor), timeout)
    if error := answer.get("error"):
        raise TrainingFailed(error)
    return TrainingResult(**{name: answer[name] for name in TrainingResult.__slots__})
