"""Reads of the intake: the query for the rows of a shard, and a source that is read one item ahead."""

from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future

from shared.intake import row_json
from shared.intake.row_stream import Entity
from shared.intake.scan import RowQuery
from shared.intake.sharding import JoinShard
from shared.storage import background_reads
from shared.storage.paths import Kind


def select_rows(kind: Kind, shard: JoinShard, from_us: int, to_us: int, *, keys_only: bool = False) -> RowQuery:
    """The query for the rows of a shard of the join that arrived in [from_us, to_us)."""
    takes = None if shard.has_partitions else shard.holds
    return RowQuery(kind, shard.partitions(), from_us, to_us, keys_only=keys_only, takes=takes)


def longest_deadline_us(rows: Iterable[Entity]) -> int:
    return max(row_json.deadline(row) or 0 for row in rows)


class Ahead[Item]:
    """Reads an asynchronous source one item ahead."""

    def __init__(self, source: AsyncIterator[Item]) -> None:
        self._source = source
        self._coming = self._begin()

    def peek(self) -> Item | None:
        """The next item; None behind the last."""
        return self._coming.result()

    def take(self) -> Item | None:
        """Take the next item; None behind the last."""
        item = self._coming.result()
        if item is not None:
            self._coming = self._begin()
        return item

    def end(self, let_go: Callable[[Item], object]) -> None:
        """Read no more, and let go the item that is coming."""

        def let_go_of(coming: Future[Item | None]) -> None:
            if coming.exception() is None and (item := coming.result()) is not None:
                let_go(item)

        self._coming.add_done_callback(let_go_of)

    def _begin(self) -> Future[Item | None]:
        return background_reads.begin(self._next())

    async def _next(self) -> Item | None:
        return await anext(self._source, None)
