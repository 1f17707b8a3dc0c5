"""Events and observations to append, and all that storage holds of them."""

from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity

from shared.intake.intake import Intake
from shared.intake.rows import Event, Observation
from shared.storage.azure.account import StorageAccount
from shared.times import from_datetime

HASH = "h" * 22


def event(intake: Intake, event_id: str, payload: bytes = b"payload", request_hash: str = HASH) -> Event:
    """An event that arrives now."""
    return Event(event_id, request_hash, intake.arrival(), payload)


def observation(
    intake: Intake, event_id: str, observation_id: str = "o" * 22, value: float | None = 1.0
) -> Observation:
    """An observation that arrives now."""
    return Observation(event_id, observation_id, intake.arrival(), value)


def read_rows(account: StorageAccount, table: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Read a table's rows by their keys, as the SDK gives them; `stored_at_us` is the microsecond of `Timestamp`."""
    with account.tables.get_table_client(table) as client:
        return {
            (row["PartitionKey"], row["RowKey"]): {**row, "stored_at_us": _read_timestamp(row)} for row in _all(client)
        }


def _all(client: TableClient) -> list[TableEntity]:
    try:
        rows = list(client.list_entities())
    except ResourceNotFoundError:
        return []
    assert len(rows) == len({(row["PartitionKey"], row["RowKey"]) for row in rows})
    return rows


def _read_timestamp(row: TableEntity) -> int:
    moment = row.metadata["timestamp"]
    assert moment is not None
    return from_datetime(moment)
