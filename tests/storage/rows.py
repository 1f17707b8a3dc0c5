"""Events and observations to append, and a look at what storage holds of them."""

from typing import Any

from shared.loop.rows import Event, Observation
from shared.loop.times import from_datetime
from shared.storage.account import StorageAccount
from shared.storage.intake import Intake

HASH = "h" * 22


def event(intake: Intake, event_id: str, payload: bytes = b"payload", request_hash: str = HASH) -> Event:
    """An event that arrives now."""
    return Event(event_id, request_hash, intake.arrival(), payload)


def observation(
    intake: Intake, event_id: str, observation_id: str = "o" * 22, value: float | None = 1.0
) -> Observation:
    """An observation that arrives now."""
    return Observation(event_id, observation_id, intake.arrival(), value)


def stored(account: StorageAccount, table: str) -> dict[str, dict[str, Any]]:
    """All rows of a table by row key, as the SDK gives them; `stored_at_us` is the microsecond of their `Timestamp`."""
    with account.tables.get_table_client(table) as client:
        found = {}
        for row in client.list_entities():
            assert row["RowKey"] not in found
            moment = row.metadata["timestamp"]
            assert moment is not None
            found[row["RowKey"]] = {**row, "stored_at_us": from_datetime(moment)}
        return found
