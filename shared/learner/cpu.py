"""What a model's last bits depend on beside its data: the processor, the system's mathematics, and Vowpal Wabbit."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def kind() -> str:
    """In one line; where it is the same, the same training gives the same bytes."""
    libc = " ".join(filter(None, platform.libc_ver()))
    parts = (platform.system(), platform.machine(), _name(), libc, f"vowpalwabbit {version('vowpalwabbit')}")
    return ", ".join(filter(None, parts))


def _name() -> str:
    """The processor's name as its maker wrote it, where that is known."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, value in told.items()}.get("model name", platform.processor())
