"""Finding log blobs: all of a range, without listing all the log there is."""

import random
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.log import log_listing_store, log_store, manifest_store
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import DAY, HOUR, MINUTE, SECOND, from_iso
from tests.faults.proxy import FaultProxy
from train_timer.log_ahead import LogAhead

REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
NEW_YEAR_US = from_iso("2026-01-01T00:00:00Z")


def put(file: Path, *ranges: tuple[int, int]) -> None:
    file.write_bytes(b"log")
    for from_us, to_us in ranges:
        log_store.create(from_us, to_us, file, REWARDS, 1, {"cb": 1}, 3)


def folders(requests: FaultProxy) -> list[str]:
    """The folders that were listed, without what they all begin with."""
    queries = [parse_qs(urlsplit(request.path).query) for request in requests.requests if "comp=list" in request.path]
    return [query["prefix"][0].removeprefix("default/logs/") for query in queries]


@pytest.mark.usefixtures("blobs")
def test_every_range_finds_its_log(tmp_path: Path) -> None:
    """Over the turns of days, months and the year, and where parts are as long as the longest wait makes them."""
    chance, parts, at_us = random.Random(4), [], NEW_YEAR_US - 12 * DAY
    while at_us < NEW_YEAR_US + 12 * DAY:
        end_us = at_us + chance.choice((HOUR, 7 * HOUR, DAY, 90 * HOUR))
        parts.append((at_us, end_us))
        at_us = end_us + chance.choice((0, 0, HOUR))
    put(tmp_path / "log", *parts)

    for _ in range(60):
        from_us = NEW_YEAR_US + chance.randrange(-14 * DAY, 13 * DAY, 30 * MINUTE)
        to_us = from_us + chance.choice((SECOND, HOUR, 3 * DAY, 20 * DAY))
        overlapping = [(blob.from_us, blob.to_us) for blob in manifest_store.list_blobs(from_us, to_us, 0)]
        starting = [(blob.from_us, blob.to_us) for blob in manifest_store.list_blobs(from_us, to_us, 0, reach_us=0)]

        assert overlapping == [(start, end) for start, end in parts if start < to_us and end > from_us]
        assert set(overlapping) >= set(starting) >= {(start, end) for start, end in parts if from_us <= start < to_us}


def test_a_short_range_lists_its_days_only(blobs: FaultProxy, tmp_path: Path) -> None:
    """The trainer lists every minute, and what is older may be months of log."""
    put(tmp_path / "log", (NEW_YEAR_US - HOUR, NEW_YEAR_US), (NEW_YEAR_US, NEW_YEAR_US + HOUR))

    assert len(list(manifest_store.list_blobs(NEW_YEAR_US - HOUR, NEW_YEAR_US + HOUR, 0, reach_us=HOUR))) == 2
    assert folders(blobs) == ["2025/12/31/", "2026/01/01/"]


def test_an_empty_range_lists_nothing(blobs: FaultProxy) -> None:
    """A loop without traffic has learned as far as it has joined."""
    assert list(manifest_store.list_blobs(NEW_YEAR_US, NEW_YEAR_US, 0, reach_us=0)) == []
    assert folders(blobs) == []


def test_refused_lines_are_deleted_before_their_log(blobs: FaultProxy, tmp_path: Path) -> None:
    """Whoever dies in between is followed by another one that still finds the log."""
    put(tmp_path / "log", (0, HOUR))
    [log] = manifest_store.list_blobs(0, HOUR, 0)
    log_store.store_refused(log, "cb", {0: {"line": 0}})

    log_store.remove(list(log_listing_store.list_all(9)))

    paths = [urlsplit(request.path).path for request in blobs.requests if request.method == "DELETE"]
    assert [path.split("/default/")[1].split("/")[0] for path in paths] == ["refused", "logs"]


@pytest.mark.usefixtures("blobs")
def test_refused_lines_go_with_their_shard_and_with_no_other(tmp_path: Path) -> None:
    """The names of their blobs begin alike."""
    put(tmp_path / "log", (0, HOUR))
    for shard in (1, 11):
        log_store.create(0, HOUR, tmp_path / "log", REWARDS, 1, {"cb": 1}, 3, shard=shard)
    first, second, whole = log_listing_store.list_all(9)
    for log in (whole, first, second):
        blob = log_listing_store.read_log_blob(log.from_us, log.to_us, log.shard)
        assert blob is not None
        log_store.store_refused(blob, "cb", {0: {"line": 0}})

    log_store.remove([first])

    assert [path.rsplit("/", 1)[1] for path in blobs().list_paths(this_loop().refused)] == [
        "19700101T000000000000Z-19700101T010000000000Z.11.cb.jsonl",
        "19700101T000000000000Z-19700101T010000000000Z.cb.jsonl",
    ]
    assert [*log_listing_store.list_all(9)] == [second, whole]


def test_a_model_that_moves_on_lists_its_log_once(blobs: FaultProxy, tmp_path: Path) -> None:
    """Not from its position for each part that it learns; what is joined meanwhile is listed when it is needed."""
    parts = [(NEW_YEAR_US + hour * HOUR, NEW_YEAR_US + (hour + 1) * HOUR) for hour in range(30)]
    put(tmp_path / "log", *parts)
    ahead, learned = LogAhead(0), list[int]()

    for hour in range(30):
        joined_us = parts[min(29, hour // 10 * 10 + 9)][1]
        blob = next(ahead.after(parts[hour][0], joined_us))
        learned.append(blob.from_us)

    assert [start for start, _ in parts] == learned
    assert folders(blobs) == [*["2026/01/01/"] * 3, "2026/01/02/"]


@pytest.mark.usefixtures("blobs")
def test_a_model_that_goes_back_or_gives_way_to_another_finds_its_log(tmp_path: Path) -> None:
    """A model that is put by hand begins elsewhere."""
    parts = [(NEW_YEAR_US + hour * HOUR, NEW_YEAR_US + (hour + 1) * HOUR) for hour in range(6)]
    put(tmp_path / "log", *parts)
    ahead = LogAhead(0)

    for first in (3, 0, 2, 5, 1):
        listed = [blob.from_us for blob in ahead.after(parts[first][0], parts[-1][1])]
        assert listed == [start for start, _ in parts[first:]]


@pytest.mark.usefixtures("blobs")
def test_log_that_was_passed_over_is_not_ahead_of_a_model_any_more(tmp_path: Path) -> None:
    parts = [(NEW_YEAR_US + hour * HOUR, NEW_YEAR_US + (hour + 1) * HOUR) for hour in range(3)]
    put(tmp_path / "log", *parts)
    ahead = LogAhead(0)
    damaged, *others = list(ahead.after(parts[0][0], parts[-1][1]))

    manifest_store.put(replace(damaged, damaged="it is empty"), lambda: None)
    ahead.forget()

    assert list(ahead.after(parts[0][0], parts[-1][1])) == others
