"""`soak`: `dev.py up` under a steady load for minutes: how long a Rank takes in each of them, and whether any is lost.

Storage, host, trainer and load share the machine. Rewards count for a quarter of the time, so that for the rest of it
the trainer joins and learns what came, beside the calls, and publishes a model each minute. At the end the log is read:
each Rank that was acknowledged has to be there once, with its reward.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import machine, servers
from benchmarks.failures import MeasureFailed, WrongAnswers
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.steady_load import Course, Minute, SteadyLoad, event_id, value
from benchmarks.storage import BYTECODE, KEY
from localhost.azurite.processes import Record
from localhost.environment import EMULATOR, LOCAL_DEFAULTS, ROOT, STORAGE, clean_environment
from localhost.failures import CommandFailure
from localhost.report.welcome import Welcome

MINUTES, RATE = 4, 120
_SERVICE = "/personalizer/v1.0/configurations/service"
_LEAST_WAIT, _PATIENCE = 5, 120.0
_PAUSE = 0.5
_MB = 1024 * 1024


def measure(
    progress: Progress,
    minutes: int = MINUTES,
    rate: int = RATE,
    *,
    minute_seconds: float = 60.0,
    settings: Mapping[str, str] = LOCAL_DEFAULTS,
) -> list[Figure]:
    """Send the load, and find how long its Ranks took, what the log has of them, and what the processes used."""
    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder, _serve(Path(folder), settings) as loop:
        wait = max(_LEAST_WAIT, round(minutes * minute_seconds / 4))
        loop.configure(rewardWaitTime=f"PT{wait}S", modelExportFrequency=f"PT{max(1, round(minute_seconds))}S")
        load = SteadyLoad(loop.url, rate, minutes, minute_seconds)
        before = loop.cpu_seconds()
        course = _send(progress, load)
        lag = float(loop.status()["lagSeconds"])
        used = {name: seconds - before[name] for name, seconds in loop.cpu_seconds().items()}
        progress.show(f"the last rewards count for {wait} s, then all is log")
        loop.wait_until_all_is_log(wait + _PATIENCE)
        acknowledged = check_log(load, course, Counter(loop.read_log()))
        memory = loop.memory()
    return _figures(course, acknowledged, lag, memory, {**used, "load": course.cpu_seconds})


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop that serves from a folder."""

    url: str
    data: Path

    def processes(self) -> dict[str, int]:
        """The processes, by what they do."""
        host = Record.read(self.data / "host.json")
        if host is None:
            raise MeasureFailed("`up` has ended")
        (background,) = machine.children(host.child.pid)
        return {"calls": host.child.pid, "timers and queues": background}

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time of each so far."""
        return {name: machine.cpu_seconds(pid) for name, pid in self.processes().items()}

    def memory(self) -> dict[str, float]:
        """Memory of each in MB."""
        return {name: machine.resident_bytes(pid) / _MB for name, pid in self.processes().items()}

    def configure(self, **changes: str) -> None:
        """Change the service configuration."""
        now = json.loads(servers.call(self.url, "GET", _SERVICE, b""))
        servers.call(self.url, "PUT", _SERVICE, json.dumps({**now, **changes}).encode())

    def status(self) -> dict[str, Any]:
        """Give the status."""
        status: dict[str, Any] = json.loads(servers.call(self.url, "GET", "/rankloop/v1/status", b""))
        return status

    def wait_until_all_is_log(self, seconds: float) -> None:
        """Wait until all that has come is log."""
        until = time.monotonic() + seconds
        while waiting := self.status()["events"]["waiting"]:
            if time.monotonic() > until:
                raise MeasureFailed(f"{waiting} events are not log {seconds:.0f} s after the last call")
            time.sleep(_PAUSE)

    def read_log(self) -> Iterator[tuple[str, float]]:
        """Read event id and reward of each line."""
        path: str | None = "/rankloop/v1/logs"
        while path:
            page, path = servers.read_page(self.url, path)
            for line in page.splitlines():
                logged = orjson.loads(line)
                yield logged["EventId"], -logged["_label_cost"]


@contextmanager
def _serve(folder: Path, settings: Mapping[str, str]) -> Iterator[_Loop]:
    """Run `up` with storage of its own, as one does who has no settings."""
    data, log_file = folder / "data", folder / "up.log"
    own = {STORAGE: EMULATOR, "API_KEY_1": "", "RANKLOOP_KEY": KEY}
    environment = {**clean_environment(), **BYTECODE, **LOCAL_DEFAULTS, **settings, **own}
    command = [sys.executable, "-m", "localhost", "up", "--port", "0", "--data", str(data)]
    with log_file.open("wb") as log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as up:
        try:
            while (welcome := _read_welcome(data)) is None:
                if up.poll() is not None:
                    raise MeasureFailed(f"`up` did not start:\n{log_file.read_text(encoding='utf-8')[-2000:]}")
                time.sleep(_PAUSE)
            yield _Loop(welcome.url, data)
        finally:
            up.send_signal(signal.SIGTERM)


def _read_welcome(data: Path) -> Welcome | None:
    try:
        return Welcome.read(data)
    except CommandFailure:
        return None


def _send(progress: Progress, load: SteadyLoad) -> Course:
    """Send a load from a process of its own, and show each of its minutes."""
    command, lines = [sys.executable, "-m", "benchmarks.steady_load"], [""]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdin is not None and sender.stdout is not None  # noqa: S101, PT018
        sender.stdin.write(json.dumps(asdict(load)))
        sender.stdin.close()
        progress.show(f"{load.rate} Ranks and rewards a second for {load.minutes} minutes")
        for line in sender.stdout:
            lines.append(line)
            if len(lines) <= load.minutes + 1:
                minute = Minute(**json.loads(line))
                progress.show(f"minute {len(lines) - 1}: half {minute.p50_ms:.1f} ms, 99 % {minute.p99_ms:.1f} ms")
    if sender.returncode:
        raise MeasureFailed("the load was not sent to its end")
    course = json.loads(lines[-1])
    return Course(**{**course, "minutes": [Minute(**minute) for minute in course["minutes"]]})


def check_log(load: SteadyLoad, course: Course, lines: Counter[tuple[str, float]]) -> int:
    """Give how many Ranks were acknowledged; each has to be in the log once, with its reward if that was, too.

    Raises:
        WrongAnswers: Something is lost, or there twice.
    """
    events = Counter(event for event, _ in lines.elements())
    ranked = set(range(load.ranks)) - set(course.unranked)
    rewarded = ranked - set(course.unrewarded)
    lost = sum(events[event_id(number)] == 0 for number in ranked)
    twice = sum(times > 1 for times in events.values())
    unlike = sum(lines[event_id(number), value(number)] == 0 for number in rewarded) - lost
    if lost or twice or unlike:
        raise WrongAnswers(
            f"of {len(ranked)} acknowledged Ranks, the log lacks {lost}, has {twice} more than once, "
            f"and {unlike} without the reward that was acknowledged"
        )
    return len(ranked)


def _figures(
    course: Course, acknowledged: int, lag: float, memory: Mapping[str, float], cpu: Mapping[str, float]
) -> list[Figure]:
    minutes = course.minutes
    worst = max(minutes, key=lambda minute: minute.p99_ms)
    each = {str(number): f"{minute.p50_ms:.1f} and {minute.p99_ms:.1f}" for number, minute in enumerate(minutes, 1)}
    details = {"half and 99 % of each minute, in ms": each, "refused or unanswered calls": course.refusals}
    host = memory["calls"] + memory["timers and queues"]
    return [
        Figure("soak", "half of the Ranks, first minute", "ms", [minutes[0].p50_ms]),
        Figure("soak", "half of the Ranks, last minute", "ms", [minutes[-1].p50_ms]),
        Figure("soak", "99 % of the Ranks, first minute", "ms", [minutes[0].p99_ms]),
        Figure("soak", "99 % of the Ranks, last minute", "ms", [minutes[-1].p99_ms]),
        Figure(
            "soak", "99 % of the Ranks, worst minute", "ms", [worst.p99_ms], goal=Goal("at most", 80), details=details
        ),
        Figure("soak", "acknowledged Ranks, each in the log once", "", [acknowledged]),
        Figure("soak", "lag of the log at the end of the load", "s", [lag], goal=Goal("at most", 0)),
        Figure("soak", "memory of the host's two processes at rest", "MB", [host], details=dict(memory)),
        Figure("soak", "processor time of all", "s", [sum(cpu.values())], details=dict(cpu)),
    ]
