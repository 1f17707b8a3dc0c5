"""The log read back from a moment: its last blobs first, within limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.log import manifest_store
from shared.log.manifest import LogBlob
from shared.times import DAY

_MOST_DAYS = 100


@dataclass(frozen=True, slots=True)
class LogBack:
    """The log before a moment, as far back as limits allow.

    Attributes:
        blobs: The last one first.
        is_whole: Whether there is no log before them.
    """

    blobs: Sequence[LogBlob]
    is_whole: bool


def select(before_us: int, deleted_before_us: int, most_bytes: int, most_blobs: int) -> LogBack:
    """Select the last log blobs that begin before a moment, of at most 100 days that have log.

    Args:
        deleted_before_us: The configuration's `logs_deleted_before_us`.
        most_bytes: How large they may be together, as they are stored.
    """
    blobs, left_bytes = list[LogBlob](), most_bytes
    days = [day for day in manifest_store.list_days() if day < before_us and day + DAY > deleted_before_us]
    for day in days[: -_MOST_DAYS - 1 : -1]:
        for blob in reversed(
            [*manifest_store.list_blobs(day, min(day + DAY, before_us), deleted_before_us, reach_us=0)]
        ):
            left_bytes -= blob.size_bytes
            if left_bytes < 0 or len(blobs) == most_blobs:
                return LogBack(blobs, is_whole=False)
            blobs.append(blob)
    return LogBack(blobs, is_whole=len(days) <= _MOST_DAYS)
