"""What was answered with success is in the log exactly once, whatever dies, and however often the disk is full.

Server and trainer are killed at random moments under traffic, each alone and both at once. `DURABILITY=1000` kills that
often, and fills the disk 50 times; without it, a few times:

DURABILITY=1000 python3 dev.py test -- -k durability
"""

import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

import pytest

from localhost.azurite.processes import ProcessId
from shared.storage.embedded.storage import EmbeddedStorage
from tests import clock
from tests.hosts import HostProcess
from tests.loop import past
from tests.loop.conftest import KEY, LATER, QUICK
from tests.loop.stored_loop import StoredLoop
from tests.loop.test_crashes import check_all
from tests.loop.traffic import Traffic
from tests.loop.trainers import Trainer

_KILLS = int(os.environ.get("DURABILITY", "12"))
_EACH_FILLING = 20
"""So many kills come between two fillings of the disk."""
_NO_LIMIT = resource.RLIM_INFINITY


def children(pid: int) -> list[int]:
    """The processes that a process has started, such as the trainer's of a host."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


def kill(pids: list[int]) -> None:
    """Kill processes at once, as far as they still run."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def fill_disk(pids: list[int], limit: int) -> None:
    """Let no file of some processes grow beyond a size."""
    for pid in pids:
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, _NO_LIMIT))
        except ProcessLookupError:
            continue


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of the processes of another")
@pytest.mark.timeout(120 + 5 * _KILLS)
def test_durability_under_kills_and_full_disks(tmp_path: Path) -> None:
    folder, chance, deaths = tmp_path / "storage", random.Random(_KILLS), {"server": 0, "trainer": 0, "both": 0}
    with clock.move_to(clock.NOON), StoredLoop(str(folder)) as stored_loop:
        past.configure(stored_loop, past.configuration(reward_wait_time="PT5S", model_export_frequency="PT5S"))
        log = tmp_path / "host.log"
        host = HostProcess(str(folder), env=QUICK, log_file=log, background_apart=True)
        host.start()
        with Traffic(lambda: host.url, KEY, clients=6, seed=11) as traffic:
            for number in range(_KILLS):
                time.sleep(chance.uniform(0.05, 1.2))
                running = [host.pid, *children(host.pid)]
                if number % _EACH_FILLING == _EACH_FILLING // 2:
                    fill_disk(running, chance.choice((4096, 65536)))
                    time.sleep(chance.uniform(0.1, 0.5))
                    fill_disk(running, _NO_LIMIT)
                victim = chance.choice(list(deaths))
                deaths[victim] += 1
                kill(running[1:] if victim == "trainer" else running if victim == "both" else running[:1])
                if victim != "trainer":
                    left = [ProcessId.of(pid) for pid in running[1:]]
                    host.kill()
                    assert all(process.wait(15) for process in left)
                    host.start()
            time.sleep(6)
        host.stop()
        stored_loop.break_lease()
        with Trainer(str(folder), tmp_path / "trainer.log", LATER) as last:
            last.succeed(120)

        with EmbeddedStorage(folder) as storage:
            storage.check()
        check_all(stored_loop, traffic)
        disturbed = stored_loop.read_training_output()
        stored_loop.forget()
        with Trainer(str(folder), tmp_path / "afresh.log", LATER) as afresh:
            afresh.succeed(120)
        assert disturbed == stored_loop.read_training_output()
    assert len(traffic.acknowledged.events) > 10 * _KILLS
    assert min(deaths.values()) > 0
