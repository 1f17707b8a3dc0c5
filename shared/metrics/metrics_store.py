"""The metrics of finished days, one blob each."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from shared.metrics.bins import Bin, Day, Metrics, day_us
from shared.storage import json_documents, loop_threads
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import DAY, from_minute_key, minute_key

_SUFFIX = ".json"
_AT_ONCE = 8


def write(day_us: int, day: Day) -> None:
    """Write the metrics of a day."""
    _change(day_us, lambda before: replace(before, bins=day.bins) if before else day)


def replace_bins(day_us: int, anew: Mapping[int, Bin]) -> None:
    """Put bins of a day, by their beginnings, in the place of those that its metrics have."""

    def change(before: Day | None) -> Day:
        day = before or Day(())
        return replace(day, bins=tuple(anew.get(a_bin.from_us, a_bin) for a_bin in day.bins))

    _change(day_us, change)


def _change(day_us: int, change: Callable[[Day | None], Day]) -> None:
    json_documents.change(
        f"{this_loop().metrics}{minute_key(day_us)[:8]}{_SUFFIX}",
        lambda text: json_documents.read(Day, text),
        json_documents.to_json,
        change,
    )


def read_bins(from_us: int, to_us: int, metrics: Metrics) -> list[Bin]:
    """The bins of a range, in order of time.

    Args:
        metrics: Of the commit record, read before: a day leaves it only when its blob is there.
    """
    recent = {day_us(a_bin.from_us) for a_bin in metrics.bins}
    paths = [path for path, day in _days(from_us, to_us) if day not in recent]
    old = [a_bin for bins in loop_threads.at_once(_read, paths, _AT_ONCE) for a_bin in bins]
    in_range = [a_bin for a_bin in (*old, *metrics.bins) if from_us <= a_bin.from_us < to_us]
    return sorted(in_range, key=lambda a_bin: a_bin.from_us)


def read_first_day(from_us: int, to_us: int, metrics: Metrics) -> list[Bin]:
    """The bins of a range that are of its first day with any; as `read_bins`."""
    days = {day for _, day in _days(from_us, to_us)} | {day_us(a_bin.from_us) for a_bin in metrics.bins}
    of_days = (read_bins(max(from_us, day), min(to_us, day + DAY), metrics) for day in sorted(days))
    return next(filter(None, of_days), [])


def _days(from_us: int, to_us: int) -> list[tuple[str, int]]:
    """The days of a range that have a blob, with its path."""
    paths = [path for path in blobs().list_paths(this_loop().metrics) if path.endswith(_SUFFIX)]
    days = [(path, _day_of(path)) for path in paths]
    return [(path, day) for path, day in days if day < to_us and day + DAY > from_us]


def _day_of(path: str) -> int:
    text = path.removeprefix(this_loop().metrics).removesuffix(_SUFFIX)
    return from_minute_key(f"{text}0000")


def _read(path: str) -> tuple[Bin, ...]:
    stored = blobs().read(path)
    return json_documents.read(Day, stored.data).bins if stored else ()
