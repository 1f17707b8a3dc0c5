"""Rows of a table as events: what they mean, what they become, and which are refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from shared.evaluation.replay.evaluated_events import EvaluatedEvent, read
from shared.imports.cells import InvalidRow, may_be_number, read_ids, read_time
from shared.imports.columns import Columns, InvalidColumns, read_columns
from shared.imports.table_row import RowFeatures, read_choice, spread, write_line

COLUMNS = Columns(action="shown", reward="clicked", actions=("tea", "juice"), probability="p", time="at")
ROW = {"shown": "juice", "clicked": "1", "p": "0.25", "at": "2024-01-31T12:00:00Z", "device.kind": "phone", "age": "7"}
NOON_US = 1_706_702_400_000_000


def test_a_row_becomes_a_line_that_an_evaluation_reads() -> None:
    """With the layout of a request's features; a point in a column's name makes an object."""
    choice = read_choice(ROW, COLUMNS)
    features = RowFeatures(("device.kind", "age"), frozenset({"age"}), {"tea": [{"hot": True}]})
    document = features.document(ROW, COLUMNS.actions)

    line = write_line("e1", choice.at_us or 0, document, 1, spread(0.25, 1, 2), choice.reward, 0.0)

    event = read(line, "cb")
    assert isinstance(event, EvaluatedEvent)
    assert (event.at_us, event.event_id) == (NOON_US, "e1")
    assert event.choices[0][1:5] == (1, 0.25, 1.0, 2)
    parsed = orjson.loads(line)
    assert parsed["c"]["FromUrl"] == [{"age": 7.0}, {"device": {"kind": "phone"}}]
    assert parsed["c"]["_multi"][0] == {"i": {"constant": 1, "id": "tea"}, "j": [{"hot": True}]}
    assert parsed["p"] == [0.25, 0.75]


def test_a_row_without_reward_counts_as_what_stands_for_none() -> None:
    choice = read_choice(ROW | {"clicked": ""}, COLUMNS)
    document = RowFeatures((), frozenset(), {}).document(ROW, COLUMNS.actions)

    line = orjson.loads(write_line("e1", 1, document, 0, [0.5, 0.5], choice.reward, -0.5))

    assert (choice.reward, line["_label_cost"], line["o"]) == (None, 0.5, [])


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"clicked": "yes"}, "clicked", "'yes' is no number"),
        ({"clicked": "1_0"}, "clicked", "'1_0' is no number"),
        ({"clicked": "1000.5"}, "clicked", "1000.5 is no reward that a loop takes"),
        ({"clicked": "inf"}, "clicked", "is no number"),
        ({"shown": " "}, "shown", "the cell is empty"),
        ({"shown": "water"}, "shown", "'water' is none of those that could have been shown"),
        ({"shown": "x" * 99_999}, "shown", f"'{'x' * 36}... is none of those"),
        ({"clicked": "x" * 99_999}, "clicked", f"'{'x' * 36}... is no number"),
        ({"p": "x" * 99_999}, "p", f"'{'x' * 36}... is no probability"),
        ({"p": "0"}, "p", "no probability from 1e-10"),
        ({"p": "1e-12"}, "p", "no probability from 1e-10"),
        ({"p": "1.2"}, "p", "no probability from 1e-10"),
        ({"p": ""}, "p", "no probability from 1e-10"),
        ({"at": "yesterday"}, "at", "'yesterday' is no time"),
        ({"at": "1e30"}, "at", "is no time"),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(cells: dict[str, Any], column: str, reason: str) -> None:
    """With its column, and what to do."""
    with pytest.raises(InvalidRow) as refused:
        read_choice(ROW | cells, COLUMNS)

    assert refused.value.column == column
    assert reason in refused.value.reason
    assert refused.value.next_step


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-31T12:00:00Z",
        "2024-01-31 13:00:00+01:00",
        datetime(2024, 1, 31, 12, tzinfo=UTC),
        datetime(2024, 1, 31, 12),  # noqa: DTZ001
        1_706_702_400,
        "1706702400",
        1_706_702_400_000.0,
        NOON_US,
    ],
)
def test_times_are_read_in_the_forms_that_tables_have(cell: Any) -> None:
    assert read_time(cell, "at") == NOON_US


def test_a_date_is_its_midnight() -> None:
    midnight = NOON_US - 12 * 3_600_000_000

    assert [read_time(cell, "at") for cell in (date(2024, 1, 31), "2024-01-31", "20240131", 20240131)] == [midnight] * 4


def test_cells_of_parquet_are_read_whatever_type_their_writer_chose() -> None:
    """Decimals are numbers, and bytes are texts; an infinite number is no feature, and makes no text of a column."""
    cells = ROW | {"shown": b"juice", "clicked": Decimal("0.50"), "p": Decimal("0.25"), "age": Decimal("7.5")}
    choice = read_choice(cells, COLUMNS)
    features = RowFeatures(("device.kind", "age"), frozenset({"age"}), {})
    documents = [
        orjson.loads(features.document(cells | {"device.kind": b"phone", "age": age}, COLUMNS.actions))
        for age in (Decimal("7.5"), float("inf"))
    ]

    assert (choice.action, choice.reward, choice.probability) == ("juice", 0.5, 0.25)
    assert read_ids([Decimal(5), 6.0, 7], "offered") == ("5", "6", "7")
    assert documents[0]["FromUrl"] == [{"age": 7.5}, {"device": {"kind": "phone"}}]
    assert documents[1]["FromUrl"] == [{"device": {"kind": "phone"}}]
    assert [may_be_number(cell) for cell in (Decimal(1), "nan", float("inf"), "", "36_38")] == [True] * 4 + [False]


def test_lists_that_are_none_are_refused() -> None:
    """However deep."""
    for cell in ("[" * 100_000, "[]", None):
        with pytest.raises(InvalidRow, match="list of actions"):
            read_ids(cell, "offered")


@pytest.mark.parametrize("cell", ['["tea", "juice"]', "tea|juice", ["tea", "juice"], "tea | juice"])
def test_lists_of_actions_are_read_in_several_forms(cell: Any) -> None:
    assert read_ids(cell, "offered") == ("tea", "juice")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "must be a JSON object"),
        ({"reward": "r"}, "action must name a column"),
        ({"action": "a", "reward": 1}, "reward must be the name of a column"),
        ({"action": "a", "reward": "r", "actions": []}, "actions must be a list of ids"),
        ({"action": "a", "reward": "r", "actions": ["x", "x"]}, "an action twice"),
        ({"action": "a", "reward": "r", "propensity": "p"}, "propensity is none of its fields"),
        ({"action": "a", "reward": "r", "defaultReward": "0"}, "defaultReward must be a number"),
        ({"action": "a", "reward": "r", "defaultReward": 10**400}, "a number from -1000 to 1000"),
        ({"action": "a", "reward": "r", "defaultReward": float("nan")}, "a number from -1000 to 1000"),
        ({"action": "a", "reward": "r", "actionFeatures": "x.csv"}, "actionFeatures must be"),
    ],
)
def test_columns_that_make_no_sense_are_refused(document: Any, reason: str) -> None:
    with pytest.raises(InvalidColumns, match=reason):
        read_columns(document)
