"""Writes lines to one log in the order of time, however many they are.

Lines are sorted in runs that fit into memory; the runs, compressed on disk, are then merged. What comes at the same
time stays in its order.
"""

import gzip
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import batched, count, pairwise
from operator import itemgetter
from pathlib import Path

from shared.imports.files.reading import Reading
from shared.imports.files.unusable_log import UnusableLog
from shared.log import stored_lines

RUN_BYTES = 32 * 1024 * 1024
"""Of memory that the lines of a run, and those of a file of the log, take about."""
_LINE_BYTES = 128
"""What a line takes in memory beside its text: millions of short ones are no small thing."""
_MOST_RUNS = 16
"""So many are merged at once; each has a line in memory."""
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
            UnusableLog: A file cannot be read any more.
        """
        for path in self.paths:
            try:
                with path.open("rb") as file:
                    for line in stored_lines.unpack(file):
                        yield line[:-1]
            except (OSError, stored_lines.UnreadableLines) as problem:
                raise UnusableLog(
                    f"{path}, a part of the log, cannot be read any more: {problem}.", "Start again."
                ) from problem


def write_in_order(
    lines: Iterable[Timed], folder: Path, reading: Reading, is_wanted: Callable[[Timed], bool] | None = None
) -> OrderedLog:
    """Write lines, each with its time, in the order of time; those of the same time stay in their order.

    Args:
        is_wanted: Gets all lines in the order of time, and says which are written; all of them, if None.

    Raises:
        UnusableLog: There is no room for them.
    """
    disk, names = _Disk(reading), (folder / f"run-{number}.gz" for number in count())
    try:
        runs = [disk.write(next(names), _sort(run)) for run in _cut(lines, reading)]
        while len(runs) > _MOST_RUNS:
            runs = [disk.merge(next(names), some) for some in batched(runs, _MOST_RUNS, strict=False)]
        ordered: Iterable[Timed] = _merge(runs)
        if is_wanted:
            ordered = filter(is_wanted, ordered)
        paths = [
            disk.write(folder / f"log-{number}.gz", (line for _, line in part))
            for number, part in enumerate(_cut(ordered, reading))
        ]
        for run in runs:
            run.unlink()
    except OSError as problem:
        raise UnusableLog(
            f"The log cannot be written anew in {folder}: {problem.strerror or problem}.",
            "Make room there, or name another folder for temporary files in the variable TMPDIR.",
        ) from problem
    return OrderedLog(tuple(paths))


def sort_times(times: Sequence[int]) -> Sequence[int]:
    """The places of times in their order; equal times stay in theirs."""
    places = range(len(times))
    if all(earlier <= later for earlier, later in pairwise(times)):
        return places
    return array("q", sorted(places, key=times.__getitem__))


def _cut(lines: Iterable[Timed], reading: Reading) -> Iterator[list[Timed]]:
    """Lines in portions of `RUN_BYTES` or a little more, each until the next one is asked for."""
    portion, size = list[Timed](), 0
    for number, timed in enumerate(lines):
        if number % _STEP == 0:
            reading.check()
        portion.append(timed)
        size += len(timed[1]) + _LINE_BYTES
        if size >= RUN_BYTES:
            yield portion
            portion.clear()
            size = 0
    if portion:
        yield portion


def _sort(run: list[Timed]) -> Iterator[bytes]:
    run.sort(key=itemgetter(0))
    return _entries(run)


def _entries(timed: Iterable[Timed]) -> Iterator[bytes]:
    return (b"%d %b" % each for each in timed)


def _merge(runs: Iterable[Path]) -> Iterator[Timed]:
    return merge(*map(_read_run, runs), key=itemgetter(0))


def _read_run(path: Path) -> Iterator[Timed]:
    with path.open("rb") as file:
        for entry in stored_lines.unpack(file):
            at_us, _, line = entry[:-1].partition(b" ")
            yield int(at_us), line


class _Disk:
    """What is written to the disk, which has room for so much and no more."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._used = 0

    def write(self, path: Path, lines: Iterable[bytes]) -> Path:
        """Write lines to a file."""
        with gzip.open(path, "wb", compresslevel=_QUICK) as file:
            for number, line in enumerate(lines):
                if number % _STEP == 0:
                    self._reading.check()
                file.write(line + b"\n")
        self._used += path.stat().st_size
        if self._used > self._reading.disk_bytes:
            most = f"{self._reading.disk_bytes / 1024 / 1024:,.0f} MiB"
            raise UnusableLog(
                f"The log of these files takes more than {most} while it is sorted.", self._reading.larger
            )
        return path

    def merge(self, path: Path, runs: Sequence[Path]) -> Path:
        """Make one run of several."""
        self._used -= sum(run.stat().st_size for run in runs)
        self.write(path, _entries(_merge(runs)))
        for run in runs:
            run.unlink()
        return path
