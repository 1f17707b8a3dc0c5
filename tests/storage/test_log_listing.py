"""Finding log blobs: all of a range, without listing all the log there is."""

import random
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.log import log_store, manifest_store
from shared.times import DAY, HOUR, MINUTE, SECOND, from_iso
from tests.faults.proxy import FaultProxy

REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
NEW_YEAR_US = from_iso("2026-01-01T00:00:00Z")


def put(file: Path, *ranges: tuple[int, int]) -> None:
    file.write_bytes(b"log")
    for from_us, to_us in ranges:
        log_store.create(from_us, to_us, file, REWARDS, 1, {"cb": 1}, 3)


def folders(blobs: FaultProxy) -> list[str]:
    """The folders that were listed, without what they all begin with."""
    queries = [parse_qs(urlsplit(request.path).query) for request in blobs.requests if "comp=list" in request.path]
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
