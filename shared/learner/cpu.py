"""The kind of machine: processor, the system's mathematics and Vowpal Wabbit, on which a model's last bits depend."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def kind() -> str:
    """The kind of machine in one line; on machines of one kind, the same training gives the same bytes."""
    libc = " ".join(filter(None, platform.libc_ver()))
    parts = (platform.system(), platform.machine(), _name(), libc, f"vowpalwabbit {version('vowpalwabbit')}")
    return ", ".join(filter(None, parts))


def _name() -> str:
    """The name that the processor's maker gave it, on Linux; else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, value in fields.items()}.get("model name", platform.processor())
