"""Processes as they are written down: by id and start, so that a number used again is never taken for the old one."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from localhost import private_files

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    def start_of(pid: int) -> str | None:
        """Give the start of a running process in a form that only serves comparison; None if it does not run."""
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)
        if not handle:
            return None
        times = [wintypes.FILETIME() for _ in range(4)]
        code = wintypes.DWORD()
        succeeded = kernel.GetProcessTimes(handle, *(ctypes.byref(moment) for moment in times))
        runs = kernel.GetExitCodeProcess(handle, ctypes.byref(code)) and code.value == 259
        kernel.CloseHandle(handle)
        return f"{times[0].dwHighDateTime}:{times[0].dwLowDateTime}" if succeeded and runs else None
elif sys.platform == "linux":

    def start_of(pid: int) -> str | None:
        """Give the start of a running process in a form that only serves comparison; None if it does not run."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return None
        state, ticks = fields[0], fields[19]
        return None if state in "ZX" else f"{boot}:{ticks}"
else:

    def start_of(pid: int) -> str | None:
        """Give the start of a running process in a form that only serves comparison; None if it does not run."""
        output = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        state, _, started = output.stdout.strip().partition(" ")
        return None if not state or state.startswith("Z") else started.strip()


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process as it was when it was written down.

    Attributes:
        pid: Its id.
        start: When it started, as `start_of` gave it.
    """

    pid: int
    start: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Describe a process that runs now."""
        return cls(pid, start_of(pid) or "")

    def runs(self) -> bool:
        """Say whether it is still running."""
        return bool(self.start) and start_of(self.pid) == self.start

    def wait(self, seconds: float) -> bool:
        """Wait for its end and say whether it came."""
        until = time.monotonic() + seconds
        while self.runs():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def send(self, signal: int) -> None:
        """Send it a signal, if it still runs."""
        if self.runs():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal)


@dataclass(frozen=True, slots=True)
class Record:
    """Who serves a folder.

    Attributes:
        child: The process that works on the folder.
        owner: The process that started it and is there to end it.
    """

    child: ProcessId
    owner: ProcessId

    def write(self, path: Path) -> None:
        """Write it down."""
        private_files.write(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """Read what was written down; None if nothing usable was."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(ProcessId(**content["child"]), ProcessId(**content["owner"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None
