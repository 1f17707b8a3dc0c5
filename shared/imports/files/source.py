"""The files of a log as one log in the order of time."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from shared.evaluation.replay.evaluated_events import trim
from shared.imports.chances import LEAST, PARTS, EstimatedChances
from shared.imports.files import replicates_file
from shared.imports.files.log_file import LogFile
from shared.imports.files.ordered_log import OrderedLog, Timed, write_in_order
from shared.imports.files.reading import Reading
from shared.imports.files.repeated_lines import RepeatedLines
from shared.imports.files.table_description import TableDescription
from shared.imports.files.table_file import PARQUET, TableFile
from shared.imports.files.tables import Tables
from shared.imports.files.unusable_log import UnusableLog
from shared.log.line_keys import ENQUEUED, TIMESTAMP
from shared.times import from_iso
from shared.words import list_names, pluralize

_STEP = 1000
_DSJSON = (b"{", b"[")
"""What a line begins with: an event, or a note among them."""

type Describe = Callable[[Sequence[TableFile]], TableDescription]
"""Says what the columns of tables hold."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is learned from.

    Attributes:
        log: All events, in the order of time.
        remarks: What a reader of the figures should know of how the log came about.
        replicates: If chances were estimated, a file with `PARTS` numbers an event: the chance of the action that was
            shown, with one part of the log after the other left out.
    """

    log: OrderedLog
    remarks: tuple[str, ...] = ()
    replicates: Path | None = None


def gather(
    files: Sequence[LogFile], describe: Describe, folder: Path, reading: Reading, *, has_columns: bool
) -> Source:
    """Make one log of all files.

    Args:
        folder: For the log.
        has_columns: Whether it was said what columns hold.

    Raises:
        UnusableLog: A file cannot be used.
    """
    reading.say("Reading ...")
    begun = [(file, begin) for file in files if (begin := _begin(file, reading))]
    if not begun:
        raise UnusableLog(f"{files[0]} is empty.", "Give files with events.")
    lines = [file for file, begin in begun if begin.startswith(_DSJSON)]
    tables = [TableFile(file.path, file.name) for file, begin in begun if not begin.startswith(_DSJSON)]
    if tables and lines:
        raise UnusableLog(
            f"{tables[0]} is a table, and {lines[0]} has dsjson lines.", "Learn from files of the same kind at a time."
        )
    if tables:
        return _gather_tables(tables, describe, folder, reading)
    if has_columns:
        raise UnusableLog(
            f"{lines[0]} has dsjson lines, which have no columns.", "Leave the columns out, or give a table."
        )
    _demand_choices(lines)
    repeated = RepeatedLines()
    log = write_in_order(_read_lines(lines, reading), folder, reading, repeated.is_new)
    return Source(log, tuple(_describe_repeated(repeated.number)))


def _begin(file: LogFile, reading: Reading) -> bytes:
    """The first line that is not blank, which tells dsjson from a table; empty if there is none.

    Of a log that was cut, the first line may be the end of an event; then the second one tells.
    """
    reading.begin(str(file))
    if file.begins_with(PARQUET):
        return PARQUET
    first = [*islice(filter(None, map(trim, file)), 2)]
    return next((line for line in first if line.startswith(_DSJSON)), first[0] if first else b"")


def _gather_tables(files: Sequence[TableFile], describe: Describe, folder: Path, reading: Reading) -> Source:
    times = Counter(file.path.resolve() for file in files)
    if twice := [file for file in files if times[file.path.resolve()] > 1]:
        raise UnusableLog(f"{twice[0]} is given twice.", "Give each table once, or its rows count twice.")
    description = describe(files)
    tables = Tables(files, description, reading)
    remarks = []
    if tables.without_reward:
        reward = description.columns.default_reward
        rows = pluralize(tables.without_reward, "row has", "rows have")
        remarks.append(f"{rows} no reward, and count as {reward:g}.")
    if not description.columns.time:
        remarks.append("The rows have no times, so they are taken in their order.")
    if tables.has_chances:
        return Source(tables.write(folder, None), tuple(remarks))
    reading.say("Estimating the chances with which actions were shown ...")
    estimated = tables.estimate()
    log = tables.write(folder, estimated)
    replicates = replicates_file.write(folder / "replicates", _list_replicates(estimated, reading))
    return Source(log, (*remarks, *_describe_chances(estimated)), replicates)


def _list_replicates(estimated: EstimatedChances, reading: Reading) -> Iterator[list[float]]:
    for number in range(estimated.events):
        if number % _STEP == 0:
            reading.check()
        yield estimated.replicates(number)


def _describe_chances(estimated: EstimatedChances) -> Iterator[str]:
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


def _describe_repeated(number: int) -> Iterator[str]:
    if number:
        copies = pluralize(number, "line is the copy of another one", "lines are copies of others")
        yield f"{copies}, as where exports overlap. Each event counts once."


def _demand_choices(files: Sequence[LogFile]) -> None:
    """See that the files have events with one choice; some may have no event at all."""
    empty = list[UnusableLog]()
    for file in files:
        try:
            kind = file.kind()
        except UnusableLog as problem:
            empty.append(problem)
            continue
        if kind.startswith("ccb"):
            raise UnusableLog(
                f"{file} has events with several slots, from which settings and a model cannot be learned so.",
                "Find settings for them with the command evaluate --optimize, and give these to a loop by hand.",
            )
        if kind != "cb":
            raise UnusableLog(
                f"{file} has only events of an apprentice, which say whether it imitates, not what is better.",
                "Give a log of the time when the loop was Online.",
            )
    if len(empty) == len(files):
        raise empty[0]


def _read_lines(files: Sequence[LogFile], reading: Reading) -> Iterator[Timed]:
    """The lines of all files with their times; a line without time has that of the line before it."""
    for file in files:
        reading.begin(str(file))
        last_us = 0
        for line in filter(None, file):
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
