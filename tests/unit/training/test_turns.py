"""The turns of join and models: what goes on beside what, and when."""

from contextlib import suppress
from threading import Event

import pytest

from shared.storage_errors import StorageUnavailable
from train_timer.learner_thread import Beside, LearnerThread
from train_timer.run_time import RunTime, Work
from train_timer.turns import Turns

SECONDS = 10


def turns(stop: Event | None = None) -> Turns:
    """Turns of a run that has all time."""
    return Turns(RunTime(300, lambda: 0.0), stop or Event())


def test_a_step_goes_on_while_a_model_learns() -> None:
    """The learning waits for the step; one after the other they would come to no end."""
    joined = Event()

    def step() -> bool:
        joined.set()
        return True

    with LearnerThread() as thread:
        assert Beside(thread, step).learn(lambda _: joined.wait(SECONDS), 1)


def test_no_more_steps_are_begun_than_may_be() -> None:
    steps, enough = list[int](), Event()

    def step() -> bool:
        steps.append(len(steps))
        if len(steps) == 3:
            enough.set()
        return True

    with LearnerThread() as thread:
        Beside(thread, step).learn(lambda _: enough.wait(SECONDS), 3)
        Beside(thread, step).learn(lambda _: None, 0)

    assert steps == [0, 1, 2]


def test_what_a_step_raises_is_raised_once_the_learning_has_ended() -> None:
    """Else the next model would begin to learn beside it."""
    failed, ended = Event(), Event()

    def fail() -> bool:
        failed.set()
        raise ValueError("the step")

    def learn(_: object) -> None:
        failed.wait(SECONDS)
        ended.set()

    with LearnerThread() as thread:
        with pytest.raises(ValueError, match="the step"):
            Beside(thread, fail).learn(learn, 1)

        assert ended.is_set()


def test_what_the_learning_raises_is_raised_behind_the_step() -> None:
    joined = Event()

    def step() -> bool:
        joined.set()
        return False

    def fail(_: object) -> None:
        joined.wait(SECONDS)
        raise ValueError("the learning")

    with LearnerThread() as thread, pytest.raises(ValueError, match="the learning"):
        Beside(thread, step).learn(fail, 1)

    assert joined.is_set()


def test_models_learn_what_was_joined_beside_the_learning_before() -> None:
    """Also where a model had nothing more to learn when the join began."""
    taken, parts, order = turns(), [1, 2, 3], list[str]()
    learned = 0

    def join() -> bool:
        order.append("join")
        return bool(parts) and bool(parts.pop())

    def train() -> bool:
        nonlocal learned
        if learned == 3 - len(parts):
            return False
        learned += 1
        taken.join()
        order.append("train")
        return True

    assert taken.take({Work.JOIN: join, Work.RUNNING: train}) is False
    assert (learned, parts) == (3, [])
    assert order == ["join", "join", "train", "join", "train", "join", "train"]


def test_nothing_is_joined_beside_a_model_once_the_run_is_to_end() -> None:
    """What has begun its first step does no other."""
    stop, order = Event(), list[str]()
    taken = turns(stop)

    def join() -> bool:
        order.append("join")
        stop.set()
        return True

    def train() -> bool:
        order.append(f"train {taken.join()}")
        return True

    assert taken.take({Work.JOIN: join, Work.RUNNING: train}) is True
    assert order == ["join", "train False"]


def test_a_join_that_has_failed_beside_a_model_ends_the_turns() -> None:
    """The rows that it had taken would be in no log; to the model it is no trouble, and what that has learned stays."""
    taken, order, steps = turns(), list[str](), iter([True])

    def join() -> bool:
        order.append("join")
        if len(order) > 1:
            raise StorageUnavailable("the join")
        return True

    def train() -> bool:
        with suppress(StorageUnavailable):  # trouble with one model ends nothing else
            order.append(f"{taken.join()} {taken.join()}")
        return next(steps, False)

    with pytest.raises(StorageUnavailable, match="the join"):
        taken.take({Work.JOIN: join, Work.RUNNING: train})

    assert order == ["join", "join", "False False"]
