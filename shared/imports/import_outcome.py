"""What came of an import: the log that was made of its files, and what was learned from it."""

from dataclasses import dataclass

from shared.evaluation.tasks import LineCounts, TrainedModel
from shared.imports.stretches import Stretch
from shared.imports.verdict import Chosen, JudgedPolicy


@dataclass(frozen=True, slots=True)
class Gathered:
    """The log that was made of the files of an import.

    Attributes:
        events: The usable ones, before a learner has read them.
        gaps: What the log cannot teach, in plain sentences.
        remarks: What a reader of the figures should know of how the log came about.
        has_replicates: Whether chances were estimated, so that there is a file with what they are if one part of the
            log after the other is left out.
        files: In how many files the log is stored; 0 where it stays where it was gathered.
        folder: The folder of these files, a single path segment.
    """

    events: int
    gaps: tuple[str, ...]
    remarks: tuple[str, ...]
    has_replicates: bool
    files: int = 0
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """How the chosen settings learn over the log."""

    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What was learned from a log.

    Attributes:
        remarks, gaps: As of `Gathered`.
        exploration: Of the log; None without events.
        judged: The policies that were compared, with what each would have earned.
        difference_confidence: With which the intervals of the differences hold, each by itself.
        candidates: How many settings were tried on the first half of the log.
        no_search: Why none were, in plain words; else None.
        stretches: How the chosen settings learn over the log.
        model: It has learned all of the log.
    """

    lines: LineCounts
    remarks: tuple[str, ...]
    gaps: tuple[str, ...]
    exploration: float | None
    judged: tuple[JudgedPolicy, ...]
    difference_confidence: float
    candidates: int
    no_search: str | None
    chosen: Chosen
    stretches: tuple[Stretch, ...]
    model: TrainedModel
