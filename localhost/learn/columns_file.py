"""The file that says what columns hold."""

import json
from collections.abc import Sequence
from pathlib import Path

from localhost.failures import CommandFailure
from localhost.setup.places import PLACES
from shared.imports.columns import Columns, InvalidColumns, read_columns
from shared.imports.files.table_description import TableDescription, describe
from shared.imports.files.table_file import TableFile

_EXAMPLE = '{"action": NAME, "reward": NAME, "probability": NAME, "time": NAME}'


def read(path: Path | None, tables: Sequence[TableFile]) -> TableDescription:
    """Read it, and see that all tables have its columns.

    Raises:
        CommandFailure, UnusableLog: It cannot be used.
    """
    if path is None:
        raise CommandFailure(
            f"{tables[0]} has the columns {', '.join(tables[0].header())}, and nothing says what they hold.",
            f"Write {_EXAMPLE} with names of columns into a file, and give it by --columns; "
            f"{PLACES.name_of('docs/migrate.md')} has more.",
        )
    columns = _read(path)
    actions = TableFile(path.parent / columns.action_table.file) if columns.action_table else None
    return describe(columns, tables, actions)


def _read(path: Path) -> Columns:
    try:
        return read_columns(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as problem:
        raise CommandFailure(
            f"{path} cannot be read: {problem.strerror}.", "Check the path after --columns."
        ) from problem
    except (ValueError, RecursionError, InvalidColumns) as problem:
        reason = str(problem) if isinstance(problem, InvalidColumns) else f"it is no JSON: {problem}"
        raise CommandFailure(f"{path} cannot be used: {reason}.", f"Write it like {_EXAMPLE}.") from problem
