"""Dated exports, which are never changed: `exports/{loop}/{moment}/…`."""

from collections.abc import Mapping

from shared.storage import blobs
from shared.storage.paths import EXPORTS, split_path
from shared.times import compact


def write(files: Mapping[str, bytes], at_us: int) -> tuple[str, list[str]]:
    """Keep files by their names under a moment; gives the container and the blobs' names in it."""
    paths = {f"{EXPORTS}{compact(at_us)}/{name}": data for name, data in files.items()}
    for path, data in paths.items():
        blobs.create(path, data)
    return split_path(EXPORTS)[0], [split_path(path)[1] for path in paths]
