"""The log files of the command, as one log in the order of time."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import orjson

from localhost.evaluate.log_file import LogFile
from localhost.failures import CommandFailure
from localhost.interruption import Interruption
from localhost.progress import Progress
from shared.evaluation.replay.evaluated_events import trim
from shared.log.line_keys import ENQUEUED, TIMESTAMP
from shared.times import from_iso

_STEP = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """What is learned from.

    Attributes:
        log: All events, in the order of time.
        remarks: What a reader of the figures should know of how the log came about.
    """

    log: LogFile
    remarks: tuple[str, ...] = ()


def gather(
    paths: Sequence[Path], columns: Path | None, folder: Path, stream: TextIO, interruption: Interruption
) -> Source:
    """Make one log of all files; a single file of lines in order is taken as it is.

    Args:
        columns: The file that says what columns of tables hold.
        folder: For a log that has to be written anew.

    Raises:
        CommandFailure: A file cannot be used.
    """
    logs = [LogFile(path) for path in paths]
    for log in logs:
        _demand_choices(log)
    progress = Progress(1, stream, interruption)
    progress.line("Reading ...")
    if len(logs) == 1 and _is_in_order(logs[0], interruption):
        return Source(logs[0])
    return Source(_write_in_order(logs, folder, interruption))


def _demand_choices(log: LogFile) -> None:
    kind = log.kind()
    if kind != "cb":
        what = "events with several slots" if kind.startswith("ccb") else "events of an apprentice"
        why = (
            "Evaluate it with python3 dev.py evaluate --optimize, and give the settings to a loop by hand."
            if kind.startswith("ccb")
            else "What an apprentice logs is whether it imitates. Give a log of the time when the loop was Online."
        )
        raise CommandFailure(f"{log.path} has {what}; learned is from events with one choice, ranked Online.", why)


def _is_in_order(log: LogFile, interruption: Interruption) -> bool:
    last_us = None
    for number, line in enumerate(log):
        if number % _STEP == 0:
            interruption.check()
        at_us = _time(line)
        if at_us is not None:
            if last_us is not None and at_us < last_us:
                return False
            last_us = at_us
    return True


def _write_in_order(logs: Sequence[LogFile], folder: Path, interruption: Interruption) -> LogFile:
    """Write the lines of all files in the order of time; a line without time comes after the line before it."""
    unordered, ordered = folder / "unordered.dsjson", folder / "log.dsjson"
    times, begins = array("q"), array("q", [0])
    with unordered.open("wb") as file:
        for log in logs:
            last_us = 0
            for number, line in enumerate(log):
                if number % _STEP == 0:
                    interruption.check()
                last_us = _time(line) or last_us
                times.append(last_us)
                begins.append(begins[-1] + file.write(line + b"\n"))
    with unordered.open("rb") as lines, ordered.open("wb") as file:
        for place, number in enumerate(sorted(range(len(times)), key=times.__getitem__)):
            if place % _STEP == 0:
                interruption.check()
            lines.seek(begins[number])
            file.write(lines.read(begins[number + 1] - begins[number]))
    unordered.unlink()
    return LogFile(ordered)


def _time(line: bytes) -> int | None:
    """When the event or the reward of a line came; None if the line does not say."""
    text = trim(line)
    if not text.startswith(b"{"):
        return None
    try:
        fields = orjson.loads(text)
        return from_iso(fields.get(TIMESTAMP) or fields[ENQUEUED])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
