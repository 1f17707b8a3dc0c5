"""Storage's clock as its answers tell it: within its bounds, and moved by nothing else."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.azure.storage_clock import StorageClock
from shared.storage.clock import Arrivals
from shared.storage.interface import AHEAD_US
from shared.storage.steady_clock import steady_us
from shared.storage_errors import StorageUnavailable
from shared.times import DAY, HOUR, MINUTE, SECOND, from_iso, to_datetime

START_US = from_iso("2026-11-25T12:00:00.7Z")
MILLISECOND = 1000


class World:
    """A machine and a storage, and what passes between them; all times are the test's.

    Attributes:
        steady_us: What the machine's steady clock shows.
        gain: By how much storage's clock is faster than the machine's.
    """

    def __init__(self, gain: float = 0, ahead_us: int = START_US) -> None:
        self.steady_us = 5 * MINUTE
        self.gain = gain
        self.ahead_us = ahead_us
        self.clock = StorageClock(lambda: self.steady_us)

    @property
    def true_us(self) -> int:
        """What storage's clock shows."""
        return self.steady_us + self.ahead_us + round(self.steady_us * self.gain)

    def ask(self, up_us: int = 0, down_us: int = 0, wrong_us: int = 0, *, exact: bool = False) -> None:
        """Let storage answer: with a `Date` of whole seconds, or with the moment at which a row was stored."""
        sent_us = self.steady_us
        self.steady_us += up_us
        shown_us = self.true_us + wrong_us
        self.steady_us += down_us
        if exact:
            self.clock.note(shown_us, shown_us, sent_us, self.steady_us)
        else:
            date = format_datetime(to_datetime(shown_us - shown_us % SECOND), usegmt=True)
            self.clock.note_date(date, sent_us, self.steady_us)


answers = st.lists(
    st.tuples(
        st.integers(0, 2 * HOUR),  # since the answer before
        st.integers(0, 5 * SECOND),  # until storage makes it
        st.integers(0, 5 * SECOND),  # until it is here
        st.integers(-50, 50),  # milliseconds that the storage machine which makes it is off
        st.booleans(),  # whether it says when a row was stored
    ),
    min_size=1,
    max_size=20,
)


@given(answers, st.floats(-0.0004, 0.0004), st.integers(-DAY, 30 * DAY))
def test_storages_time_is_within_the_bounds_after_any_answers(
    rounds: list[tuple[int, int, int, int, bool]], gain: float, ahead_us: int
) -> None:
    """However long they take, although dates are rounded, and however the two clocks drift."""
    world = World(gain, START_US + ahead_us)

    for pause_us, up_us, down_us, off, exact in rounds:
        world.steady_us += pause_us
        if world.clock.has_answer:
            check(world)
        world.ask(up_us, down_us, off * MILLISECOND, exact=exact)
        check(world)


def check(world: World) -> None:
    """The bounds hold the truth, and the estimate, which is less ahead than a row that counts may be."""
    earliest_us, now_us, latest_us = world.clock.earliest_us(), world.clock.now_us(), world.clock.latest_us()
    assert earliest_us <= world.true_us <= latest_us
    assert earliest_us <= now_us <= latest_us
    assert now_us - world.true_us < AHEAD_US


@given(st.lists(st.integers(0, SECOND), min_size=30, max_size=40))
def test_answers_that_come_again_and_again_tell_more_than_a_second(pauses: list[int]) -> None:
    """The overlap is what counts: a single date says no more than in which second it was made."""
    world = World()
    for pause_us in pauses:
        world.steady_us += pause_us
        world.ask(MILLISECOND, MILLISECOND)
    assert world.clock.latest_us() - world.clock.earliest_us() <= 1.21 * SECOND

    world.ask(10 * MILLISECOND, 10 * MILLISECOND, exact=True)

    assert world.clock.latest_us() - world.clock.earliest_us() <= 0.22 * SECOND
    assert abs(world.clock.now_us() - world.true_us) <= 0.12 * SECOND


def test_without_an_answer_there_is_no_time() -> None:
    """The machine's is none."""
    world = World()
    world.clock.note_date(None, 0, 0)
    world.clock.note_date("yesterday", 0, 0)

    assert not world.clock.has_answer
    for read in (world.clock.now_us, world.clock.earliest_us, world.clock.latest_us):
        with pytest.raises(StorageUnavailable):
            read()


@pytest.mark.parametrize("wrong_us", [-DAY, -HOUR, 5 * MINUTE, HOUR, 400 * DAY])
def test_a_single_answer_with_an_absurd_date_changes_nothing(wrong_us: int) -> None:
    """Such as one that a proxy makes on its own; even again and again, if storage answers in between."""
    world = World()
    world.ask()
    for _ in range(5):
        before_us = world.clock.now_us()
        world.ask(wrong_us=wrong_us)
        assert before_us == world.clock.now_us()
        world.ask()
    assert abs(world.clock.now_us() - world.true_us) < SECOND


@pytest.mark.parametrize("wrong_us", [-HOUR, HOUR])
def test_an_absurd_date_that_comes_first_is_forgotten_after_two_answers(wrong_us: int) -> None:
    world = World()
    world.ask(wrong_us=wrong_us)

    world.ask()
    world.ask()

    assert abs(world.clock.now_us() - world.true_us) < SECOND


@pytest.mark.parametrize("step_us", [-HOUR, -2 * SECOND, 2 * SECOND, HOUR])
def test_a_step_of_storages_own_clock_is_followed_after_two_answers(step_us: int) -> None:
    world = World()
    for _ in range(10):
        world.steady_us += 2 * SECOND
        world.ask(MILLISECOND, MILLISECOND, exact=True)
    world.ahead_us += step_us

    world.ask(MILLISECOND, MILLISECOND)
    world.ask(MILLISECOND, MILLISECOND)

    assert abs(world.clock.now_us() - world.true_us) < SECOND


def test_arrival_times_are_not_pinned_by_a_clock_that_was_wrong() -> None:
    """None of them was acknowledged; those that a correction puts back by less go on from the last, each later."""
    times = iter([100 * SECOND, HOUR, 101 * SECOND, 100.2 * SECOND, 102 * SECOND])
    arrivals = Arrivals(lambda: int(next(times)))

    given = [arrivals.next() for _ in range(5)]

    assert given == [100 * SECOND, HOUR, 101 * SECOND, 101 * SECOND + 1, 102 * SECOND]


@pytest.mark.parametrize("step", [timedelta(days=-1), timedelta(hours=1), timedelta(days=400)])
def test_the_steady_clock_is_not_the_clock_that_is_set(step: timedelta) -> None:
    before_us = steady_us()

    with time_machine.travel(step):
        assert abs(datetime.now(UTC).timestamp() - time.time()) < 1
        assert 0 <= steady_us() - before_us < MINUTE


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="the system has no such clock")
def test_the_steady_clock_is_that_which_runs_on_while_the_machine_sleeps() -> None:
    """`time.monotonic` does not, on Linux."""
    assert abs(steady_us() - time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000) < MINUTE
