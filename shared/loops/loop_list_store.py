"""The list of loops: an empty blob for each but `default`, whose metadata tells when the trainer is to look at it.

Whoever gives a loop something to do marks it first, and only then does what the trainer is to follow: so a loop with
work is marked, whoever dies when. The trainer lets a loop rest if nobody has marked it for so long that no row can come
under an old mark. A loop that is deleted has another blob beside its entry, until nothing of it is left.

The signs of life of work on evaluations lie beside the list, so that the trainer reads both by one request.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from shared import running_call
from shared.storage import clock
from shared.storage.interface import ListedBlob
from shared.storage.paths import DEFAULT, this_loop
from shared.storage.storage_answers import ChangedMeanwhile
from shared.storage.this_storage import blobs
from shared.times import DAY, SECOND, from_datetime

MARKED_FOR: Final = 60 * SECOND
"""For how long an instance that has marked a loop takes rows of it without marking it again."""
RESTED_AFTER: Final = 10 * 60 * SECOND
"""How long a mark must be old before its loop may rest: more than `MARKED_FOR`, the longest write deadline, 5 minutes,
and what clocks differ by."""
FAR_US: Final = 10**9 * DAY
_ROOT: Final = "loops/_"
_LIST: Final = f"{_ROOT}list/"
_DELETED: Final = f"{_ROOT}deleted/"
WORK: Final = f"{_ROOT}work/"
"""Where the signs of life lie."""
_SIGN: Final = f"{_ROOT}sign"
"""There while there is something to list: a deployment that has nothing reads this, which costs less than a list."""
_SIGN_FOR: Final = 10 * 60 * SECOND
"""At least so long: more than passes between an announcement and what it announces."""
_VISIT: Final = "visit"


class LoopEntry(NamedTuple):
    """A loop of the list.

    Attributes:
        marked_us: When it was last marked, or its trainer let it rest.
        visit_us: When the trainer is to look at it.
        is_deleted: Whether it was deleted, and something of it may be left.
    """

    name: str
    marked_us: int
    visit_us: int
    is_deleted: bool
    etag: str


class Deletion(NamedTuple):
    """A deletion of a loop that is going on.

    Attributes:
        began_us: When it began.
        etag: Of the blob that tells of it; no other deletion of a loop of that name has the same.
    """

    began_us: int
    etag: str


class Listing(NamedTuple):
    """What the trainer sees of all loops at once.

    Attributes:
        loops: All but `default`, by name, with those that are being deleted.
        work: The signs of life of work on evaluations, those of `default` included.
    """

    loops: list[LoopEntry]
    work: list[ListedBlob]


def read_listing() -> Listing:
    """List all loops but `default`, and the signs of life; one request for every 5,000."""
    stored = list(blobs().list_blobs(_ROOT))
    return Listing(_read_entries(stored), [blob for blob in stored if blob.path.startswith(WORK)])


def list_loops() -> list[LoopEntry]:
    """List all loops but `default`, as `read_listing`."""
    return read_listing().loops


def _read_entries(stored: list[ListedBlob]) -> list[LoopEntry]:
    deleted = {blob.path.removeprefix(_DELETED) for blob in stored if blob.path.startswith(_DELETED)}
    listed = {blob.path.removeprefix(_LIST): blob for blob in stored if blob.path.startswith(_LIST)}
    entries = [
        LoopEntry(name, from_datetime(blob.modified), _visit_us(blob.metadata), name in deleted, blob.etag)
        for name, blob in listed.items()
    ]
    lost = [LoopEntry(name, 0, 0, True, "") for name in deleted - listed.keys()]
    return sorted([*entries, *lost], key=lambda entry: entry.name)


def names() -> set[str]:
    """The names of all loops that can be called, `default` included."""
    return {DEFAULT, *(entry.name for entry in list_loops() if not entry.is_deleted)}


def is_announced() -> bool:
    """Whether there may be something to list."""
    return blobs().read_etag(_SIGN) is not None


def announce() -> None:
    """Have the trainer read the list from now on: before what it is to find there."""
    blobs().write(_SIGN, b"")


def withdraw() -> None:
    """Have the trainer read the list no more, after it found nothing there, unless something was announced lately."""
    sign = blobs().read_version(_SIGN)
    if sign is not None and clock.now_us() - from_datetime(sign.modified) > _SIGN_FOR:
        blobs().remove_unchanged(_SIGN, sign.etag)


def add(name: str) -> bool:
    """Add a loop, which rests until its first row; False if it is there."""
    announce()
    return blobs().create(f"{_LIST}{name}", b"", {_VISIT: str(FAR_US)})


@running_call.harmless()
def mark() -> None:
    """Have the trainer look at this loop; `default` needs no mark. Before what the trainer is to find."""
    name = this_loop().name
    if name != DEFAULT:
        blobs().set_metadata(mark_path(name), {})


def mark_path(name: str) -> str:
    """The blob whose metadata are removed by a mark."""
    return f"{_LIST}{name}"


def rest(entry: LoopEntry, until_us: int) -> bool:
    """Let a loop rest until a moment, unless it was marked meanwhile; False if it was."""
    try:
        return blobs().set_metadata(mark_path(entry.name), {_VISIT: str(until_us)}, entry.etag)
    except ChangedMeanwhile:
        return False


def begin_deletion(name: str) -> None:
    """Note that a loop is to be deleted; from then on nobody can call it, and the trainer deletes what it has."""
    blobs().create(f"{_DELETED}{name}", b"")


def end_deletion(name: str, deletion: Deletion, entry_etag: str | None) -> None:
    """Remove a loop from the list, once nothing of it is left; then its name is free.

    Whatever changed since it was read stays, for it may be of the next loop of that name; or the loop was marked once
    more, and the next look ends the deletion.

    Args:
        entry_etag: Of its entry in the list, read while the deletion was going on; None if it had none.
    """
    with suppress(ChangedMeanwhile):
        if entry_etag is not None:
            blobs().remove(mark_path(name), entry_etag)
        blobs().remove(f"{_DELETED}{name}", deletion.etag)


def read_deletion(name: str) -> Deletion | None:
    """Read the deletion of a loop; None if none is going on."""
    version = blobs().read_version(f"{_DELETED}{name}")
    return version and Deletion(from_datetime(version.modified), version.etag)


def _visit_us(metadata: Mapping[str, str]) -> int:
    text = metadata.get(_VISIT, "0")
    return int(text) if text.isascii() and text.isdigit() else 0
