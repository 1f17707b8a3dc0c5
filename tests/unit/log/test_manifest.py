"""The manifest of a day: which entries it has after a change."""

import random

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.log.manifest import LogBlob, Manifest, complete_path, day_of, manifest_path, path, place_of, select_log
from shared.storage import json_documents
from shared.times import DAY, HOUR, MINUTE

REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)


def blob(hour: int, etag: str = '"a"', lines: int = 1, shard: int | None = None) -> LogBlob:
    """An hour of log, or a shard of it."""
    return LogBlob(hour * HOUR, (hour + 1) * HOUR, REWARDS, lines, {"cb": lines}, 10, 100, etag, shard=shard)


def test_blobs_are_in_order_however_they_come() -> None:
    """And each is there once."""
    hours = [*range(24), *range(0, 24, 5)]
    random.Random(3).shuffle(hours)
    manifest = Manifest()

    for hour in hours:
        manifest = manifest.put(blob(hour))

    assert manifest == Manifest(tuple(map(blob, range(24))))


def test_the_shards_of_a_part_are_in_order_and_each_is_there_once() -> None:
    """Models learn them in this order."""
    shards = [blob(2, shard=shard) for shard in range(16)]
    manifest = Manifest((blob(1), blob(3)))

    for _ in range(2):
        manifest = manifest.put(*random.Random(3).sample(shards, 16))

    assert manifest == Manifest((blob(1), *shards, blob(3)))
    assert manifest.put(blob(2, lines=0, shard=7)).blobs[8] == blob(2, lines=0, shard=7)
    assert len({each.path for each in manifest.blobs}) == 18


@pytest.mark.parametrize(
    "left",
    [
        (0, 2 * HOUR, 1),
        (0, HOUR + 1, 1),
        (1, HOUR, 0),
    ],
    ids=["two parts", "a part and a moment", "the part as one"],
)
def test_what_a_late_worker_left_of_a_part_that_was_cut_is_no_log(left: tuple[int, int, int]) -> None:
    """Its lines are in the smaller parts, too."""
    from_us, to_us, shard = left
    log = [blob(0, shard=None if from_us else 0), blob(1, shard=2), blob(2), blob(4, shard=3)]
    late = LogBlob(0, to_us, REWARDS, 1, {"cb": 1}, 10, 100, shard=shard)

    assert [*select_log([late, *log[::-1]])] == log


def test_a_blob_takes_the_place_of_what_was_said_of_it() -> None:
    """As after a redaction."""
    manifest = Manifest((blob(1), blob(2), blob(3)))

    assert manifest.put(blob(2, lines=0)) == Manifest((blob(1), blob(2, lines=0), blob(3)))
    assert manifest.without({blob(2).path}) == Manifest((blob(1), blob(3)))


def test_what_storage_has_counts_but_for_blobs_that_are_as_they_were() -> None:
    """Of those the manifest may know more than a listing says, such as damage."""
    manifest = Manifest((blob(1, lines=7), blob(2, lines=7), blob(3), blob(4, etag="", lines=7)))
    stored = Manifest((blob(1), blob(2, etag='"b"'), blob(4), blob(5)))

    assert manifest.follow(stored) == Manifest((blob(1, lines=7), blob(2, etag='"b"'), blob(4), blob(5)))


def test_a_manifest_is_read_as_it_was_written() -> None:
    """Also of a blob whose reward settings are lost."""
    manifest = Manifest((blob(1), LogBlob(HOUR, DAY, None, 0, {}, 3, 60, '"c"', damaged="it is empty")))

    assert json_documents.read(Manifest, json_documents.to_json(manifest)) == manifest


@pytest.mark.parametrize("at_us", [0, DAY - 1, 20_000 * DAY + 5 * HOUR])
def test_the_names_of_blobs_say_of_when_they_are(at_us: int) -> None:
    """No list has to be read into."""
    assert place_of(path(at_us, at_us + HOUR)) == (at_us, at_us + HOUR, None)
    assert place_of(path(at_us, at_us + HOUR, 7)) == (at_us, at_us + HOUR, 7)
    assert day_of(manifest_path(at_us)) == at_us // DAY * DAY
    assert day_of(complete_path()) is None
