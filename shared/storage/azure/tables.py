"""The tables of an account: their names, and work on rows that no call waits for."""

from typing import Any, override

from shared.storage import background_reads
from shared.storage.azure.account import StorageAccount
from shared.storage.azure.rest import Rest
from shared.storage.azure.sdk_errors import translate_errors
from shared.storage.interface import MOST_PAGE_ROWS, Row, RowRange, Tables
from shared.storage.storage_answers import TableMissing


class AzureTables(Tables):
    """The tables of an account."""

    def __init__(self, account: StorageAccount, reader: Rest) -> None:
        """Take the connection for the event loop of `background_reads`."""
        self._account = account
        self._reader = reader

    @override
    def list_names(self, first: str, end: str) -> list[str]:
        with translate_errors():
            named = self._account.tables.query_tables(f"TableName ge '{first}' and TableName lt '{end}'")
            return [item.name for item in named]

    @override
    def drop(self, table: str) -> None:
        from shared.storage.azure.azure_sdk import HttpResponseError

        with translate_errors(absent=True):
            try:
                self._account.tables.delete_table(table)
            except HttpResponseError as error:
                if getattr(error, "error_code", "") != "TableBeingDeleted":
                    raise

    @override
    def read(self, table: str, rows: RowRange) -> list[Row]:
        return background_reads.begin(self._read(table, rows)).result()

    @override
    def delete(self, table: str, partition: str, key: str) -> None:
        with translate_errors(absent=True):
            self._account.tables.get_table_client(table).delete_entity(partition, key)

    async def _read(self, table: str, rows: RowRange) -> list[Row]:
        stored: list[Row] = []
        after: Any | None = None
        try:
            while True:
                page = await background_reads.retry(lambda: self._reader.query(table, rows, MOST_PAGE_ROWS, after))
                stored += page.rows
                if (after := page.after) is None:
                    return stored
        except TableMissing:
            return []
