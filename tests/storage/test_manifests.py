"""What it costs to find log by its manifests: as many requests as there are days, however many parts there are."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from export_fn.log_page import read_page
from shared.configuration.configuration import new_configuration
from shared.log import log_store, manifest_store
from shared.log.log_position import LogPlace
from shared.log.manifest import LogBlob, Manifest, manifest_path
from shared.models.published import Published
from shared.storage import json_documents
from shared.storage.this_storage import blobs as stored_blobs
from shared.times import DAY, HOUR, MINUTE
from shared.training import lease
from shared.training.configuration_changes import new_state
from shared.training.lease import Trainer
from shared.training.training_state import State
from tests.faults.proxy import FaultProxy
from tests.storage.test_log_listing import NEW_YEAR_US, REWARDS, put
from train_timer import retention

PART_US = 5 * MINUTE
DAYS = 40


@pytest.fixture
def many(blobs: FaultProxy) -> FaultProxy:
    """Manifests of forty days in parts of five minutes, 11,520 parts in all; the proxy before their storage."""
    for day in range(DAYS):
        stored_blobs().write(manifest_path(start(day)), json_documents.to_json(manifest(start(day))))
    manifest_store.mark_complete()
    blobs.requests.clear()
    return blobs


def start(day: int) -> int:
    """Where a day begins."""
    return NEW_YEAR_US + day * DAY


def manifest(day_us: int) -> Manifest:
    """A whole day of parts, of 3 MiB each."""
    size = 3 * 1024 * 1024
    starts = range(day_us, day_us + DAY, PART_US)
    return Manifest(tuple(LogBlob(at, at + PART_US, REWARDS, 1, {"cb": 1}, size, size, '"x"') for at in starts))


def reads(proxy: FaultProxy) -> list[str]:
    """The names of the manifests that were read."""
    paths = [request.path.partition("?")[0] for request in proxy.requests if request.method == "GET"]
    return [path.rsplit("/", 1)[1] for path in paths if "/manifests/" in path]


def lists(proxy: FaultProxy) -> int:
    """How often blobs were listed."""
    return sum("comp=list" in request.path for request in proxy.requests)


def test_the_range_of_a_log_is_in_its_first_and_its_last_manifest(many: FaultProxy) -> None:
    """Nothing between is read."""
    assert manifest_store.extent(0) == (start(0), start(DAYS))
    assert (lists(many), reads(many)) == (1, ["20260101.json", "20260209.json"])


def test_the_range_begins_where_the_log_was_deleted(many: FaultProxy) -> None:
    """The manifests of the days before it are not read, but for those in which a long part may have begun."""
    assert manifest_store.extent(start(20) + HOUR) == (start(20) + HOUR, start(DAYS))
    assert len(reads(many)) <= 6


@pytest.mark.parametrize("day", [0, 39])
def test_a_page_costs_the_same_wherever_it_is(many: FaultProxy, tmp_path: Path, day: int) -> None:
    """It is found by the manifests around its beginning, not by all log before it."""
    at_us = start(day) + 7 * HOUR
    put(tmp_path / "log", *[(at_us + part * PART_US, at_us + (part + 1) * PART_US) for part in range(2)])
    many.requests.clear()

    page = read_page(LogPlace(at_us), start(DAYS), packed=False)

    assert page.next == LogPlace(at_us + 2 * PART_US)
    assert lists(many) <= 1
    assert set(reads(many)) <= {f"{name}.json" for name in around(day)}


def around(day: int) -> list[str]:
    """The dates from four days before a day to two days after it."""
    return [manifest_path(start(number))[-13:-5] for number in range(day - 5, day + 3)]


@pytest.mark.usefixtures("blobs")
def test_a_page_is_whole_blobs_if_these_fit(tmp_path: Path) -> None:
    """Then the next page reads nothing anew; it begins by what the manifests say of the lines."""
    put_lines(tmp_path, *((NEW_YEAR_US + part * HOUR, None) for part in range(4)))

    page = read_page(LogPlace(NEW_YEAR_US), start(1), packed=True)

    assert len(gzip.decompress(page.text).splitlines()) == 2
    assert page.next == LogPlace(NEW_YEAR_US + 2 * HOUR)


@pytest.mark.usefixtures("blobs")
def test_pages_lead_through_the_shards_of_a_part(tmp_path: Path) -> None:
    """Each shard is on one page, though all of them begin at one moment."""
    at_us = NEW_YEAR_US
    shards = [(at_us, shard) for shard in range(5)] + [(at_us + HOUR, None), (at_us + 2 * HOUR, 3)]
    put_lines(tmp_path, *shards)

    pages = [page := read_page(LogPlace(at_us), start(1), packed=True)]
    while page.next is not None:
        pages.append(page := read_page(page.next, start(1), packed=True))

    texts = [f"{from_us} {shard}".encode() for from_us, shard in shards]
    assert [text for page in pages for text in gzip.decompress(page.text).splitlines()] == texts
    assert len(pages) == 4


def put_lines(folder: Path, *shards: tuple[int, int | None]) -> None:
    """Store log blobs that are said to have 15 MiB of lines; each has one that says which blob it is."""
    file = folder / "log"
    for from_us, shard in shards:
        file.write_bytes(gzip.compress(f"{from_us} {shard}\n".encode()))
        numbers = (1, {"cb": 1}, 15 * 1024 * 1024)
        blob = log_store.create(from_us, from_us + HOUR, file, REWARDS, *numbers, shard=shard)
        manifest_store.put(blob, lambda: None)


def test_all_log_is_read_by_one_list_and_a_manifest_a_day(many: FaultProxy) -> None:
    """As evaluations and the retention of copies need it."""
    assert sum(1 for _ in manifest_store.list_blobs(0, start(DAYS), 0)) == DAYS * 288
    assert (lists(many), len(reads(many))) == (1, DAYS)


def test_the_next_log_to_learn_costs_the_manifest_of_its_day(many: FaultProxy) -> None:
    """And no list: the trainer asks each minute."""
    first = next(manifest_store.list_blobs(start(5) + HOUR, start(5) + 2 * HOUR, 0, reach_us=0))

    assert first.from_us == start(5) + HOUR
    assert (lists(many), reads(many)) == (0, ["20260106.json"])


@pytest.fixture
def trainer(blobs: FaultProxy) -> Iterator[Trainer]:
    """The holder of the lease, which has joined all that there is."""

    def first() -> State:
        return new_state(new_configuration(4), Published())

    held = lease.take(first)
    assert held is not None
    yield held
    held.release()


def test_retention_deletes_so_much_and_leaves_the_rest_to_the_next_run(
    trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The join comes in between, however much log a shorter retention or a deletion leaves to be deleted."""
    monkeypatch.setattr(retention, "_MOST_REMOVED", 10, raising=False)
    starts = [start(day) + hour * HOUR for day in range(3) for hour in range(9)]
    put(tmp_path / "log", *[(at_us, at_us + HOUR) for at_us in starts])
    for day in range(3):
        manifest_store.compare(start(day), lambda: None)

    configuration = replace(new_configuration(4), logs_deleted_before_us=start(2) + 4 * HOUR)
    trainer.commit(replace(trainer.state, joined_up_to_us=start(3)))

    left, done = [], []
    for _ in range(4):
        retention.apply_retention(trainer, configuration, start(3))
        left.append(len(list(stored_blobs().list_blobs("loops/default/logs/"))))
        done.append(trainer.state.retention_at_us > 0)

    assert left == [17, 7, 5, 5]
    assert done == [False, False, True, True]
    named = [blob.from_us for blob in manifest_store.list_blobs(0, start(3), 0)]
    assert named == [start(2) + hour * HOUR for hour in range(4, 9)]
    assert manifest_store.list_days() == [start(2)]
