"""The metrics of the last day in storage: one blob an hour."""

from collections.abc import Iterator

from shared.metrics.bins import FINE_US, Bin
from shared.metrics.breakdown import STEP_US, Step
from shared.metrics.recent import Hour
from shared.storage import json_documents, loop_threads
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import HOUR, from_minute_key, minute_key

_SUFFIX = ".json"
_AT_ONCE = 8


def read(from_us: int) -> tuple[Hour, str | None]:
    """Read an hour and its ETag; an empty one, if there is none.

    Raises:
        UnreadableDocument: The blob is damaged.
    """
    stored = blobs().read(_path(from_us))
    return (json_documents.read(Hour, stored.data), stored.etag) if stored else (Hour(from_us), None)


def write(hour: Hour, etag: str | None) -> str:
    """Write an hour over the version that was read; gives the new ETag.

    Raises:
        ChangedMeanwhile: Another version is stored by now.
    """
    return blobs().write_over(_path(hour.from_us), json_documents.to_json(hour), etag)


def read_steps(from_us: int, to_us: int) -> list[Step]:
    """Read the steps that have some of a range, in order of time."""
    steps = [step for hour in read_range(from_us, to_us) for step in hour.steps]
    return [step for step in steps if step.from_us < to_us and step.from_us + STEP_US > from_us]


def read_bins(from_us: int, to_us: int) -> list[Bin]:
    """Read the bins of ten seconds that have some of a range, in order of time."""
    bins = [a_bin for hour in read_range(from_us, to_us) for a_bin in hour.bins]
    return [a_bin for a_bin in bins if a_bin.from_us < to_us and a_bin.from_us + FINE_US > from_us]


def read_range(from_us: int, to_us: int) -> list[Hour]:
    """Read the hours that have some of a range, in order of time."""
    starts = [start for start in _starts() if start < to_us and start + HOUR > from_us]
    return [hour for hour, _ in loop_threads.at_once(read, starts, _AT_ONCE)]


def remove_before(at_us: int) -> None:
    """Delete the hours that begin before a moment."""
    for start in list(_starts()):
        if start < at_us:
            blobs().remove(_path(start))


def remove_all() -> None:
    """Delete all hours."""
    for path in list(blobs().list_paths(this_loop().last_day)):
        blobs().remove(path)


def _starts() -> Iterator[int]:
    for path in blobs().list_paths(this_loop().last_day):
        yield from_minute_key(f"{path.removeprefix(this_loop().last_day).removesuffix(_SUFFIX)}00")


def _path(from_us: int) -> str:
    return f"{this_loop().last_day}{minute_key(from_us)[:10]}{_SUFFIX}"
