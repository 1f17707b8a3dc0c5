"""Finding the lines that Vowpal Wabbit refuses, so that the others can be learned."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.learner import subprocess_jobs
from shared.learner.arguments import parse
from shared.learner.subprocess_jobs import TrainingFailed

_ARGUMENTS = parse(INITIAL_ARGUMENTS).with_epsilon(0.2)
_TIMEOUT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be learned from.

    Attributes:
        index: Its place among the lines, from 0.
        reason: In one line, with Vowpal Wabbit's own words if it had any.
    """

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Consecutive lines that are tried together.

    Attributes:
        careful: In a process of their own, and with a look at the weights: the lines that they were part of did more
            harm than being refused.
    """

    start: int
    stop: int
    careful: bool


@dataclass(frozen=True, slots=True)
class _Fault:
    reason: str
    harmful: bool


def refused_lines(
    lines: Sequence[bytes], *, arguments: Sequence[str] = _ARGUMENTS, timeout: timedelta = _TIMEOUT
) -> list[Refused]:
    """Find the lines that VW cannot read, that crash or stop it, or that spoil the weights, each by itself.

    Tries all lines together, then each quarter of what had a fault, and so on. Lines that do harm only together with
    others are not found.

    Args:
        lines: Without line breaks.
        arguments: From `LearningArguments.with_epsilon`; those of the loop find what spoils its weights.
        timeout: For each try.

    Raises:
        TrainingFailed: Training fails even without lines.
    """
    search = _Search(lines, arguments, timeout)
    (fault,) = search.faults([_Part(0, 0, careful=True)])
    if fault is not None:
        raise TrainingFailed(fault.reason)
    return sorted(search.refused(), key=lambda refused: refused.index)


@dataclass(frozen=True, slots=True)
class _Search:
    lines: Sequence[bytes]
    arguments: Sequence[str]
    timeout: timedelta

    def refused(self) -> Iterator[Refused]:
        parts = [_Part(0, len(self.lines), careful=True)] if self.lines else []
        while parts:
            smaller: list[_Part] = []
            for part, fault in zip(parts, self.faults(parts), strict=True):
                if fault is not None and part.stop - part.start == 1:
                    yield Refused(part.start, fault.reason)
                elif fault is not None:
                    smaller += _pieces(part, fault)
            parts = smaller

    def faults(self, parts: Sequence[_Part]) -> list[_Fault | None]:
        """What is wrong with each part; None if nothing is."""
        faults: list[_Fault | None] = []
        while rest := parts[len(faults) :]:
            together = [*takewhile(lambda part: not part.careful, rest)] or [rest[0]]
            answers, trouble = self._try(together)
            faults += [_fault(part, answer) for part, answer in zip(together, answers, strict=False)]
            if trouble and not answers:  # else the part that ended the process is tried again, as the first of its own
                faults.append(_Fault(trouble, harmful=True))
        return faults

    def _try(self, parts: Sequence[_Part]) -> tuple[list[dict[str, Any]], str | None]:
        with tempfile.TemporaryDirectory() as folder:
            return subprocess_jobs.run([self._job(part, Path(folder)) for part in parts], self.timeout)

    def _job(self, part: _Part, folder: Path) -> subprocess_jobs.Job:
        log = folder / f"{part.start}-{part.stop}.json"
        log.write_bytes(b"".join(line + b"\n" for line in self.lines[part.start : part.stop]))
        return subprocess_jobs.Job(self.arguments, log, folder / "metrics", folder / "state" if part.careful else None)


def _pieces(part: _Part, fault: _Fault) -> list[_Part]:
    length = max(1, (part.stop - part.start + 3) // 4)
    starts = range(part.start, part.stop, length)
    return [_Part(start, min(start + length, part.stop), fault.harmful) for start in starts]


def _fault(part: _Part, answer: dict[str, Any]) -> _Fault | None:
    if "error" in answer:
        return _Fault(answer["error"], harmful=True)
    if answer["refused"]:
        return _Fault(answer["said"] or "Vowpal Wabbit cannot read it", harmful=False)
    counted = answer["learned"] + answer["skipped"] + answer["without_actions"]
    passed_over = "Vowpal Wabbit passes over it, since it does not look like an event"
    return None if counted == part.stop - part.start else _Fault(passed_over, harmful=False)
