"""Small files that unpack to large ones: an import refuses them by name, and takes no more memory than it may."""

import gzip
import json
import pickle
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from arro3 import core, io

from evaluate_fn.import_process import FilesOrder
from evaluate_fn.runner import _start
from evaluate_fn.task_process import ANSWER, TaskOrder
from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, ImportSource, Policy, Purpose, Source
from shared.evaluation.tasks import Task
from shared.imports.import_plan import GATHERED
from shared.times import HOUR
from tests.unit.learner.lines import event_lines

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MIB = 1024 * 1024
MOST_MIB = 250
"""Of memory: two tasks and the host beside them have 600."""
COLUMNS = {"action": "shown", "reward": "clicked"}
STRING, FLOAT, INT = core.DataType.utf8(), core.DataType.float64(), core.DataType.int64()


class Gathered(NamedTuple):
    """What the process of the first task of an import said, and the memory that it took at most."""

    answer: dict[str, Any]
    code: int
    peak_mib: float

    @property
    def refusal(self) -> str:
        """Why the files cannot be learned from, and what to do."""
        return " ".join(self.answer.get("unusable", ["", str(self.answer)]))


def gather(folder: Path, columns: Mapping[str, Any] | None = None) -> Gathered:
    """Let the process of an import's first task read the files of a folder; those of actions have the last name."""
    actions = (columns or {}).get("actionFeatures", {}).get("file", "")
    names = sorted(file.name for file in folder.iterdir() if file.name != actions)
    task = folder / "task"
    files = FilesOrder.folder(task)
    files.mkdir(parents=True)
    for place, name in enumerate([*names, *filter(None, [actions])]):
        (folder / name).rename(files / str(place))
    FilesOrder(tuple(names), actions).write(task)
    TaskOrder(Task(GATHERED, 0, None, until=0), imported(columns), (), timedelta(minutes=10)).write(task)
    with (task / "output").open("w+b") as output:
        process, peak_kib = _start(task, output), 0
        while process.poll() is None:
            peak_kib = max(peak_kib, read_peak(process.pid))
            time.sleep(0.01)
    answer = task / ANSWER
    told = pickle.loads(answer.read_bytes()) if answer.exists() else {}  # noqa: S301 - its own file
    return Gathered(told, process.returncode, peak_kib / 1024)


