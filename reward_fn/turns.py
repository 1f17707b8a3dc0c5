"""Work on many rows in turns, between which other calls are answered."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final

_TURN: Final = 50


async def in_turns[Row](rows: Iterable[Row]) -> AsyncIterator[Row]:
    """Give rows; after some of them, other calls have their turn."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % _TURN == 0:
            await asyncio.sleep(0)
