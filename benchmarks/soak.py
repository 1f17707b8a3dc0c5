"""`soak`: `dev.py up` under a steady load for minutes: how long a Rank takes in each of them, and whether any is lost.

Storage, host, trainer and load share the machine. Rewards count for a quarter of the time, so that for the rest of it
the trainer joins and learns what came, beside the calls, and publishes a model each minute. At the end the log is read:
each Rank that was acknowledged has to be there once, with its reward. The other side is the same on an Azurite that
saves into a folder, as `up` stored earlier.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks import up
from benchmarks.failures import MeasureFailed, WrongAnswers
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.steady_load import Course, Minute, SteadyLoad, event_id, value
from localhost.environment import LOCAL_DEFAULTS, ROOT

MINUTES, RATE = 4, 120
_LEAST_WAIT, _PATIENCE = 5, 120.0
_AZURITE = "up on Azurite"


@dataclass(frozen=True, slots=True)
class _Side:
    """What one side came to: the load's course, the Ranks in the log, and what the processes used."""

    course: Course
    acknowledged: int
    lag: float
    memory: Mapping[str, float]
    cpu: Mapping[str, float]

    def all_minutes(self, percentile: str) -> list[float]:
        """A percentile of each minute, in milliseconds."""
        return [getattr(minute, percentile) for minute in self.course.minutes]


def measure(
    progress: Progress,
    minutes: int = MINUTES,
    rate: int = RATE,
    *,
    minute_seconds: float = 60.0,
    settings: Mapping[str, str] = LOCAL_DEFAULTS,
) -> list[Figure]:
    """Send the load to both sides, one after the other."""
    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        sides = []
        for azurite in (False, True):
            with up.serve(Path(folder, str(azurite)), settings, azurite=azurite) as loop:
                progress.show(f"{_AZURITE if azurite else 'up on its folder'} starts")
                sides.append(_measure(progress, loop, SteadyLoad(loop.url, rate, minutes, minute_seconds)))
    return _figures(*sides)


def _measure(progress: Progress, loop: up.Loop, load: SteadyLoad) -> _Side:
    """Send the load to a loop, and find how long its Ranks took, what the log has of them, and what it used."""
    wait = max(_LEAST_WAIT, round(load.minutes * load.minute_seconds / 4))
    loop.configure(rewardWaitTime=f"PT{wait}S", modelExportFrequency=f"PT{max(1, round(load.minute_seconds))}S")
    before = loop.cpu_seconds()
    course = _send(progress, load)
    memory = loop.memory()
    lag = float(loop.status()["lagSeconds"])
    used = {name: seconds - before[name] for name, seconds in loop.cpu_seconds().items()}
    progress.show(f"the last rewards count for {wait} s, then all is log")
    loop.wait_until_all_is_log(wait + _PATIENCE)
    acknowledged = check_log(load, course, Counter(loop.read_log()))
    return _Side(course, acknowledged, lag, memory, {**used, "load": course.cpu_seconds})


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


def _figures(ours: _Side, theirs: _Side) -> list[Figure]:
    worst = max(ours.all_minutes("p99_ms"))
    each = {
        str(number): f"{minute.p50_ms:.1f} and {minute.p99_ms:.1f}"
        for number, minute in enumerate(ours.course.minutes, 1)
    }
    details = {"half and 99 % of each minute, in ms": each, "refused or unanswered calls": ours.course.refusals}
    beside = {"refused or unanswered calls on Azurite": theirs.course.refusals}
    return [
        Figure(
            "soak",
            "half of the Ranks, of each minute",
            "ms",
            ours.all_minutes("p50_ms"),
            theirs.all_minutes("p50_ms"),
            _AZURITE,
        ),
        Figure(
            "soak",
            "99 % of the Ranks, of each minute",
            "ms",
            ours.all_minutes("p99_ms"),
            theirs.all_minutes("p99_ms"),
            _AZURITE,
            details=details | beside,
        ),
        Figure(
            "soak",
            "99 % of the Ranks of all minutes but the first",
            "ms",
            [median(ours.all_minutes("p99_ms")[1:] or [worst])],
            goal=Goal("at most", 10),
        ),
        Figure("soak", "99 % of the Ranks, worst minute", "ms", [worst]),
        Figure(
            "soak", "calls refused or not answered", "", [sum(ours.course.refusals.values())], goal=Goal("at most", 0)
        ),
        Figure("soak", "acknowledged Ranks, each in the log once", "", [ours.acknowledged]),
        Figure("soak", "lag of the log at the end of the load", "s", [ours.lag], goal=Goal("at most", 0)),
        Figure(
            "soak",
            "memory of all processes at the end of the load",
            "MB",
            [sum(ours.memory.values())],
            [sum(theirs.memory.values())],
            _AZURITE,
            Goal("at most", 0.6),
            {"ours": dict(ours.memory), "theirs": dict(theirs.memory)},
        ),
        Figure(
            "soak",
            "processor time of all",
            "s",
            [sum(ours.cpu.values())],
            [sum(theirs.cpu.values())],
            _AZURITE,
            details={"ours": dict(ours.cpu), "theirs": dict(theirs.cpu)},
        ),
    ]
