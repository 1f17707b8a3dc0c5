"""Finds the lines that Vowpal Wabbit refuses, so that the other lines can be learned."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.learner import subprocess_jobs
from shared.learner.arguments import parse
from shared.learner.subprocess_jobs import TookTooLong, TrainingFailed

_ARGUMENTS = parse(INITIAL_ARGUMENTS).with_epsilon(0.2)


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that cannot be learned from.

    Attributes:
        index: The place among the lines, from 0.
        reason: In one line, with Vowpal Wabbit's own words if it had any.
    """

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class _LineRange:
    """Consecutive lines that are tried together.

    Attributes:
        careful: Whether to try them in a process of their own and to check the weights, since the lines around them did
            more harm than being refused.
    """

    start: int
    stop: int
    careful: bool


@dataclass(frozen=True, slots=True)
class _Fault:
    reason: str
    harmful: bool


def find_refused_lines(
    lines: Sequence[bytes], *, arguments: Sequence[str] = _ARGUMENTS, timeout: timedelta
) -> list[RefusedLine]:
    """Find the lines that VW cannot read, that crash or stop it, or that spoil the weights, each by itself.

    Tries all lines together, then each quarter of what had a fault, and so on. Lines that do harm only together with
    others are not found. Lines that only take long are not refused.

    Args:
        lines: Without line breaks.
        arguments: From `LearningArguments.with_epsilon`; those of the loop find what spoils its weights.
        timeout: For the whole search.

    Raises:
        TookTooLong: The search has not ended after the timeout.
        TrainingFailed: Training fails even without lines.
    """
    search = _Search(lines, arguments, time.monotonic() + timeout.total_seconds())
    (fault,) = search.faults([_LineRange(0, 0, careful=True)])
    if fault is not None:
        raise TrainingFailed(fault.reason)
    return sorted(search.find(), key=lambda refused: refused.index)


@dataclass(frozen=True, slots=True)
class _Search:
    lines: Sequence[bytes]
    arguments: Sequence[str]
    until: float

    def find(self) -> Iterator[RefusedLine]:
        ranges = [_LineRange(0, len(self.lines), careful=True)] if self.lines else []
        while ranges:
            smaller: list[_LineRange] = []
            for lines_range, fault in zip(ranges, self.faults(ranges), strict=True):
                if fault is not None and lines_range.stop - lines_range.start == 1:
                    yield RefusedLine(lines_range.start, fault.reason)
                elif fault is not None:
                    smaller += _pieces(lines_range, fault)
            ranges = smaller

    def faults(self, ranges: Sequence[_LineRange]) -> list[_Fault | None]:
        """The fault of each range; None for a range without a fault."""
        faults: list[_Fault | None] = []
        while rest := ranges[len(faults) :]:
            together = [*takewhile(lambda lines_range: not lines_range.careful, rest)] or [rest[0]]
            answers, trouble = self._try(together)
            faults += [_fault(lines_range, answer) for lines_range, answer in zip(together, answers, strict=False)]
            if isinstance(trouble, TookTooLong):
                raise TookTooLong("the search for lines that cannot be learned from took too long")
            if trouble and not answers:  # else the part that ended the process is tried again, as the first of its own
                faults.append(_Fault(trouble.reason, harmful=True))
        return faults

    def _try(self, ranges: Sequence[_LineRange]) -> tuple[list[dict[str, Any]], TrainingFailed | None]:
        remaining = timedelta(seconds=max(0.0, self.until - time.monotonic()))
        with tempfile.TemporaryDirectory() as folder:
            return subprocess_jobs.run([self._job(lines_range, Path(folder)) for lines_range in ranges], remaining)

    def _job(self, lines_range: _LineRange, folder: Path) -> subprocess_jobs.Job:
        log = folder / f"{lines_range.start}-{lines_range.stop}.json"
        log.write_bytes(b"".join(line + b"\n" for line in self.lines[lines_range.start : lines_range.stop]))
        return subprocess_jobs.Job(
            self.arguments, log, folder / "metrics", folder / "state" if lines_range.careful else None
        )


def _pieces(lines_range: _LineRange, fault: _Fault) -> list[_LineRange]:
    length = max(1, (lines_range.stop - lines_range.start + 3) // 4)
    starts = range(lines_range.start, lines_range.stop, length)
    return [_LineRange(start, min(start + length, lines_range.stop), fault.harmful) for start in starts]


def _fault(lines_range: _LineRange, answer: dict[str, Any]) -> _Fault | None:
    if "error" in answer:
        return _Fault(answer["error"], harmful=True)
    if answer["refused"]:
        return _Fault(answer["message"] or "Vowpal Wabbit cannot read it", harmful=False)
    counted = answer["learned"] + answer["skipped"] + answer["without_actions"]
    passed_over = "Vowpal Wabbit passes over it, since it does not look like an event"
    return None if counted == lines_range.stop - lines_range.start else _Fault(passed_over, harmful=False)
