"""What a run of the command came to."""

from dataclasses import dataclass, field

from shared.evaluation.outcome import Outcome
from shared.evaluation.tasks import TrainedModel
from shared.imports.stretches import Stretch
from shared.imports.verdict import Chosen, JudgedPolicy


@dataclass(frozen=True, slots=True)
class Results:
    """All that is printed.

    Attributes:
        exploration: Of the log; None without events.
        remarks: On chances and times of the log.
        gaps: What the log cannot teach.
    """

    outcome: Outcome
    exploration: float | None
    judged: list[JudgedPolicy]
    chosen: Chosen
    stretches: list[Stretch]
    model: TrainedModel
    gaps: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
