"""The clock of a test run: the machine's, or moved in all processes at once, those of hosts and of storage too.

TEST_NOW=2028-02-29T23:57:00Z python3 dev.py test

begins a run at another time; `move_to` gives some tests a time of their own in every run.

The product has no part in it. In Python the library time-machine moves all that gives the time of day, in each new
process as it starts (`sitecustomize.py`); in Azurite `localhost/azurite/azurite_clock.cjs` does. What measures only how
long something takes is left alone, and so are the times of files, and what OpenSSL thinks of certificates.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
import time_machine

from localhost.azurite.emulator import CLOCK
from shared.times import from_iso, to_iso

NOW: Final = "TEST_NOW"
"""The variable that says at which time a run begins."""
NOON: Final = "2027-06-15T12:01:00Z"
"""For tests that count what the end of a day, of an hour, or of a part of the log would add to."""

_AHEAD: Final = "TEST_CLOCK_AHEAD_US"


def begin_run() -> None:
    """Move the clock of this process and all that it starts, if `TEST_NOW` asks for it.

    Raises:
        pytest.UsageError: It is no time.
    """
    if (moment := os.environ.get(NOW)) and _AHEAD not in os.environ:
        try:
            set_ahead(_ahead_at(moment))
        except ValueError as error:
            raise pytest.UsageError(f"{NOW} must be a time such as 2028-02-29T23:57:00Z, not {moment!r}") from error


def describe() -> str:
    """Say what time it is, if that is not the machine's; else nothing."""
    return f"The clock is moved: it is {to_iso(now_us())}." if ahead_us() else ""


@contextmanager
def move_to(moment: str) -> Iterator[None]:
    """Let it be another time, such as `2028-02-29T23:57:00Z`: here, and in all processes that are started meanwhile."""
    moved_us = _ahead_at(moment)
    with (
        time_machine.travel(timedelta(microseconds=moved_us - ahead_us())),
        pytest.MonkeyPatch.context() as environment,
    ):
        time.time()  # the library lets it run from the first reading on
        for name, value in _variables(moved_us).items():
            environment.setenv(name, value)
        yield


@contextmanager
def follow_machine() -> Iterator[None]:
    """Let it be the machine's time, as `move_to` does: OpenSSL goes by nothing else when it judges certificates."""
    if not ahead_us():
        yield
        return
    with move_to(to_iso(now_us() - ahead_us())):
        yield


def now_us() -> int:
    """The time of this process, in microseconds since 1970."""
    return time.time_ns() // 1000


def ahead_us() -> int:
    """By how much the clock is ahead of the machine's; negative if it is behind."""
    return int(os.environ.get(_AHEAD, "0"))


def set_ahead(moved_us: int) -> None:
    """Move the clock until this process ends, in all processes that it starts, too."""
    if moved_us != ahead_us():
        time_machine.travel(timedelta(microseconds=moved_us - ahead_us())).start()
        time.time()
        os.environ.update(_variables(moved_us))


def variables() -> dict[str, str]:
    """What a new process must find in its environment, so that its clock is this one's; empty if that is the machine's.

    A process that takes over this environment has them.
    """
    return _variables(ahead_us()) if ahead_us() else {}


def _ahead_at(moment: str) -> int:
    return from_iso(moment) - (now_us() - ahead_us())


def _variables(moved_us: int) -> dict[str, str]:
    """By how much to move, and what Python and Node.js load first to do so."""
    return {
        _AHEAD: str(moved_us),
        "PYTHONPATH": _with("PYTHONPATH", str(Path(__file__).parent), os.pathsep),
        "NODE_OPTIONS": _with("NODE_OPTIONS", f'--require "{CLOCK}"', " "),
    }


def _with(variable: str, first: str, between: str) -> str:
    others = os.environ.get(variable, "")
    return others if first in others else between.join(filter(None, (first, others)))
