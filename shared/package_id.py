"""The id of the package that this process runs from: of the deployment folder, which `dev.py package` has built."""

from functools import cache
from pathlib import Path

_FILE = Path(__file__).parents[1] / "package.txt"


@cache
def package_id() -> str | None:
    """Read the id, once in a process; None where the app runs from a clone."""
    try:
        return _FILE.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
