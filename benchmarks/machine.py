"""Facts of the machine that belong to every figure."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.failures import NotMeasurable
from localhost.azurite.node import node

_PACKAGES = (
    *("vowpalwabbit", "azure-functions", "azure-functions-runtime", "azure-data-tables", "azure-storage-blob"),
    *("pydantic", "orjson", "aiohttp", "uvicorn", "fastapi"),
)
_AZURITE = Path("node_modules/azurite/package.json")


def facts() -> dict[str, Any]:
    """Processor, cores, load of other programs, and versions."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "loadAtStart": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far, in its own code and in the system, its threads included.

    Raises:
        NotMeasurable: The system has no such figure.
    """
    books = Path(f"/proc/{pid}/stat")
    if not books.exists():
        raise NotMeasurable("the processor time of another process is read from /proc, which only Linux has")
    fields = books.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run, the oldest first.

    Raises:
        NotMeasurable: The system does not tell.
    """
    books = Path(f"/proc/{pid}/task/{pid}/children")
    if not books.exists():
        raise NotMeasurable("the children of another process are read from /proc, which only Linux has")
    return [int(child) for child in books.read_text().split()]


def resident_bytes(pid: int | str = "self") -> int:
    """Memory that a process has now, without what is swapped out.

    Raises:
        NotMeasurable: The system has no such figure.
    """
    return _read_bytes(pid, "VmRSS")


def peak_bytes(pid: int | str = "self") -> int:
    """The most memory that a process had since it began to run its program; 0 for one that has just ended.

    Raises:
        NotMeasurable: The system has no such figure.
    """
    return _read_bytes(pid, "VmHWM")


def _read_bytes(pid: int | str, name: str) -> int:
    if not Path("/proc/self/status").exists():
        raise NotMeasurable("the memory of a process is read from /proc, which only Linux has")
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)
