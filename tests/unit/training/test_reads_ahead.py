"""Reads of the intake ahead of the join: all items in order, few at once, and trouble where it comes."""

from collections.abc import AsyncIterator

import pytest

from shared.storage_errors import StorageUnavailable
from train_timer import intake_reads
from train_timer.intake_reads import Ahead


class Source:
    """Numbers, and what was read of them."""

    def __init__(self, numbers: int, *, fails: bool = False) -> None:
        self.read = list[int]()
        self._numbers = numbers
        self._fails = fails

    async def items(self) -> AsyncIterator[int]:
        for number in range(self._numbers):
            self.read.append(number)
            yield number
        if self._fails:
            raise StorageUnavailable("gone")


def take_all(ahead: Ahead[int]) -> list[int]:
    taken = list[int]()
    while (item := ahead.take()) is not None:
        taken.append(item)
    return taken


@pytest.mark.parametrize("size", [1, intake_reads._TOGETHER_BYTES // 3, intake_reads._TOGETHER_BYTES])
def test_all_items_come_in_order_however_many_come_together(size: int) -> None:
    ahead = Ahead(Source(100).items(), lambda _: size)

    assert ahead.peek() == 0
    assert take_all(ahead) == list(range(100))
    assert (ahead.peek(), ahead.take()) == (None, None)


def test_no_more_is_read_ahead_than_comes_together() -> None:
    """What was taken of, and what comes: else all rows that wait would be in memory."""
    source = Source(100)
    ahead = Ahead(source.items(), lambda _: intake_reads._TOGETHER_BYTES // 4)

    assert [ahead.take() for _ in range(5)] == [0, 1, 2, 3, 4]
    ahead._coming.result()
    assert source.read == list(range(12))


def test_trouble_is_raised_behind_the_items_that_came_before_it() -> None:
    """And again and again: rows that cannot be read are never passed over."""
    ahead = Ahead(Source(3, fails=True).items(), lambda _: 1)

    assert [ahead.take() for _ in range(3)] == [0, 1, 2]
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="gone"):
            ahead.take()


def test_what_came_and_was_not_taken_is_let_go() -> None:
    let_go = list[int]()
    ahead = Ahead(Source(6).items(), lambda _: intake_reads._TOGETHER_BYTES // 2)
    ahead.take()
    ahead._coming.result()

    ahead.end(let_go.append)

    assert let_go == [1, 2, 3]
