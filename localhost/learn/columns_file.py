"""The file that says what columns hold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localhost.failures import CommandFailure
from localhost.learn.table_file import TableFile
from shared.imports.cells import InvalidRow, feature_value, is_empty, nest, read_id, read_number
from shared.imports.columns import Columns, InvalidColumns, read_columns

_EXAMPLE = '{"action": NAME, "reward": NAME, "probability": NAME, "time": NAME}'


@dataclass(frozen=True, slots=True)
class ColumnsFile:
    """What the columns hold, and the features of actions from a second table.

    Attributes:
        of_actions: By action's id, its features.
    """

    columns: Columns
    of_actions: dict[str, list[dict[str, Any]]]


def read(path: Path | None, tables: Sequence[TableFile]) -> ColumnsFile:
    """Read it, and see that all tables have its columns.

    Raises:
        CommandFailure: It cannot be used.
    """
    header = tables[0].header()
    has = f"{tables[0].path} has the columns {', '.join(header)}"
    if path is None:
        raise CommandFailure(
            f"{has}, and nothing says what they hold.",
            f"Write {_EXAMPLE} with names of columns into a file, and give it by --columns; docs/migrate.md has more.",
        )
    try:
        columns = read_columns(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as problem:
        raise CommandFailure(
            f"{path} cannot be read: {problem.strerror}.", "Check the path after --columns."
        ) from problem
    except (ValueError, InvalidColumns) as problem:
        reason = f"it is no JSON: {problem}" if isinstance(problem, ValueError) else str(problem)
        raise CommandFailure(f"{path} cannot be used: {reason}.", f"Write it like {_EXAMPLE}.") from problem
    for table in tables:
        _demand_columns(table, columns, path)
    return ColumnsFile(columns, _read_actions(path.parent, columns))


def _demand_columns(table: TableFile, columns: Columns, path: Path) -> None:
    header = table.header()
    if missing := [name for name in columns.named if name not in header]:
        raise CommandFailure(
            f"{table.path} has no column {missing[0]}; it has {', '.join(header)}.", f"Correct {path}, or the table."
        )


def _read_actions(folder: Path, columns: Columns) -> dict[str, list[dict[str, Any]]]:
    if columns.action_table is None:
        return {}
    table, column = TableFile(folder / columns.action_table.file), columns.action_table.id
    header = table.header()
    if column not in header:
        raise CommandFailure(
            f"{table.path} has no column {column}; it has {', '.join(header)}.", "Correct actionFeatures, or the table."
        )
    rows = list(table.rows())
    others = [name for name in header if name != column]
    numbers = {
        name
        for name in others
        if name not in columns.text
        if all(is_empty(cells[name]) or read_number(cells[name]) is not None for _, cells in rows)
    }
    features: dict[str, list[dict[str, Any]]] = {}
    for place, cells in rows:
        try:
            action = read_id(cells[column], column)
        except InvalidRow as problem:
            raise CommandFailure(f"{table.path}, {place}: {problem}.", problem.next_step) from problem
        if action in features:
            raise CommandFailure(f"{table.path}, {place}: the action {action} is there twice.", "Take one row out.")
        values = {name: feature_value(cells[name], is_number=name in numbers) for name in others}
        features[action] = nest({name: value for name, value in values.items() if value is not None})
    return features
