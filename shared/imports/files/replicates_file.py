"""The file with chances as they are if one part of the log after the other is left out of estimating them."""

from array import array
from collections.abc import Iterable
from pathlib import Path


def write(path: Path, chances: Iterable[list[float]]) -> Path:
    """Write the chances of each event, `PARTS` numbers."""
    with path.open("wb") as file:
        for of_event in chances:
            array("d", of_event).tofile(file)
    return path


def read(path: Path) -> array[float]:
    """Read the chances, one event's behind the other's."""
    chances = array("d")
    with path.open("rb") as file:
        chances.fromfile(file, path.stat().st_size // chances.itemsize)
    return chances
