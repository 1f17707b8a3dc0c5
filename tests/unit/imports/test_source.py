"""The files of a log as one log: which are passed over, and which end it."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from arro3 import core, io

from shared.imports.columns import Columns
from shared.imports.files.log_file import ROW_BYTES, LogFile
from shared.imports.files.reading import Reading
from shared.imports.files.source import Source, gather
from shared.imports.files.surveyor import survey
from shared.imports.files.table_description import TableDescription, describe
from shared.imports.files.table_file import TableFile
from shared.imports.files.tables import _Values
from shared.imports.files.unusable_log import UnusableLog
from shared.imports.forms.outcome_report import StretchReport
from shared.imports.stretches import Stretch
from shared.learner.cleaning import MAX_TEXT
from shared.times import to_iso
from shared.web.endpoint import MAX_BODY_BYTES
from tests.unit.learner.lines import event_lines

DANGLING = b'{"RewardValue":1.0,"EnqueuedTimeUtc":"2026-01-01T00:00:00Z","EventId":"gone"}'
READING = Reading(lambda _: None, lambda: None)


def refuse(_tables: Sequence[TableFile]) -> TableDescription:
    raise AssertionError("there is no table")


def test_files_without_events_are_passed_over_where_others_have_some(tmp_path: Path) -> None:
    """An hour of an export may hold nothing but rewards; where no file has an event, the first one is named."""
    (tmp_path / "rewards.json").write_bytes(DANGLING)
    (tmp_path / "events.json").write_bytes(b"\n".join(event_lines(3)))
    rewards, events = LogFile(tmp_path / "rewards.json", "rewards.json"), LogFile(tmp_path / "events.json")
    source = gather([rewards, events], refuse, tmp_path, READING, has_columns=False)

    assert len(list(source.log)) == 4
    with pytest.raises(UnusableLog, match=r"rewards\.json has no event"):
        gather([rewards], refuse, tmp_path, READING, has_columns=False)


def test_a_log_that_begins_within_a_line_is_no_table(tmp_path: Path) -> None:
    """As one of which the end was taken."""
    (tmp_path / "cut.json").write_bytes(b"\n".join(event_lines(3))[50:])

    source = gather([LogFile(tmp_path / "cut.json")], refuse, tmp_path, READING, has_columns=False)

    assert survey(source.log, READING).events == 2


def test_an_event_whose_line_is_in_two_files_counts_once(tmp_path: Path) -> None:
    """Exports may overlap; lines that are alike, but have no id or no time, may be different events."""
    events = [line.replace(b"22:13:2", b"22:13:1", 1) for line in event_lines(3)] + event_lines(6)[3:]
    nameless = [events[0].replace(name, b'"Other"') for name in (b'"EventId"', b'"Timestamp"')]
    (tmp_path / "first.json").write_bytes(b"\n".join([*events[:4], *nameless, DANGLING]))
    (tmp_path / "second.json").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([*events[2:], *nameless, DANGLING]))
    files = [LogFile(tmp_path / name) for name in ("second.json", "first.json")]

    source = gather(files, refuse, tmp_path, READING, has_columns=False)

    lines = [line.removeprefix(b"\xef\xbb\xbf") for line in source.log]
    assert sorted(lines) == sorted([*events, *nameless * 2, DANGLING, DANGLING])
    assert source.remarks == ("2 lines are copies of others, as where exports overlap. Each event counts once.",)


COLUMNS = Columns(action="shown", reward="clicked")
TABLE = b"shown,clicked,device\ntea,1,phone\njuice,0,web\n"


def gather_tables(folder: Path, *contents: bytes) -> Source:
    """The log of some tables."""
    files = [LogFile(folder / f"{number}.csv") for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.path.write_bytes(content)
    return gather(files, lambda tables: describe(COLUMNS, tables, None), folder, READING, has_columns=True)


@pytest.mark.parametrize("empty", [b"", b"\n\n", gzip.compress(b"")], ids=["nothing", "blank", "compressed"])
def test_files_without_a_line_are_passed_over(tmp_path: Path, empty: bytes) -> None:
    """They are no other kind of file, wherever they stand; and blank lines before the names of columns are no names."""
    assert len(list(gather_tables(tmp_path, empty, b"\n" + TABLE, empty).log)) == 2
    with pytest.raises(UnusableLog, match=r"0\.csv is empty"):
        gather_tables(tmp_path, empty)


def test_rows_without_times_have_none(tmp_path: Path) -> None:
    """A moment that nobody noted is not made up."""
    times = {orjson.loads(line)["Timestamp"] for line in gather_tables(tmp_path, TABLE).log}

    stretch = StretchReport.of(Stretch(1, 2, 0, 0, 0.5, None, None, None, None))
    assert times == {to_iso(0)}
    assert (stretch.from_, stretch.to) == (None, None)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (b"shown,clicked\ntea,1\n", r"0\.csv has a column device, and .*1\.csv has none"),
        (b"shown,clicked,device,age\ntea,1,web,7\n", r"1\.csv has a column age, and .*0\.csv has none"),
    ],
)
def test_tables_whose_features_differ_are_refused(tmp_path: Path, second: bytes, message: str) -> None:
    """Whichever comes first, unless it is said which columns are features."""
    with pytest.raises(UnusableLog, match=message):
        gather_tables(tmp_path, TABLE, second)


def test_a_refusal_is_short(tmp_path: Path) -> None:
    """It is stored with an import, and told with each list of them."""
    with pytest.raises(UnusableLog, match=r"has no column shown; it has [x, ]+\.\.\.") as refused:
        gather_tables(tmp_path, b",".join(b"x" * number for number in range(100, 1000)))

    assert len(refused.value.reason) == 2000


def test_a_moment_that_no_calendar_has_is_refused_with_its_column(tmp_path: Path) -> None:
    """Parquet can hold it, and Python cannot."""
    at = core.Array([2**62], type=core.DataType.int64()).cast(core.DataType.timestamp("us"))
    io.write_parquet(core.Table.from_pydict({"at": at}), tmp_path / "far.parquet")

    with pytest.raises(UnusableLog, match=r"far\.parquet, column at cannot be read as Parquet: year 148108"):
        list(TableFile(tmp_path / "far.parquet").rows())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"_original_label_cost":', b'"_original_label_cost":null,"was":'),
        (b'"user":', b'"nested":' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b',"user":'),
        (b'"user":', '"é":1,"nested":'.encode() + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b',"user":'),
    ],
)
def test_a_strange_line_ends_no_survey(old: bytes, new: bytes) -> None:
    """Vowpal Wabbit learns from these."""
    lines = list(event_lines(3))
    assert old in lines[1]
    lines[1] = lines[1].replace(old, new, 1)

    assert survey(lines, READING).events == 3


def test_of_a_name_no_more_is_kept_than_tells_it_from_others() -> None:
    """A name would be kept as often as there are names inside; and an action without an id is named by all it has."""
    event = orjson.loads(next(iter(event_lines(1))))
    actions = [{"article": "x" * 1000 + str(number)} for number in range(4)]
    event["c"] = {"y" * 1000: {"a": 1, "b": 2}, "_multi": actions}

    surveyed = survey([orjson.dumps(event)], READING)

    assert surveyed.events == 1
    assert len(surveyed.offered) == 4
    assert max(map(len, [*surveyed.offered, *surveyed.constant])) < 300


def test_a_row_may_be_as_long_as_the_body_of_a_rank() -> None:
    assert ROW_BYTES == MAX_BODY_BYTES


def test_of_a_column_no_more_is_kept_than_is_needed() -> None:
    """Whole articles would fill the memory, and so would all cells of a large table; chances need some of both."""
    values, others = _Values(is_text=True, foretells_choices=True), _Values(is_text=False, foretells_choices=False)
    for number in range(3):
        values.add(f"{number}" + "x" * 10_000)
        others.add(number)

    assert list(values.codes() or ()) == [0, 1, 2]
    assert {len(text) for text in values._texts or ()} == {MAX_TEXT}
    assert others.is_number
    assert not others._texts
    assert not others._numbers
