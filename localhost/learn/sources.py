"""The log files of the command, as one log in the order of time."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import orjson

from localhost.evaluate.log_file import LogFile
from localhost.failures import CommandFailure
from localhost.interruption import Interruption
from localhost.learn import columns_file
from localhost.learn.ordered_log import write_in_order
from localhost.learn.table_file import TableFile, begins_with
from localhost.learn.tables import Tables
from localhost.progress import Progress
from shared.evaluation.replay.evaluated_events import trim
from shared.imports.chances import LEAST, PARTS, EstimatedChances
from shared.log.line_keys import ENQUEUED, TIMESTAMP
from shared.times import from_iso
from shared.words import list_names, pluralize

_STEP = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """What is learned from.

    Attributes:
        log: All events, in the order of time.
        remarks: What a reader of the figures should know of how the log came about.
        replicates: If chances were estimated, a file with `PARTS` numbers an event: the chance of the action that was
            shown, with one part of the log after the other left out.
    """

    log: LogFile
    remarks: tuple[str, ...] = ()
    replicates: Path | None = None


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
    Progress(1, stream, interruption).line("Reading ...")
    tables = [path for path in paths if _is_table(path)]
    if len(tables) not in (0, len(paths)):
        lines = next(path for path in paths if path not in tables)
        raise CommandFailure(
            f"{tables[0]} is a table, and {lines} has dsjson lines.", "Learn from files of the same kind at a time."
        )
    if tables:
        return _gather_tables([TableFile(path) for path in paths], columns, folder, stream, interruption)
    if columns:
        raise CommandFailure(
            f"{paths[0]} has dsjson lines, which have no columns.", "Leave --columns out, or give a table."
        )
    logs = [LogFile(path) for path in paths]
    for log in logs:
        _demand_choices(log)
    if len(logs) == 1 and _is_in_order(logs[0], interruption):
        return Source(logs[0])
    return Source(write_in_order(_read_lines(logs), folder, interruption))


def _is_table(path: Path) -> bool:
    """Whether a file is Parquet, or begins as no dsjson line does."""
    if begins_with(path, b"PAR1"):
        return True
    first = next((text for line in LogFile(path) if (text := trim(line))), b"{")
    return not first.startswith((b"{", b"["))


def _gather_tables(
    files: Sequence[TableFile], columns: Path | None, folder: Path, stream: TextIO, interruption: Interruption
) -> Source:
    description = columns_file.read(columns, files)
    tables = Tables(files, description, interruption)
    remarks = []
    if tables.without_reward:
        reward = description.columns.default_reward
        rows = pluralize(tables.without_reward, "row has", "rows have")
        remarks.append(f"{rows} no reward, and count as {reward:g}.")
    if not description.columns.time:
        remarks.append("The rows have no times, so they are taken in their order.")
    if tables.has_chances:
        return Source(tables.write(folder, None), tuple(remarks))
    Progress(1, stream, interruption).line("Estimating the chances with which actions were shown ...")
    estimated = tables.estimate()
    log = tables.write(folder, estimated)
    return Source(log, (*remarks, *_describe(estimated)), _write_replicates(estimated, folder, interruption))


def _write_replicates(estimated: EstimatedChances, folder: Path, interruption: Interruption) -> Path:
    path = folder / "replicates"
    with path.open("wb") as file:
        for number in range(estimated.events):
            if number % _STEP == 0:
                interruption.check()
            array("d", estimated.replicates(number)).tofile(file)
    return path


def _describe(estimated: EstimatedChances) -> Iterator[str]:
    """What follows from chances that nobody noted."""
    shares = (
        f"from how often each was shown, by {list_names(estimated.columns)}"
        if estimated.columns
        else "from how often each was shown; no column foretells more"
    )
    yield f"Nobody noted the chances of the actions. They were estimated {shares}."
    yield (
        f"Intervals are wider for it, by what leaving out each of {PARTS} parts of the log changes. They hold only if "
        "choices followed nothing but these columns and chance: what else they followed, such as the judgement of a "
        "person, looks like an effect of the action."
    )
    if estimated.lifted:
        events = pluralize(estimated.lifted, "event", "events")
        yield f"{events} with a chance below {LEAST:g} count as if it was {LEAST:g}, so that weights stay small."


def _demand_choices(log: LogFile) -> None:
    kind = log.kind()
    if kind.startswith("ccb"):
        raise CommandFailure(
            f"{log.path} has events with several slots, from which this command does not learn.",
            "Find settings for them with python3 dev.py evaluate --optimize, and give these to a loop by hand.",
        )
    if kind != "cb":
        raise CommandFailure(
            f"{log.path} has only events of an apprentice, which say whether it imitates, not what is better.",
            "Give a log of the time when the loop was Online.",
        )


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


def _read_lines(logs: Sequence[LogFile]) -> Iterator[tuple[int, bytes]]:
    """The lines of all files with their times; a line without time has that of the line before it."""
    for log in logs:
        last_us = 0
        for line in log:
            at_us = _time(line)
            last_us = last_us if at_us is None else at_us
            yield last_us, line


def _time(line: bytes) -> int | None:
    """When the event of a line came; None if the line has no event, or does not say."""
    text = trim(line)
    if not text.startswith(b"{"):
        return None
    try:
        fields = orjson.loads(text)
        return from_iso(fields.get(TIMESTAMP) or fields[ENQUEUED])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
