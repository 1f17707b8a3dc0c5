"""The clock of a test run moves in all of its processes at once, or the tests of the calendar would say nothing."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path

from localhost.azurite.emulator import Azurite
from localhost.environment import ROOT
from shared.storage.clock import storage_clock
from shared.times import MINUTE, SECOND, from_datetime, from_iso
from tests import clock
from tests.clock import now_us
from tests.hosts import HostProcess
from tests.loop import evaluated_log
from tests.loop.conftest import NEVER
from tests.processes import process

LEAP_DAY = "2028-02-29T12:00:00Z"
_ASK = "import time; print(time.time_ns() // 1000)"


def read_here() -> int:
    """Read the time of this process, which is the same however it is read."""
    assert abs(from_datetime(datetime.now(UTC)) - now_us()) < MINUTE
    return now_us()


def ask_new_process() -> int:
    """Read the time of a process that is started as any other program is."""
    return int(subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True).stdout)


def ask_forked_process(folder: Path) -> int:
    """Read the time of a process such as those of trainers."""
    forked = process(folder / "log", "", write_time, folder / "time")
    forked.start()
    forked.join(30)
    return int((folder / "time").read_text())


def write_time(file: Path) -> None:
    file.write_text(str(read_here()))


def ask_host(storage: str) -> int:
    """Read the time of a host, from its answers."""
    with HostProcess(storage, env=NEVER) as host:
        connection = HTTPConnection(host.url.removeprefix("http://"), timeout=30)
        connection.request("GET", "/ready")
        moment = connection.getresponse().headers["Date"]
        connection.close()
    return from_datetime(parsedate_to_datetime(moment))


def ask_storage(storage: str) -> int:
    """Read the time by which storage stamps rows."""
    with evaluated_log.use_storage(storage):
        return storage_clock().now_us()


def test_every_process_lives_at_the_time_that_was_chosen(tmp_path: Path) -> None:
    """Until the end of the block; then it is as late as it would have been without it."""
    environment, began_us = dict(os.environ), now_us()

    (folder := tmp_path / "storage").mkdir()

    with clock.move_to(LEAP_DAY), Azurite() as azurite:
        storages = (str(folder), azurite.new_account().connection_string)
        times = [read_here(), ask_new_process(), ask_forked_process(tmp_path), *map(ask_host, storages)]
        times += map(ask_storage, storages)

    assert all(from_iso(LEAP_DAY) - SECOND < time < from_iso(LEAP_DAY) + 2 * MINUTE for time in times), times
    assert environment == dict(os.environ)
    assert 0 <= now_us() - began_us < 2 * MINUTE


def begin_run(moment: str) -> subprocess.CompletedProcess[str]:
    """Begin a run in a process of its own, which then asks another one for the time."""
    begin = "import subprocess, sys; from tests import clock; clock.begin_run(); print(clock.describe(), flush=True)"
    ask = f"subprocess.run([sys.executable, '-c', {_ASK!r}], check=True)"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    variables |= {clock.NOW: moment, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", f"{begin}; {ask}"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_a_run_begins_at_the_time_that_is_asked_for() -> None:
    """And says so."""
    run = begin_run("2028-02-29T23:57:00Z")

    description, time = run.stdout.splitlines()
    assert description.startswith("The clock is moved: it is 2028-02-29T23:57:0")
    assert 0 <= int(time) - from_iso("2028-02-29T23:57:00Z") < MINUTE


def test_a_run_that_is_to_begin_at_no_time_is_refused() -> None:
    """With what would be one."""
    run = begin_run("midnight")

    assert run.returncode != 0
    assert "TEST_NOW must be a time such as 2028-02-29T23:57:00Z, not 'midnight'" in run.stderr
