"""Runs jobs in a process of its own: starts the process, bounds its time, and says why it ended."""

import json
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from shared import child_process
from shared.errors import LoopError
from shared.settings import child_environment


class TrainingFailed(LoopError):
    """A training run without a usable result.

    Attributes:
        reason: In one line, with Vowpal Wabbit's own words if it had any.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class TookTooLong(TrainingFailed):
    """Time was up."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of VW's driver.

    Attributes:
        options: How it learns: checked learning arguments, or `-i` and the state to go on from.
        log: dsjson lines, plain or `.gz`; may be a FIFO.
        metrics: A file that VW writes, of no use here.
        state: Where the training state goes; if None, nothing is kept or checked.
        predictor: Where the model for Rank goes.
    """

    options: Sequence[str]
    log: Path
    metrics: Path
    state: Path | None = None
    predictor: Path | None = None

    def text(self) -> str:
        """The job as the driver reads it."""
        paths = {name: str(path) if (path := getattr(self, name)) else None for name in ("state", "predictor")}
        return json.dumps({"options": [*self.options], "log": str(self.log), "metrics": str(self.metrics), **paths})


def run(jobs: Iterable[Job], timeout: timedelta) -> tuple[list[dict[str, Any]], TrainingFailed | None]:
    """Let one process do jobs in order.

    Returns:
        The answers, and why there are fewer than jobs: `TookTooLong` if time was up, None if there are not.
    """
    return ask("shared.learner.driver", [job.text() for job in jobs], timeout, "training")


def ask(
    module: str, texts: Sequence[str], timeout: timedelta, what: str
) -> tuple[list[dict[str, Any]], TrainingFailed | None]:
    """Let a process that runs a module answer JSON texts in order.

    Args:
        what: What the process does, for the reason.

    Returns:
        The answers, and why there are fewer than texts: `TookTooLong` if time was up, None if there are not.
    """
    with tempfile.TemporaryFile() as output:
        try:
            ended = subprocess.run(
                child_process.command(module),
                input="\n".join(texts).encode(),
                stdout=subprocess.PIPE,
                stderr=output,
                env=child_environment(),
                timeout=timeout.total_seconds(),
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            return _answers(expired.output), TookTooLong(f"{what} took longer than {timeout.total_seconds():g} s")
        answers = _answers(ended.stdout)
        if len(answers) == len(texts):
            return answers, None
        return answers, TrainingFailed(reason(what, ended.returncode, output))


def _answers(output: bytes | None) -> list[dict[str, Any]]:
    lines = (output or b"").split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def reason(what: str, returncode: int, output: IO[bytes]) -> str:
    """Why a process ended, with the last line of its output."""
    output.seek(0)
    last = output.read().decode(errors="replace").strip().rpartition("\n")[2]
    how = f"signal {signal.Signals(-returncode).name}" if returncode < 0 else f"exit code {returncode}"
    return f"{what} ended with {how}" + (f": {last[:300]}" if last else "")
