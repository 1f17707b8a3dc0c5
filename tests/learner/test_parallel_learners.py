"""Whatever happens to a learner, the pass over the log ends."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.evaluation.replay import log_pass, parallel_learners
from shared.evaluation.replay.evaluated_events import EvaluatedEvent, read
from shared.evaluation.replay.learners import Learner, read_answer
from shared.evaluation.replay.parallel_learners import ParallelLearners
from shared.evaluation.replay.predictions import OutOfStep
from shared.evaluation.replay.time_limit import TimeLimit
from shared.evaluation.tasks import Task, TaskResult
from shared.learner.subprocess_jobs import TookTooLong
from tests.unit.evaluation.replay.evaluated import evaluation, lines

pytestmark = pytest.mark.skipif(not parallel_learners.is_possible(), reason="pipes cannot be waited for here")

GREEDY = "--cb_explore_adf --epsilon 0.1 -q ::"
LOG = lines(300)
TASK = Task("k", 0, GREEDY, with_reward_model=True)


class Interrupted:
    """A log at which something happens to the learners, when it is gone over for the first time."""

    def __init__(self, after: int, happens: Callable[[list[int]], None], *, always: bool = False) -> None:
        self._after = after
        self._happens = happens
        self._always = always
        self.times = 0

    def __iter__(self) -> Iterator[bytes]:
        self.times += 1
        for number in range(6000):
            if number == self._after and (self.times == 1 or self._always):
                self._happens(learners())
            yield LOG[number % len(LOG)]


def test_long_lines_are_read_one_by_one() -> None:
    """As many of them as of short ones, once more for each learner, would be half a gigabyte."""
    event = read(LOG[0], "cb")
    assert isinstance(event, EvaluatedEvent)
    taken = list[int]()

    def pairs() -> Iterator[tuple[EvaluatedEvent, bytes]]:
        for number in range(100):
            taken.append(number)
            yield event, b"x" * 1024 * 1024

    first = next(parallel_learners._batches(pairs()))

    assert (len(first), len(taken)) == (1, 1)
    assert len(next(parallel_learners._batches(iter([(event, LOG[0])] * 100)))) == 64


def learners() -> list[int]:
    """The ids of the processes that learn, the one of the policy first."""
    output = subprocess.run(["ps", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    own = [line.split(maxsplit=2) for line in output.splitlines()]
    return sorted(
        int(pid) for pid, parent, args in own if int(parent) == os.getpid() and "event_learner_process" in args
    )


def carry_out(log: Any, folder: Path, timeout: float = 60, task: Task = TASK) -> TaskResult:
    """Carry out a task."""
    return log_pass.run(task, evaluation(), log, folder=folder, timeout=timedelta(seconds=timeout))[0]


def kill(place: int) -> Callable[[list[int]], None]:
    """End one of the learners."""
    return lambda learners: os.kill(learners[place], signal.SIGKILL)


def stop(learners: list[int]) -> None:
    """Let a learner hang."""
    os.kill(learners[-1], signal.SIGSTOP)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> TaskResult:
    """The result where nothing happens to the learners."""
    return carry_out(Interrupted(-1, stop), tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("after", [0, 3000, 5999])
def test_a_learner_that_is_killed_is_tried_once_more(
    undisturbed: TaskResult, place: int, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever it is, and wherever in the log; the result is the same."""
    monkeypatch.setattr(log_pass.refused_events, "find", lambda *_, **__: frozenset())
    log = Interrupted(after, kill(place))

    assert undisturbed == carry_out(log, tmp_path)
    assert log.times == 2
    assert learners() == []


def test_a_learner_that_is_killed_again_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason."""
    monkeypatch.setattr(log_pass.refused_events, "find", lambda *_, **__: frozenset())

    with pytest.raises(log_pass.TrainingFailed, match="evaluating ended with signal SIGKILL"):
        carry_out(Interrupted(4000, kill(0), always=True), tmp_path)
    assert learners() == []


def test_a_learner_that_hangs_is_ended_in_time(tmp_path: Path) -> None:
    """It takes no lines, and the other one's predictions are of no use alone."""
    began = time.monotonic()

    with pytest.raises(TookTooLong, match="evaluating took longer than 3 s"):
        carry_out(Interrupted(3000, stop), tmp_path, timeout=3)
    assert time.monotonic() - began < 10
    assert learners() == []


def test_a_log_that_cannot_be_read_on_ends_the_learners(tmp_path: Path) -> None:
    """The reason is that of the log."""

    def fail(_: list[int]) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        carry_out(Interrupted(4000, fail), tmp_path)
    assert learners() == []


def test_a_log_that_waits_is_waited_for(tmp_path: Path) -> None:
    """Learners have nothing to do meanwhile."""
    task = Task("k", 0, GREEDY, until=500)

    assert carry_out(Interrupted(-1, stop), tmp_path, task=task) == carry_out(
        Interrupted(300, lambda _: time.sleep(1)), tmp_path, task=task
    )


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    """A host carries out thousands of tasks."""
    carry_out(LOG, tmp_path)
    before = [*Path("/dev/fd").iterdir()]
    for _ in range(3):
        carry_out(LOG, tmp_path)
    with pytest.raises(TookTooLong):
        carry_out(LOG, tmp_path, timeout=0.01)

    assert len([*Path("/dev/fd").iterdir()]) <= len(before)


def test_options_that_vw_does_not_take_fail_with_its_words(tmp_path: Path) -> None:
    """Without waiting for a learner that is no more."""
    running = ParallelLearners(
        [Learner("policy", ("--cb_explore_adf", "--epsilon", "7"))], tmp_path, TimeLimit(timedelta(seconds=30))
    )

    with pytest.raises(log_pass.TrainingFailed, match="epsilon"):
        deque(running.predictions(pairs(6000)))


def test_a_line_that_the_learner_passes_over_is_noticed(tmp_path: Path) -> None:
    """An event without a prediction would shift those of all that follow."""
    running = ParallelLearners([Learner("policy", ("--cb_explore_adf",))], tmp_path, TimeLimit(timedelta(seconds=30)))
    event, line = next(pairs(1))

    with pytest.raises(OutOfStep):
        deque(running.predictions(iter([(event, line), (event, b""), (event, line)])))


def test_two_ways_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Pipes of one are not inherited by the learners of the other: else those would never see the log's end."""
    results: list[TaskResult] = []
    folders = [tmp_path / str(number) for number in range(3)]
    for folder in folders:
        folder.mkdir()
    threads = [threading.Thread(target=lambda own=folder: results.append(carry_out(LOG, own))) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert results == [carry_out(LOG, tmp_path)] * 3


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ({"learned": 2, "refused": 0, "message": ""}, OutOfStep),
        ({"learned": 3, "refused": 1, "message": "bad"}, OutOfStep),
        ({"error": "no such option"}, log_pass.TrainingFailed),
        ({"learned": 3, "refused": 0, "error": "the model could not be written"}, log_pass.TrainingFailed),
    ],
)
def test_a_learner_has_to_learn_all_events(answer: dict[str, Any], trouble: type[Exception]) -> None:
    """Predictions count only then."""
    with pytest.raises(trouble):
        read_answer(answer, 3)


def pairs(number: int) -> Iterator[tuple[EvaluatedEvent, bytes]]:
    """Events with their lines."""
    for index in range(number):
        line = LOG[index % len(LOG)]
        event = read(line, "cb")
        assert isinstance(event, EvaluatedEvent)
        yield event, line
