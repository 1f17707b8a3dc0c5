"""Time limits by one timer: what waits too long is ended, and nothing else."""

import asyncio
import time

import pytest

from shared.storage.time_limits import TimeLimits


def test_a_wait_that_takes_too_long_is_ended() -> None:
    """In its own time, whatever longer waits there are."""
    limits = TimeLimits()

    async def wait(seconds: float) -> float:
        began = time.monotonic()
        with pytest.raises(TimeoutError), limits.wait_at_most(seconds):
            await asyncio.sleep(30)
        return time.monotonic() - began

    async def wait_for_both() -> list[float]:
        return await asyncio.gather(wait(0.6), wait(0.05))

    long, short = asyncio.run(wait_for_both())

    assert 0.05 <= short < long
    assert long >= 0.6


def test_what_ends_in_time_is_not_disturbed() -> None:
    """Neither by its own limit, nor after it."""
    limits = TimeLimits()

    async def work() -> str:
        with limits.wait_at_most(0.05) as limit:
            await asyncio.sleep(0)
        await asyncio.sleep(0.4)
        return "done" if not limit.is_over else "ended"

    assert asyncio.run(work()) == "done"


def test_a_cancellation_from_elsewhere_is_none_of_the_limit() -> None:
    """A host that stops cancels its calls."""
    limits = TimeLimits()

    async def work() -> None:
        with limits.wait_at_most(30):
            await asyncio.sleep(30)

    async def cancel() -> bool:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(cancel())


def test_the_outer_of_two_limits_ends_both() -> None:
    """Only the outer one says so; and both at once are one end."""
    limits, ended = TimeLimits(), list[str]()

    async def work(outer: float, inner: float) -> None:
        try:
            with limits.wait_at_most(outer):
                try:
                    with limits.wait_at_most(inner):
                        await asyncio.sleep(30)
                except TimeoutError:
                    ended.append("inner")
                    raise
        except TimeoutError:
            ended.append("outer")

    asyncio.run(work(0.05, 30))
    asyncio.run(work(0.05, 0.05))

    assert ended == ["outer", "outer"]


def test_a_task_goes_on_after_its_limit() -> None:
    """It is not left cancelled."""
    limits = TimeLimits()

    async def work() -> int:
        with pytest.raises(TimeoutError), limits.wait_at_most(0.01):
            await asyncio.sleep(30)
        await asyncio.sleep(0)
        task = asyncio.current_task()
        return task.cancelling() if task else -1

    assert asyncio.run(work()) == 0


def test_another_event_loop_begins_anew() -> None:
    """The timer that a loop was closed with never comes."""
    limits = TimeLimits()

    async def end_in_time() -> None:
        with limits.wait_at_most(30):
            await asyncio.sleep(0)

    async def wait_too_long() -> None:
        with pytest.raises(TimeoutError), limits.wait_at_most(0.01):
            await asyncio.sleep(5)

    asyncio.run(end_in_time())
    asyncio.run(wait_too_long())
