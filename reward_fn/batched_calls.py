"""The calls that the rows of a batch stand for: each is stored as if it had come alone, many at a time."""

import asyncio
from collections.abc import Collection, Sequence
from itertools import batched
from typing import Any, Final, NamedTuple

from reward_fn.observations import append
from reward_fn.turns import in_turns
from shared.ranking.hot_path import HotPath
from shared.storage_errors import StorageUnavailable

_SECONDS: Final = 12
"""How long rows are waited for: an answer that says which are stored comes well before the call's time limit."""
_AT_ONCE: Final = 300
"""The rows of a batch that wait for storage at once, so that other rewards need not wait for all of it."""


class BatchedCall(NamedTuple):
    """What a row asks for.

    Attributes:
        event_id: In its canonical form.
        slot: Slot id; None for a reward that names none.
        value: The reward; None for an activation.
        origin: As `append` takes it.
        number: How many rows of the batch before are the same in all else; 0 for one with a request id of its own.
    """

    event_id: str
    slot: str | None
    value: float | None
    origin: bytes
    number: int = 0

    @property
    def first(self) -> "BatchedCall":
        """The first of the rows that are the same."""
        return self._replace(number=0)

    async def make(self, hot_path: HotPath[Any]) -> None:
        """Store what the row asks for.

        Raises:
            StorageUnavailable: It was not stored in time.
        """
        origin = b"%b\0%d" % (self.origin, self.number) if self.number else self.origin
        await append(hot_path, origin, self.event_id, [(self.slot, self.value)])


async def make_all(hot_path: HotPath[Any], calls: Collection[BatchedCall]) -> dict[BatchedCall, StorageUnavailable]:
    """Make different calls, in their order; gives those that failed.

    Of calls that differ by their number only, all fail if any does: which of them came when could not be told from
    which when they are sent again. So they are there by the first of them.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _SECONDS
    failures: dict[BatchedCall, StorageUnavailable] = {}
    for part in batched(calls, _AT_ONCE, strict=False):
        failures |= await _make_part(hot_path, part, until - loop.time())
    return failures


async def _make_part(
    hot_path: HotPath[Any], calls: Sequence[BatchedCall], seconds: float
) -> dict[BatchedCall, StorageUnavailable]:
    tasks: dict[BatchedCall, asyncio.Task[None]] = {}
    try:
        async for call in in_turns(calls if seconds > 0 else ()):
            tasks[call] = asyncio.create_task(call.make(hot_path))
        if tasks:
            await asyncio.wait(tasks.values(), timeout=seconds)
        return _collect_failures({call: tasks.get(call) for call in calls})
    finally:
        for task in tasks.values():
            task.cancel()


def _collect_failures(tasks: dict[BatchedCall, asyncio.Task[None] | None]) -> dict[BatchedCall, StorageUnavailable]:
    late = StorageUnavailable("there was no time left for some rows of a batch")
    errors = {call: task.exception() if task and task.done() else late for call, task in tasks.items()}
    failures: dict[BatchedCall, StorageUnavailable] = {}
    for call, error in errors.items():
        if isinstance(error, StorageUnavailable):
            failures[call.first] = error
        elif error is not None:
            raise error
    return failures
