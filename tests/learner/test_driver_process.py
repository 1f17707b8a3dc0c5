"""One process of the driver that does the jobs of a whole run of the trainer."""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.learner.arguments import parse
from shared.learner.driver_process import DriverProcess
from shared.learner.training import TookTooLong, TrainingFailed, TrainingResult, train
from tests.learner.test_training_runs import CRASH, LINES, drivers_of
from tests.unit.learner.lines import GREEDY, TIMEOUT, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SQUARECB = "--cb_explore_adf --squarecb --gamma_scale 500 -q ::"


def learn(
    log: Path, into: Path, process: DriverProcess | None, arguments: str = GREEDY, timeout: timedelta = TIMEOUT
) -> TrainingResult:
    """Train from empty."""
    begin = parse(arguments).with_epsilon(0.2)
    return train(log, into, arguments=begin, old_state=None, predictor=None, timeout=timeout, process=process)


def test_one_process_makes_the_models_that_many_make(tmp_path: Path) -> None:
    """Nothing of a job is left for the next one, whatever its learning arguments."""
    some, all_lines = write(tmp_path / "some", LINES[:100]), write(tmp_path / "all", LINES)
    jobs = [(some, GREEDY), (all_lines, SQUARECB), (all_lines, GREEDY), (some, GREEDY)]

    states = []
    with DriverProcess() as process:
        for number, (log, arguments) in enumerate(jobs):
            together, alone = tmp_path / f"{number}.together", tmp_path / f"{number}.alone"
            results = learn(log, together, process, arguments), learn(log, alone, None, arguments)
            assert results[0] == results[1]
            assert together.read_bytes() == alone.read_bytes()
            states.append(together.read_bytes())
        assert len(list(drivers_of(os.getpid()))) == 1

    assert states[0] == states[3] != states[2]
    assert list(drivers_of(os.getpid())) == []


def test_a_job_is_done_after_one_that_ended_the_process(tmp_path: Path) -> None:
    """By a crash of Vowpal Wabbit, because time was up, or by somebody else."""
    log, crash = write(tmp_path / "log", LINES), write(tmp_path / "crash", [*LINES[:50], CRASH])
    os.mkfifo(tmp_path / "fifo")

    with DriverProcess() as process:
        with pytest.raises(TrainingFailed, match="signal"):
            learn(crash, tmp_path / "state", process)
        assert learn(log, tmp_path / "state", process).learned == 300

        with pytest.raises(TookTooLong, match=r"longer than 0\.5 s"):
            learn(tmp_path / "fifo", tmp_path / "state", process, timeout=timedelta(seconds=0.5))
        assert learn(log, tmp_path / "state", process).learned == 300

        (driver,) = drivers_of(os.getpid())
        os.kill(driver, signal.SIGKILL)
        os.waitid(os.P_PID, driver, os.WEXITED | os.WNOWAIT)  # it has ended, and is still there to be asked about
        assert learn(log, tmp_path / "state", process).learned == 300


def test_a_job_that_fails_keeps_the_process(tmp_path: Path) -> None:
    """Its reason is its own, and not that of the job before."""
    with DriverProcess() as process:
        for name in ("absent", "nowhere"):
            with pytest.raises(TrainingFailed, match=name):
                learn(tmp_path / name, tmp_path / "state", process)
        (driver,) = drivers_of(os.getpid())
        learn(write(tmp_path / "log", LINES), tmp_path / "state", process)

        assert list(drivers_of(os.getpid())) == [driver]
