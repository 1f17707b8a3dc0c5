"""The metrics of finished days, one blob each."""

from concurrent.futures import ThreadPoolExecutor

from shared.metrics.bins import Bin, Day, Metrics, day_us
from shared.storage import blobs, json_documents
from shared.storage.paths import METRICS
from shared.times import DAY, from_minute_key, minute_key

_SUFFIX = ".json"
_AT_ONCE = 8


def put_away(day_us: int, day: Day) -> None:
    """Write the metrics of a day."""
    blobs.write(f"{METRICS}{minute_key(day_us)[:8]}{_SUFFIX}", json_documents.to_json(day))


def between(from_us: int, to_us: int, metrics: Metrics) -> list[Bin]:
    """The bins of a range, in order of time.

    Args:
        metrics: Of the commit record, read before: a day leaves it only when its blob is there.
    """
    recent = {day_us(one.from_us) for one in metrics.bins}
    wanted = [path for path, day in _put_away(from_us, to_us) if day not in recent]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        old = [one for found in pool.map(_read, wanted) for one in found]
    found = [one for one in (*old, *metrics.bins) if from_us <= one.from_us < to_us]
    return sorted(found, key=lambda one: one.from_us)


def _put_away(from_us: int, to_us: int) -> list[tuple[str, int]]:
    """The days of a range that have a blob, with its path."""
    paths = [blob.path for blob in blobs.list_blobs(METRICS) if blob.path.endswith(_SUFFIX)]
    days = [(path, _day_of(path)) for path in paths]
    return [(path, day) for path, day in days if day < to_us and day + DAY > from_us]


def _day_of(path: str) -> int:
    text = path.removeprefix(METRICS).removesuffix(_SUFFIX)
    return from_minute_key(f"{text}0000")


def _read(path: str) -> tuple[Bin, ...]:
    stored = blobs.read(path)
    return json_documents.read(Day, stored.data).bins if stored else ()
