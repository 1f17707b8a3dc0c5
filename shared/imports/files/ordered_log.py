"""Writes lines to one log in the order of time, however many they are.

Lines are sorted in runs that fit into memory; the runs, compressed on disk, are then merged. What comes at the same
time stays in its order.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import IO

from shared.imports.files.log_file import LogFile
from shared.imports.files.reading import Reading
from shared.imports.files.unusable_log import UnusableLog

RUN_BYTES = 32 * 1024 * 1024
"""Of memory that the lines of a run, and those of a file of the log, take about."""
_LINE_BYTES = 128
"""What a line takes in memory beside its text: millions of short ones are no small thing."""
_STEP = 1000
_QUICK = 1
"""The level of compression: what is written is read a few times, and then deleted."""

type Timed = tuple[int, bytes]
"""A line with its time, in microseconds."""


@dataclass(frozen=True, slots=True)
class OrderedLog:
    """A log in one or several files, in the order of time; read from the beginning for each pass."""

    paths: tuple[Path, ...]

    def __iter__(self) -> Iterator[bytes]:
        """All lines, without line breaks.

        Raises:
            UnusableLog: As of `LogFile`.
        """
        for path in self.paths:
            yield from LogFile(path)


def write_in_order(
    lines: Iterable[Timed], folder: Path, reading: Reading, is_wanted: Callable[[Timed], bool] | None = None
) -> OrderedLog:
    """Write lines, each with its time, in the order of time; those of the same time stay in their order.

    Args:
        is_wanted: Gets all lines in the order of time, and says which are written; all of them, if None.

    Raises:
        UnusableLog: There is no room for them.
    """
    try:
        runs = [_write_run(folder / f"run-{number}.gz", run) for number, run in enumerate(_cut(lines, reading))]
        ordered: Iterable[Timed] = merge(*(_read_run(run) for run in runs), key=itemgetter(0))
        if is_wanted:
            ordered = filter(is_wanted, ordered)
        paths = [_write_lines(folder / f"log-{number}.gz", part) for number, part in enumerate(_cut(ordered, reading))]
        for run in runs:
            run.unlink()
    except OSError as problem:
        raise UnusableLog(
            f"The log cannot be written anew in {folder}: {problem.strerror or problem}.",
            "Make room there, or name another folder for temporary files in the variable TMPDIR.",
        ) from problem
    return OrderedLog(tuple(paths))


def sort_times(times: Sequence[int]) -> list[int]:
    """The places of times in their order; equal times stay in theirs."""
    return sorted(range(len(times)), key=times.__getitem__)


def _cut(lines: Iterable[Timed], reading: Reading) -> Iterator[list[Timed]]:
    """Lines in portions of `RUN_BYTES` or a little more."""
    portion, size = list[Timed](), 0
    for number, timed in enumerate(lines):
        if number % _STEP == 0:
            reading.check()
        portion.append(timed)
        size += len(timed[1]) + _LINE_BYTES
        if size >= RUN_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _write_run(path: Path, run: list[Timed]) -> Path:
    run.sort(key=itemgetter(0))
    with _create(path) as file:
        for at_us, line in run:
            file.write(b"%d %b\n" % (at_us, line))
    return path


def _read_run(path: Path) -> Iterator[Timed]:
    with gzip.open(path) as file:
        for entry in file:
            at_us, _, line = entry[:-1].partition(b" ")
            yield int(at_us), line


def _write_lines(path: Path, part: list[Timed]) -> Path:
    with _create(path) as file:
        for _, line in part:
            file.write(line + b"\n")
    return path


def _create(path: Path) -> IO[bytes]:
    return gzip.open(path, "wb", compresslevel=_QUICK)  # type: ignore[return-value]
