"""Reads of the intake: the query for the rows of a shard, and a source that is read some items ahead."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import Future

from shared.intake import scan
from shared.intake.scan import RowQuery
from shared.intake.sharding import JoinShard
from shared.storage import background_reads
from shared.storage.interface import Row
from shared.storage.paths import Kind

_TOGETHER_BYTES = 256 * 1024
"""What comes together; as much again is read while it is joined."""


def select_rows(kind: Kind, shard: JoinShard, from_us: int, to_us: int, *, keys_only: bool = False) -> RowQuery:
    """The query for the rows of a shard of the join that arrived in [from_us, to_us)."""
    takes = None if shard.has_partitions else shard.holds
    return RowQuery(kind, shard.partitions(), from_us, to_us, keys_only=keys_only, takes=takes)


def longest_deadline_us(rows: Iterable[Row]) -> int:
    return max(row.deadline_us or 0 for row in rows)


def weigh_minute(minute: tuple[int, Sequence[Row]]) -> int:
    """How many bytes the rows of a minute take, which have no payloads."""
    return len(minute[1]) * scan.ROW_BYTES


class Ahead[Item]:
    """Reads an asynchronous source ahead: while items that came are taken, the next ones come.

    Args:
        weigh: How many bytes an item takes, about. Items come together up to a bound, or one that is larger by itself.
    """

    def __init__(self, source: AsyncIterator[Item], weigh: Callable[[Item], int]) -> None:
        self._source = source
        self._weigh = weigh
        self._here = deque[Item]()
        self._trouble: Exception | None = None
        self._coming = self._begin()

    def peek(self) -> Item | None:
        """The next item; None behind the last."""
        if not self._here and (items := self._coming.result()):
            self._here.extend(items)
            self._coming = self._begin()
        return self._here[0] if self._here else None

    def take(self) -> Item | None:
        """Take the next item; None behind the last."""
        return None if self.peek() is None else self._here.popleft()

    def end(self, let_go: Callable[[Item], object]) -> None:
        """Read no more, and let go the items that are here or coming."""

        def let_go_of(coming: Future[list[Item]]) -> None:
            if coming.exception() is None:
                for item in coming.result():
                    let_go(item)

        for item in self._here:
            let_go(item)
        self._coming.add_done_callback(let_go_of)

    def _begin(self) -> Future[list[Item]]:
        return background_reads.begin(self._next())

    async def _next(self) -> list[Item]:
        """Read some items; trouble behind them is raised where the next are read."""
        if self._trouble is not None:
            raise self._trouble
        items, size_bytes = list[Item](), 0
        try:
            while size_bytes < _TOGETHER_BYTES:
                items.append(await anext(self._source))
                size_bytes += self._weigh(items[-1])
        except StopAsyncIteration:
            return items
        except Exception as trouble:
            if not items:
                raise
            self._trouble = trouble
        return items
