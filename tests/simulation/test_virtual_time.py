"""Virtual time passes where something waits, in one order, and nothing of the product reads another time."""

import asyncio
import time
from threading import Event as Stop
from typing import Any

import pytest

from shared.storage.this_storage import blobs
from shared.times import to_datetime
from tests.simulation.faults import Died
from tests.simulation.world import BEGAN_US, Stuck, World, modules_with_time
from train_timer import run


def product_time() -> Any:
    """What stands for the module `time` in a module of the product."""
    return vars(run)["time"]


def test_a_year_takes_no_time() -> None:
    """Waits are free."""
    world = World()
    with world.active(), (process := world.process("process")):
        process.run(asyncio.sleep(365 * 24 * 3600))

        assert product_time().time_ns() // 1000 - BEGAN_US == 365 * 24 * 3600 * 1_000_000


def test_a_machine_may_have_the_wrong_time_of_day() -> None:
    """Each its own; what takes how long, and storage's time, are the same for all."""
    world = World()
    with world.active():
        right, wrong = world.process("right"), world.process("wrong", ahead_us=90_000_000)

        assert wrong.call(product_time().time_ns) - right.call(product_time().time_ns) == 90_000_000_000
        right.call(lambda: blobs().write("loops/right", b""))
        wrong.call(lambda: blobs().write("loops/wrong", b""))
        assert [blob.modified for blob in right.call(lambda: list(blobs().list_blobs("loops/")))] == [
            to_datetime(BEGAN_US)
        ] * 2


def test_timeouts_follow_the_clock() -> None:
    """A wait that is longer than its limit ends at the limit."""
    world = World()

    async def wait() -> float:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await asyncio.sleep(1000)
        return asyncio.get_running_loop().time() - began

    with world.active():
        assert world.process("process").run(wait()) == pytest.approx(2.5, abs=1e-5)


def test_other_processes_run_while_blocking_code_waits() -> None:
    """As they would beside it; what happens at one moment happens in the order in which it was planned."""
    world, happened = World(), list[str]()

    async def tick(name: str, seconds: float) -> None:
        for number in range(3):
            await asyncio.sleep(seconds)
            happened.append(f"{name}{number}")

    with world.active():
        one, two = world.process("one"), world.process("two")
        one.start(tick("a", 2))
        two.start(tick("b", 3))
        world.clock.call_at(BEGAN_US + 6_000_000, lambda: happened.append("call"))
        with world.process("three"):
            world.clock.sleep(4)
            happened.append("three")
            world.clock.sleep(60)

    assert happened == ["a0", "b0", "a1", "three", "a2", "b1", "call", "b2"]


def test_blocking_code_of_two_processes_takes_turns() -> None:
    """Each in the middle of its calls, by the clock, whatever the machine's threads would do."""
    world, happened = World(), list[str]()

    def work(name: str, seconds: float) -> str:
        for number in range(3):
            happened.append(f"{name}{number}")
            blobs().write(f"loops/{name}", b"")
            time_of_product.sleep(seconds)
        return name

    with world.active():
        time_of_product = product_time()
        one, two = world.process("one").begin(work, "a", 2), world.process("two").begin(work, "b", 3)
        world.clock.sleep(4)
        happened.append("now")
        world.clock.sleep(60)

        assert (one.result(), two.result()) == ("a", "b")
    assert happened == ["a0", "b0", "a1", "b1", "now", "a2", "b2"]


def test_blocking_code_of_a_process_that_is_killed_goes_no_further() -> None:
    """It is unwound when the simulation ends, without any effect."""
    world, happened = World(), list[str]()

    def work() -> None:
        try:
            while True:
                blobs().write("loops/blob", b"")
                happened.append("written")
        finally:
            blobs().write("loops/tidied", b"")

    with world.active():
        process = world.process("process")
        ended = process.begin(work)
        world.clock.sleep(0.0105)
        process.kill()
        number = len(happened)
        world.clock.sleep(1)

    assert number == len(happened) == 8
    assert isinstance(ended.exception(), Died)
    assert [blob.name for blob in world.storage.blobs.page("loops", "", None)[0]] == ["blob"]


def test_work_in_a_thread_is_done_at_once() -> None:
    """`asyncio.to_thread` starts no thread."""
    world = World()

    async def work() -> int:
        return await asyncio.to_thread(sum, [1, 2, 3])

    with world.active():
        assert world.process("process").run(work()) == 6


def test_what_waits_for_ever_is_found() -> None:
    """A process that waits for what never happens would else end the simulation in silence."""
    world = World()

    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with world.active(), pytest.raises(Stuck):
        world.process("process").run(wait())


def test_a_task_that_fails_unseen_fails_the_simulation() -> None:
    """Nobody would see what the event loop logs."""
    world = World()

    async def fail() -> None:
        raise ValueError("unseen")

    async def begin() -> None:
        task = asyncio.get_running_loop().create_task(fail())
        await asyncio.sleep(1)
        del task

    with pytest.raises(AssertionError, match="unseen"), world.active():
        world.process("process").run(begin())


def test_no_module_of_the_trainer_keeps_the_real_time() -> None:
    """A module that is imported only while the trainer runs would have the machine's time."""
    world = World()
    with world.active():
        world.process("trainer").call(run.Trainings().run, Stop())

    modules_with_time.cache_clear()
    assert time not in [vars(module)["time"] for module in _active_modules()]


def _active_modules() -> list[object]:
    world = World()
    with world.active():
        return [module for module in modules_with_time() if vars(module)["time"] is time]
