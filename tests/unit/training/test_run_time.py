"""How the running model, the next model and a challenger share the time of a run, and when the join has a turn."""

from collections.abc import Mapping

import pytest

from train_timer.run_time import RunTime, Work

ALL = frozenset(Work)
MODELS = ALL - {Work.JOIN}


class Clock:
    """The seconds since a run began."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def read(self) -> float:
        return self.seconds


def play(step_seconds: Mapping[Work, float], limit_seconds: float = 300.0, *, steps: int = 1_000) -> dict[Work, float]:
    """How long each kind of work had its turn, if each always has more to do; the longest share first or last."""
    clock = Clock()
    time, spent = RunTime(limit_seconds, clock.read), dict.fromkeys(step_seconds, 0.0)
    for _ in range(steps):
        if (work := time.choose(step_seconds.keys())) is None:
            break
        with time.spend(work):
            clock.seconds += step_seconds[work]
        spent[work] += step_seconds[work]
    return spent


def test_work_begins_in_the_order_in_which_log_comes_to_be_learned() -> None:
    clock = Clock()
    time, order = RunTime(300, clock.read), list[Work | None]()
    for _ in range(4):
        work = time.choose(ALL)
        assert work is not None
        order.append(work)
        with time.spend(work):
            clock.seconds += 1

    assert order == [Work.JOIN, Work.CHALLENGER, Work.RUNNING, Work.NEXT]


@pytest.mark.parametrize("slowest", sorted(MODELS, key=lambda work: work.value))
def test_each_model_has_as_much_time_as_the_others_whoever_takes_long_steps(slowest: Work) -> None:
    spent = play({work: 20.0 if work is slowest else 1.0 for work in MODELS})

    assert all(80 <= seconds <= 120 for seconds in spent.values()), spent


@pytest.mark.parametrize("slowest", Work)
def test_each_makes_a_step_in_each_run_even_if_a_single_step_takes_longer_than_the_run(slowest: Work) -> None:
    spent = play({work: 1_000.0 if work is slowest else 1.0 for work in Work})

    assert all(seconds > 0 for seconds in spent.values()), spent
    assert spent[slowest] == 1_000


def test_the_join_has_turns_of_its_own_once_no_model_has_anything_to_learn() -> None:
    """As long as one has, the join goes on beside it."""
    clock = Clock()
    time = RunTime(300, clock.read)
    with time.spend(Work.JOIN):
        clock.seconds += 1
    with time.spend(Work.RUNNING):
        clock.seconds += 100

    assert time.choose({Work.JOIN, Work.RUNNING}) is Work.RUNNING
    assert time.choose({Work.JOIN}) is Work.JOIN


def test_what_has_nothing_to_do_leaves_its_time_to_the_others() -> None:
    spent = play({Work.RUNNING: 1.0, Work.NEXT: 10.0})

    assert all(140 <= seconds <= 160 for seconds in spent.values()), spent
    assert play({Work.NEXT: 10.0}) == {Work.NEXT: 300}
    assert play({}) == {}


def test_a_run_that_is_to_end_makes_first_steps_only() -> None:
    """The host ends; what it has read of the intake it has read for this step."""
    clock = Clock()
    time = RunTime(300, clock.read)
    with time.spend(Work.JOIN):
        clock.seconds += 1

    assert time.choose(ALL, is_ending=True) is Work.CHALLENGER
    assert time.choose({Work.JOIN}, is_ending=True) is None
    assert time.choose({Work.JOIN}) is Work.JOIN
