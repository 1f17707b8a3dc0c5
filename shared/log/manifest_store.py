"""The manifests of the log, one a day: readers find log by them, however much log there is besides.

Only who holds the trainer's lease changes a manifest. If a trainer that slept past its lease wakes up in the middle of
a change, nothing comes of it. Where the manifest has changed since, its write is refused, and it ends. Where it has
not, the entry is one that the other trainer adds, too, for the part and its blob follow from the trainer's intent.
Where there was no manifest, and retention has removed one since, the entry comes without a blob: readers pass over it,
and retention removes it again.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from shared.log import log_listing_store
from shared.log.manifest import (
    LONGEST_PART_US,
    LogBlob,
    Manifest,
    complete_path,
    day_of,
    manifest_path,
)
from shared.settings import StorageSettings, settings
from shared.storage import json_documents
from shared.storage.interface import Blob
from shared.storage.json_documents import UnreadableDocument
from shared.storage.paths import this_loop
from shared.storage.storage_answers import ChangedMeanwhile
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable
from shared.times import DAY, LAST_US

_MOST_DAYS = 7
"""So many days are read without a list of the manifests that there are."""
_MOST_AHEAD = 16

Check = Callable[[], None]
"""Raises an error where the lease is lost."""

_with_complete_manifests: set[tuple[StorageSettings, str]] = set()
"""The loops, with their storage, whose days of log were seen to have manifests, all of them; they never lose them."""


def list_blobs(from_us: int, to_us: int, deleted_before_us: int, reach_us: int = LONGEST_PART_US) -> Iterator[LogBlob]:
    """The log blobs with events of a range, oldest first, without damaged blobs and without what was deleted.

    The days of the range are read when they are needed, some ahead: the first blobs cost no more if more log follows.

    Args:
        deleted_before_us: The configuration's `logs_deleted_before_us`.
        reach_us: How long before the range a part that ends in it may have begun; 0 if only those that begin in the
            range matter.
    """
    return (blob for blob in _list(from_us, to_us, deleted_before_us, reach_us) if not blob.damaged)


def list_damaged(from_us: int, to_us: int, deleted_before_us: int) -> Iterator[LogBlob]:
    """The log blobs of a range that nobody can read, which all readers pass over; the reason is in `damaged`."""
    return (blob for blob in _list(from_us, to_us, deleted_before_us, LONGEST_PART_US) if blob.damaged)


def extent(deleted_before_us: int) -> tuple[int, int] | None:
    """From when to when there is log; None if there is none."""
    days = _list_complete_days()
    if days is None:
        log = list(list_blobs(0, LAST_US, deleted_before_us))
        return (log[0].from_us, log[-1].to_us) if log else None
    days = [day for day in days if day + DAY > deleted_before_us - LONGEST_PART_US]
    first, last = (_first_log(in_order, deleted_before_us) for in_order in (days, days[::-1]))
    return (first[0].from_us, last[-1].to_us) if first and last else None


def put(blob: LogBlob, check: Check) -> None:
    """Name a log blob in the manifest of its day, in the place of what the manifest says of that blob so far."""
    put_part([blob], check)


def put_part(blobs: Sequence[LogBlob], check: Check) -> None:
    """Name the log blobs of a part in the manifest of its day, all at once, as `put`."""
    _change(blobs[0].from_us, check, lambda manifest: manifest.put(*blobs))


def unsettle(blob: LogBlob, check: Check) -> None:
    """Let readers ask the blob itself what is in it, until `put` says so again: its content is about to change."""
    put(replace(blob, etag=""), check)


def remove(at_us: int, paths: Collection[str], check: Check) -> None:
    """Take log blobs out of the manifest of a day."""
    _change(at_us, check, lambda manifest: manifest.without(paths))


def list_days() -> list[int]:
    """The days with a manifest, by their first moments, in order."""
    return sorted(day for path in blobs().list_paths(this_loop().manifests) if (day := day_of(path)) is not None)


def compare(day_us: int, check: Check) -> Manifest:
    """Let the manifest of a day name what storage has of that day, and make the manifest where there is none."""
    return _change(day_us, check, lambda manifest: manifest.follow(log_listing_store.list_range(day_us, day_us + DAY)))


def forget_before(oldest_us: int | None, check: Check) -> None:
    """Delete the manifests of days whose blobs are gone, whoever deleted them.

    Args:
        oldest_us: Where the oldest log blob in storage begins; None if there is none.
    """
    for day_us in list_days():
        if oldest_us is not None and day_us + DAY > oldest_us:
            named = _read_day(day_us) if day_us <= oldest_us else ()
            if named and named[0].from_us < oldest_us:
                compare(day_us, check)
            return
        etag = blobs().read_etag(manifest_path(day_us))
        check()
        if etag is not None:
            with suppress(ChangedMeanwhile):  # another trainer has taken over, and goes on
                blobs().remove(manifest_path(day_us), etag)


def mark_complete() -> None:
    """Note for all readers that every day of log has a manifest, now and from now on."""
    blobs().create(complete_path(), b"{}\n")


def _list(from_us: int, to_us: int, deleted_before_us: int, reach_us: int) -> Iterator[LogBlob]:
    begin_us = max(0, from_us - reach_us, deleted_before_us - LONGEST_PART_US)
    for stored in _read_days(begin_us, to_us):
        if stored.from_us >= to_us:
            return
        if stored.to_us > max(from_us, deleted_before_us) and (blob := _settle(stored)):
            yield blob


def _first_log(days: Iterable[int], deleted_before_us: int) -> Sequence[LogBlob]:
    """The log of the first day that has log."""
    of_days = ([blob for blob in _read_day(day) if _is_log(blob, deleted_before_us)] for day in days)
    return next(filter(None, of_days), ())


def _is_log(blob: LogBlob, deleted_before_us: int) -> bool:
    return blob.to_us > deleted_before_us and not blob.damaged


def _settle(blob: LogBlob) -> LogBlob | None:
    """A blob as it is now, if its manifest cannot say; None if the blob is gone.

    In the place of a damaged blob its owner may have put an intact one.
    """
    if blob.etag and (not blob.damaged or blobs().read_etag(blob.path) == blob.etag):
        return blob
    current = log_listing_store.read_log_blob(*blob.place)
    return None if current is None else replace(current, etag="")


def _read_days(from_us: int, to_us: int) -> Iterator[LogBlob]:
    """The log blobs whose days touch a range, in order."""
    days: Sequence[int] = range(from_us // DAY * DAY, to_us, DAY) if to_us > from_us else ()
    if len(days) > _MOST_DAYS:
        complete = _list_complete_days()
        if complete is None:
            return iter(log_listing_store.list_range(from_us, to_us).blobs)
        days = [day for day in complete if day in days]
    return chain.from_iterable(_read_ahead(days))


def _read_ahead(days: Iterable[int]) -> Iterator[Sequence[LogBlob]]:
    """The log blobs of days; more and more days are read ahead, for many callers need the first alone."""
    coming: deque[tuple[int, Future[Blob | None]]] = deque()
    ahead = 1
    for day in days:
        coming.append((day, blobs().begin_read(manifest_path(day))))
        if len(coming) > ahead:
            yield _blobs_of(*coming.popleft())
            ahead = min(2 * ahead, _MOST_AHEAD)
    while coming:
        yield _blobs_of(*coming.popleft())


def _read_day(day_us: int) -> Sequence[LogBlob]:
    return next(iter(_read_ahead([day_us])))


def _blobs_of(day_us: int, reading: "Future[Blob | None]") -> Sequence[LogBlob]:
    """The log blobs of a day by its manifest; by the listing where the manifest is not made yet, or damaged."""
    stored = reading.result()
    manifest = _parse(stored.data) if stored else None
    if manifest is None and (stored or not _is_complete()):
        manifest = log_listing_store.list_range(day_us, day_us + DAY)
    return manifest.blobs if manifest else ()


def _list_complete_days() -> list[int] | None:
    """The days with a manifest, if no other day has log; else None."""
    paths = list(blobs().list_paths(this_loop().manifests))
    if complete_path() not in paths:
        return None
    return [day for path in paths if (day := day_of(path)) is not None]


def _is_complete() -> bool:
    place = (settings().storage, this_loop().name)
    if place not in _with_complete_manifests and blobs().read_etag(complete_path()) is not None:
        _with_complete_manifests.add(place)
    return place in _with_complete_manifests


def _change(at_us: int, check: Check, edit: Callable[[Manifest], Manifest]) -> Manifest:
    """Change the manifest of a day; a manifest that is not there, or damaged, is first made from the listing.

    Raises:
        StorageUnavailable: Another trainer has changed it meanwhile, so this one has lost its lease.
    """
    day_us = at_us // DAY * DAY
    stored = blobs().read(manifest_path(day_us))
    before = _parse(stored.data) if stored else None
    after = edit(log_listing_store.list_range(day_us, day_us + DAY) if before is None else before)
    if after != before:
        check()
        _write(manifest_path(day_us), json_documents.to_json(after), stored.etag if stored else None)
    return after


def _write(path: str, text: bytes, etag: str | None) -> None:
    """Write a manifest over the one that was read; there may be this text already, if only the answer was lost."""
    try:
        blobs().write_over(path, text, etag)
    except ChangedMeanwhile as error:
        stored = blobs().read(path)
        if stored is None or stored.data != text:
            raise StorageUnavailable(f"{path} was changed by another trainer") from error


def _parse(text: bytes) -> Manifest | None:
    """Read a manifest; None if it is damaged."""
    try:
        return json_documents.read(Manifest, text)
    except UnreadableDocument:
        return None
