"""A process that does one job after another."""

import json
import subprocess
import tempfile
from contextlib import suppress
from datetime import timedelta
from threading import Event, Timer
from typing import Any, Self

from shared import child_process
from shared.learner import subprocess_jobs
from shared.learner.subprocess_jobs import TookTooLong, TrainingFailed
from shared.settings import child_environment


class JobProcess:
    """A process for the jobs of a while, since to start one takes longer than most jobs.

    The first job starts it, and so does the job after one that ended it. It belongs to one thread: on Linux it ends
    with the thread that started it.
    """

    def __init__(self, module: str, what: str) -> None:
        """Start nothing yet.

        Args:
            module: What the process runs.
            what: What it does, for the reason of a failure.
        """
        self._module, self._what = module, what
        self._process: subprocess.Popen[bytes] | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    @property
    def is_running(self) -> bool:
        """Whether the next job finds a process that did jobs before."""
        return self._living() is not None

    def close(self) -> None:
        """End the process."""
        self.end()
        self._output.close()

    def end(self) -> None:
        """Kill the process, if there is one: it does no job that anybody waits for. The next job starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(OSError):  # what was not written to it
                process.communicate()

    def ask(self, text: str, timeout: timedelta) -> dict[str, Any]:
        """Do a job, given as a JSON text, and give the answer.

        Raises:
            TookTooLong: Time was up.
            TrainingFailed: The process ended without an answer.
        """
        process = self._process = self._living() or self._start()
        is_late = Event()

        def give_up() -> None:
            is_late.set()
            process.kill()

        alarm = Timer(timeout.total_seconds(), give_up)
        alarm.start()
        try:
            answer = _ask(process, text)
        except BaseException:
            self.end()
            raise
        finally:
            alarm.cancel()
            alarm.join()
        if answer is not None and not is_late.is_set():
            return answer
        code = process.wait()
        self.end()
        if is_late.is_set():
            raise TookTooLong(f"{self._what} took longer than {timeout.total_seconds():g} s")
        raise TrainingFailed(subprocess_jobs.reason(self._what, code, self._output))

    def _living(self) -> "subprocess.Popen[bytes] | None":
        if self._process is not None and self._process.poll() is not None:
            self.end()
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        self._output.seek(0)
        self._output.truncate()
        return subprocess.Popen(
            child_process.command(self._module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            env=child_environment(),
        )


def _ask(process: "subprocess.Popen[bytes]", text: str) -> dict[str, Any] | None:
    """Give a process a job; None if the process ends before it has answered."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    with suppress(BrokenPipeError):
        process.stdin.write(text.encode() + b"\n")
        process.stdin.flush()
    answer = process.stdout.readline()
    return json.loads(answer) if answer.endswith(b"\n") else None