def read_peak(process: int) -> int:
    """The most memory that a process has had, in KiB; 0 once it has ended."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def imported(columns: Mapping[str, Any] | None) -> Evaluation:
    """An import of files."""
    log = EvaluatedLog(0, 1, "cb", RewardSettings(HOUR, 0.0, Aggregation.EARLIEST))
    source = ImportSource("https://nowhere.example/c", "", json.dumps(columns) if columns else "")
    online = Policy("online", None, Source.ONLINE)
    return Evaluation(
        "old", Purpose.IMPORT, "", False, 0, 1, 1, (), True, 0, online, 0.2, log, source=source
    )  # fmt: skip


def bomb(path: Path, begin: bytes, again: bytes, mib: int, level: int = 9) -> None:
    """Write so many MiB of the same, in gzip."""
    packer = zlib.compressobj(level, wbits=31)
    piece = again * -(-MIB // len(again))
    with path.open("wb") as file:
        file.write(packer.compress(begin))
        for _ in range(mib):
            file.write(packer.compress(piece))
        file.write(packer.flush())


def parquet(path: Path, columns: Mapping[str, core.Array], times: int = 1, **options: Any) -> None:
    """Write rows again and again as one row group."""
    schema = core.Schema([core.Field(name, array.type) for name, array in columns.items()])
    batch = core.RecordBatch.from_arrays([*columns.values()], schema=schema)
    rows = core.RecordBatchReader.from_batches(schema, (batch for _ in range(times)))
    io.write_parquet(rows, path, max_row_group_size=times * batch.num_rows, **options)


def write_many_rows(folder: Path) -> None:
    """A constant column of many rows is a few hundred bytes of Parquet."""
    rows = 1_000_000
    parquet(
        folder / "events.parquet",
        {"shown": core.Array(["tea"] * rows, STRING), "clicked": core.Array([1] * rows, INT)},
        5,
        compression="zstd(3)",
        data_page_size_limit=64 * MIB,
        data_page_row_count_limit=10**9,
    )


def write_csv_bomb(folder: Path) -> None:
    """The same row again and again."""
    bomb(folder / "events.csv", b"shown,clicked,device\n", b"tea,1," + b"x" * 1000 + b"\n", 150)


def write_line_without_end(folder: Path) -> None:
    """Of a table, whose text is a cell that never ends."""
    bomb(folder / "events.csv", b"shown,clicked,device\ntea,1,", b"x", 150)


def write_row_without_end(folder: Path) -> None:
    """Of cells with line breaks in quotes, so that each line is short."""
    bomb(folder / "events.csv", b"shown,clicked,device\ntea,1,phone\n", b'"\n",', 150)


def write_many_columns(folder: Path) -> None:
    """Each with a name of its own."""
    (folder / "events.csv").write_text(",".join(["shown", "clicked", *map(str, range(500_000))]) + "\n")


def write_many_texts(folder: Path) -> None:
    """Each cell of many columns is another text."""
    row = "{0},1," + ",".join(["{0}" * 40] * 100) + "\n"
    with gzip.open(folder / "events.csv", "wt", compresslevel=1) as file:
        file.write(",".join(["shown", "clicked", *(f"c{number}" for number in range(100))]) + "\n")
        file.writelines(row.format(number) for number in range(9000))


def write_line_bomb(folder: Path) -> None:
    """The same event again and again."""
    (line,) = event_lines(1)
    bomb(folder / "events.json", b"", line + b"\n", 150)


def write_event_without_end(folder: Path) -> None:
    """Of a log, whose event never ends."""
    (line,) = event_lines(1)
    bomb(folder / "events.json", line + b"\n" + line[:-1] + b',"more":"', b"x", 150)


def write_long_text(folder: Path) -> None:
    """One text of 5 MiB, which a dictionary has once and every row names."""
    texts = core.Array(["x" * (5 * MIB)], STRING)
    rows = {"shown": core.Array(["tea"], STRING), "clicked": core.Array([1], INT), "article": texts}
    parquet(folder / "events.parquet", rows, 100, compression="zstd(3)")


def write_giant_list(folder: Path) -> None:
    """A row whose cell is a list of sixty million numbers."""
    numbers = core.Array.from_buffer(memoryview(bytes(60_000_000)).cast("b"))
    lists = core.list_array(core.Array([0, len(numbers)], core.DataType.int32()), numbers)
    rows = {"shown": core.Array(["tea"], STRING), "clicked": core.Array([1], INT), "vector": lists}
    parquet(folder / "events.parquet", rows, compression="zstd(3)")


def write_large_actions(folder: Path) -> None:
    """A table with the features of a hundred thousand actions, beside a small one of events."""
    (folder / "events.csv").write_text("shown,clicked\ntea,1\n")
    names = [f"f{number}" for number in range(20)]
    with gzip.open(folder / "actions.csv", "wt", compresslevel=1) as file:
        file.write(",".join(["id", *names]) + "\n")
        file.writelines(f"{number}," + ",".join(["x"] * 20) + "\n" for number in range(100_000))


EXPLODING: list[tuple[Callable[[Path], None], Mapping[str, Any] | None, str]] = [
    (write_many_rows, COLUMNS, "events.parquet, row"),
    (write_csv_bomb, COLUMNS, "events.csv, line"),
    (write_line_without_end, COLUMNS, "events.csv, line 2"),
    (write_row_without_end, COLUMNS, "events.csv, line 3"),
    (write_many_columns, COLUMNS, "events.csv has"),
    (write_many_texts, COLUMNS, "events.csv, line"),
    (write_long_text, COLUMNS, "events.parquet, row 1 is"),
    (write_large_actions, COLUMNS | {"actionFeatures": {"file": "actions.csv", "id": "id"}}, "actions.csv, line"),
    (write_line_bomb, None, "events.json, line"),
    (write_event_without_end, None, "events.json, line 2"),
]


@pytest.mark.parametrize(
    ("write", "columns", "place"), EXPLODING, ids=[write.__name__.removeprefix("write_") for write, _, _ in EXPLODING]
)
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    tmp_path: Path, write: Callable[[Path], None], columns: Mapping[str, Any] | None, place: str
) -> None:
    """By the name of the file, where in it, and how much it may; the memory stays small all the while."""
    write(tmp_path)

    gathered = gather(tmp_path, columns)

    assert gathered.peak_mib < MOST_MIB
    assert place in gathered.refusal
    assert "MiB" in gathered.refusal or "columns" in gathered.refusal


def test_a_cell_that_fits_into_no_memory_ends_its_process_and_no_other(tmp_path: Path) -> None:
    """A library of another language unpacks it as a whole: then the bound of the process holds."""
    write_giant_list(tmp_path)

    gathered = gather(tmp_path, COLUMNS)

    assert gathered.code != 0
    assert gathered.peak_mib < MOST_MIB + 100


def test_a_table_that_is_no_bomb_is_taken(tmp_path: Path) -> None:
    """Within the bound of its process, which has to hold all that estimating chances takes."""
    rows, actions = 20_000, 30
    with gzip.open(tmp_path / "events.csv", "wt", compresslevel=1) as file:
        file.write("shown,clicked,a,b,c,d\n")
        for row in range(rows):
            shown, noise = row * 7919 % actions, row * 104_729 % 1000
            file.write(f"item-{shown},{row % 2},{shown // 3},{noise},{noise / 7},text-{shown % 5}\n")

    gathered = gather(tmp_path, COLUMNS)

    assert gathered.code == 0
    assert gathered.answer["done"].gathered.events == rows
    assert gathered.peak_mib < MOST_MIB
