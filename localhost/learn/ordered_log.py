"""Writes lines to one log in the order of time, however many they are."""

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

from localhost.evaluate.log_file import LogFile
from localhost.failures import CommandFailure
from localhost.interruption import Interruption

_STEP = 1000


def write_in_order(lines: Iterable[tuple[int, bytes]], folder: Path, interruption: Interruption) -> LogFile:
    """Write lines, each with its time, in the order of time; those of the same time stay in their order.

    Raises:
        CommandFailure: There is no room for them.
    """
    unordered, ordered = folder / "unordered.dsjson", folder / "log.dsjson"
    times, begins = array("q"), array("q", [0])
    try:
        with unordered.open("wb") as file:
            for number, (at_us, line) in enumerate(lines):
                if number % _STEP == 0:
                    interruption.check()
                times.append(at_us)
                begins.append(begins[-1] + file.write(line + b"\n"))
        order = sort_times(times)
        with unordered.open("rb") as source, ordered.open("wb") as file:
            for place, number in enumerate(order):
                if place % _STEP == 0:
                    interruption.check()
                source.seek(begins[number])
                file.write(source.read(begins[number + 1] - begins[number]))
    except OSError as problem:
        raise CommandFailure(
            f"The log cannot be written anew in {folder}: {problem.strerror or problem}.",
            "Make room there, or name another folder for temporary files in the variable TMPDIR.",
        ) from problem
    unordered.unlink()
    return LogFile(ordered)


def sort_times(times: Sequence[int]) -> list[int]:
    """The places of times in their order; equal times stay in theirs."""
    return sorted(range(len(times)), key=times.__getitem__)
