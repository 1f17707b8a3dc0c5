"""The course of a demo for the program that has started it, here the local host: one JSON object a line."""

import json
import os
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TextIO

from localhost.interruption import Interruption
from localhost.progress import Progress


class State(StrEnum):
    """How far a demo is; after `ended`, its loop goes on serving."""

    STARTING = "starting"
    PLAYING = "playing"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Course:
    """How a demo goes.

    Attributes:
        url: The link of its loop's page, key included; None before the loop serves, and after a failure.
        because: In a sentence, or what is being played.
        played: How many purchases were played.
        purchases: How many there are in all; None before it is known.
    """

    url: str | None = None
    state: State = State.STARTING
    because: str = "Storage and functions are starting."
    played: int = 0
    purchases: int | None = None


class Reporter:
    """Writes the course of a demo at each of its steps."""

    def __init__(self, stream: TextIO | None) -> None:
        """Take where to write; None writes nothing."""
        self._stream = stream
        self._course = Course()

    def begin(self, purchases: int) -> None:
        """Storage and functions start."""
        self._write(replace(self._course, purchases=purchases))

    def play(self, url: str) -> None:
        """The loop serves, and its page has this link."""
        self._write(replace(self._course, url=url, state=State.PLAYING, because="The first purchase is played."))

    def move(self, played: int, doing: str) -> None:
        """So many purchases were played, and this is being done."""
        self._write(replace(self._course, played=played, because=f"{doing[:1].upper()}{doing[1:]}."))

    def end(self, judgement: str) -> None:
        """All was played."""
        self._write(replace(self._course, state=State.ENDED, because=judgement))

    def fail(self, failure: Exception) -> None:
        """It cannot go on."""
        self._write(replace(self._course, url=None, state=State.FAILED, because=str(failure)))

    def _write(self, course: Course) -> None:
        self._course = course
        if self._stream:
            try:
                self._stream.write(f"{json.dumps(asdict(course))}\n")
                self._stream.flush()
            except BrokenPipeError:  # whoever has read it was killed, and the end of the input ends the demo
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


class ReportedProgress(Progress):
    """Progress that a reporter is told of too."""

    def __init__(self, total: int, stream: TextIO, interruption: Interruption, reporter: Reporter) -> None:
        """Take what `Progress` takes, and the reporter."""
        super().__init__(total, stream, interruption)
        self._reporter = reporter

    def show(self, done: int, doing: str) -> None:
        """Move the bar, and report the step; raises `KeyboardInterrupt` if the command was interrupted."""
        super().show(done, doing)
        self._reporter.move(done, doing)
