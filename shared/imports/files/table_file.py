"""A table in a file: CSV, plain or in gzip, or Parquet."""

import csv
import gzip
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from shared.imports.files.log_file import ROW_BYTES, LogFile, Unpacked, too_long
from shared.imports.files.unusable_log import UnusableLog

PARQUET = b"PAR1"
"""What such a file begins and ends with."""
_GZIP = b"\x1f\x8b"
_PANIC = "PanicException"
_BATCH = 16
"""Rows of Parquet that are unpacked at once: each may be as long as a row may be, or longer before it is refused."""
_LEAST_BYTES = 8
"""What a value takes at least, once it is read, whatever it takes in the file."""
_MOST_COLUMNS, _LONGEST_NAME = 5_000, 1_000
_SHORTER = "Leave out cells that no Rank would send."


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table, read from the beginning for each pass, never as a whole.

    Attributes:
        name: What refusals call the file; its path if nothing else is said.
    """

    path: Path
    name: str = ""

    def __str__(self) -> str:
        """The name."""
        return self.name or str(self.path)

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet."""
        return self._begins_with(PARQUET)

    def header(self) -> tuple[str, ...]:
        """The names of the columns.

        Raises:
            UnusableLog: The file cannot be read as a table.
        """
        with ExitStack() as stack:
            names = self._parquet().schema.names if self.is_parquet else next(self._csv(stack), ([], 1))[0]
        names = tuple(map(str, names))
        if len(names) > _MOST_COLUMNS:
            raise UnusableLog(f"{self} has {len(names):,} columns, and may have {_MOST_COLUMNS:,}.", _SHORTER)
        if long := [name for name in names if len(name) > _LONGEST_NAME]:
            raise UnusableLog(f"{self} has a column {long[0][:40]}... whose name is too long.", "Give it a short name.")
        if twice := [name for name, times in Counter(names).items() if times > 1]:
            raise UnusableLog(f"{self} has two columns {twice[0]}.", "Give each column a name of its own.")
        if not names:
            raise UnusableLog(f"{self} is empty.", "Give a table whose first row names its columns.")
        return names

    def rows(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """All rows, each with its place in the file, such as `line 5`.

        Raises:
            UnusableLog: The file cannot be read as a table.
        """
        names = self.header()
        with ExitStack() as stack:
            yield from self._parquet_rows(names) if self.is_parquet else self._csv_rows(stack, names)

    def _csv_rows(self, stack: ExitStack, names: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        lines = self._csv(stack)
        next(lines)
        for cells, line in lines:
            if len(cells) != len(names):
                raise UnusableLog(
                    f"{self}, line {line}: {len(cells)} cells, where the first line names {len(names)} columns.",
                    "Correct the row; a cell with a comma or a line break in it needs quotes around it.",
                )
            yield f"line {line}", dict(zip(names, cells, strict=True))

    def _csv(self, stack: ExitStack) -> Iterator[tuple[list[str], int]]:
        """The rows that are not blank, each with the number of the line where it ends."""
        csv.field_size_limit(ROW_BYTES)
        reader = None
        try:
            lines = _CsvLines(stack.enter_context(self._open()), Unpacked(self.path, str(self)), str(self))
            reader = csv.reader(lines, strict=True)
            for cells in reader:
                lines.end_row()
                if cells:
                    yield cells, reader.line_num
        except UnicodeDecodeError as problem:
            raise UnusableLog(
                f"{self} is not in UTF-8 behind line {reader.line_num if reader else 0}.",
                "Save it as UTF-8, and run this again.",
            ) from problem
        except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise UnusableLog(
                f"{self}, behind line {reader.line_num if reader else 0}: {problem}.",
                "Export it again as CSV, with commas between cells and quotes around those that have some.",
            ) from problem
        except OSError as problem:
            raise UnusableLog(
                f"{self} cannot be read: {problem.strerror or problem}.", "Check the path of the file."
            ) from problem

    def _open(self) -> IO[str]:
        if self._begins_with(_GZIP):
            return gzip.open(self.path, "rt", encoding="utf-8-sig", newline="")
        return self.path.open(encoding="utf-8-sig", newline="")

    def _parquet_rows(self, names: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        number, unpacked = 0, Unpacked(self.path, str(self))
        for batch in self._batches(self._parquet()):
            has_long = batch.nbytes > ROW_BYTES
            for rows in [batch.slice(row, 1) for row in range(batch.num_rows)] if has_long else [batch]:
                columns = [self._values(rows, place, name) for place, name in enumerate(names)]
                for cells in zip(*columns, strict=True):
                    number += 1
                    if has_long and weigh(cells) > ROW_BYTES:
                        raise too_long(f"{self}, row {number}", ROW_BYTES, _SHORTER)
                    yield f"row {number}", dict(zip(names, cells, strict=True))
            unpacked.add(batch.nbytes + _LEAST_BYTES * batch.num_rows * len(names), "row", number)

    def _parquet(self) -> Any:
        from arro3.io import read_parquet

        with self.path.open("rb") as file:
            file.seek(-min(len(PARQUET), self.path.stat().st_size), os.SEEK_END)
            is_whole = file.read() == PARQUET
        with self._refuse_damage():
            if not is_whole:
                raise ValueError("its end is missing")
            return read_parquet(self.path, batch_size=_BATCH)

    def _batches(self, reader: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self._refuse_damage():
                batch = next(reader, None)
            if batch is None:
                return
            yield batch

    def _values(self, batch: Any, place: int, name: str) -> list[Any]:
        with self._refuse_damage(f", column {name}"):
            values: list[Any] = batch.column(place).to_pylist()
        return values

    @contextmanager
    def _refuse_damage(self, place: str = "") -> Iterator[None]:
        """Refuse what the library cannot read: it raises what comes to hand, and a panic that is no `Exception`."""
        try:
            yield
        except BaseException as problem:
            if not isinstance(problem, Exception) and type(problem).__name__ != _PANIC:
                raise
            raise UnusableLog(
                f"{self}{place} cannot be read as Parquet: {problem}.", "Export it again, or as CSV."
            ) from problem

    def _begins_with(self, magic: bytes) -> bool:
        return LogFile(self.path, self.name).begins_with(magic)


class _CsvLines:
    """The lines of a CSV file for its reader, which would read a line, or a row of many lines, of any length."""

    def __init__(self, file: IO[str], unpacked: Unpacked, name: str) -> None:
        self._file = file
        self._unpacked = unpacked
        self._name = name
        self._line = self._row_bytes = 0
        self._row_line = 1

    def __iter__(self) -> "_CsvLines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(ROW_BYTES + 1)
        if not line:
            raise StopIteration
        self._line += 1
        size = len(line) if line.isascii() else len(line.encode())
        self._row_bytes += size
        if self._row_bytes > ROW_BYTES:
            raise too_long(f"{self._name}, line {self._row_line}: the row", ROW_BYTES, _SHORTER)
        self._unpacked.add(size, "line", self._line)
        return line

    def end_row(self) -> None:
        """Begin a row."""
        self._row_bytes, self._row_line = 0, self._line + 1


def weigh(value: Any) -> int:
    """The bytes of what a cell holds, about."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(name) + weigh(inner) for name, inner in value.items())
    if isinstance(value, Sequence):
        return sum(map(weigh, value))
    return _LEAST_BYTES
