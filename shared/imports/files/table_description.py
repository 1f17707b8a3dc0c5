"""What the columns of tables hold, seen to fit the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.imports.cells import InvalidRow, feature_value, may_be_number, nest, quote, read_id
from shared.imports.columns import Columns
from shared.imports.files.table_file import TableFile, weigh
from shared.imports.files.unusable_log import UnusableLog

_MOST_BYTES = 32 * 1024 * 1024
"""Of the features of all actions, which are in memory at once."""
_LEAST_BYTES = 64
"""What a feature takes beside its value."""


@dataclass(frozen=True, slots=True)
class TableDescription:
    """What the columns hold, and the features of actions from a second table.

    Attributes:
        of_actions: By action's id, its features.
    """

    columns: Columns
    of_actions: dict[str, list[dict[str, Any]]]


def describe(columns: Columns, tables: Sequence[TableFile], actions: TableFile | None) -> TableDescription:
    """See that all tables have the columns, and read the features of actions.

    Args:
        actions: The table of `columns.action_table`; None if there is none.

    Raises:
        UnusableLog: A column is missing, or the table of actions cannot be used.
    """
    for table in tables:
        _demand_columns(table, columns.named, "Correct the names of the columns, or the table.")
        if columns.context is None:
            _demand_same(tables[0], table)
    return TableDescription(columns, {} if actions is None else _read_actions(actions, columns))


def _demand_columns(table: TableFile, named: Sequence[str], next_step: str) -> Sequence[str]:
    header = table.header()
    if missing := [name for name in named if name not in header]:
        raise UnusableLog(f"{table} has no column {missing[0]}; it has {', '.join(header)}.", next_step)
    return header


def _demand_same(first: TableFile, table: TableFile) -> None:
    """See that two tables have the same columns, where all of them are features."""
    expected, there = first.header(), table.header()
    for has, names, lacks, others in ((first, expected, table, there), (table, there, first, expected)):
        if missing := [name for name in names if name not in others]:
            raise UnusableLog(
                f"{has} has a column {missing[0]}, and {lacks} has none.",
                "Give all tables the same columns, or say in context which are features.",
            )


def _read_actions(table: TableFile, columns: Columns) -> dict[str, list[dict[str, Any]]]:
    column = columns.action_table.id if columns.action_table else ""
    header = _demand_columns(table, [column], "Correct actionFeatures, or the table.")
    others = [name for name in header if name != column]
    numbers = {name for name in others if name not in columns.text}
    for _, cells in table.rows():
        numbers = {name for name in numbers if may_be_number(cells[name])}
    features: dict[str, list[dict[str, Any]]] = {}
    memory_bytes = 0
    for place, cells in table.rows():
        try:
            action = read_id(cells[column], column)
        except InvalidRow as problem:
            raise UnusableLog(f"{table}, {place}: {problem}.", problem.next_step) from problem
        if action in features:
            raise UnusableLog(f"{table}, {place}: the action {quote(action)} is there twice.", "Take one row out.")
        values = {name: feature_value(cells[name], is_number=name in numbers) for name in others}
        features[action] = nest({name: value for name, value in values.items() if value is not None})
        memory_bytes += _LEAST_BYTES * len(header) + weigh(cells)
        if memory_bytes > _MOST_BYTES:
            raise UnusableLog(
                f"{table}, {place}: up to here the features of actions take more than {_MOST_BYTES >> 20} MiB.",
                "Leave out actions that no event could show, and columns that tell nothing of an action.",
            )
    return features
