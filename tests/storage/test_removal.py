"""What is deleted because it is old: only as it was listed, for whoever deletes it may have slept since."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.log import log_listing_store, log_store, manifest_store, redaction_store
from shared.log.log_line import lone_line
from shared.log.log_listing_store import ListedLog
from shared.log.manifest import LogBlob
from shared.log.redaction import EventTarget
from shared.models import model_store
from shared.models.model_description import ModelDescription
from shared.storage.this_storage import blobs
from shared.times import HOUR, MINUTE
from tests.loop import evaluated_log, past

REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)


@pytest.fixture(autouse=True)
def _home(storage: str) -> Iterator[None]:
    with evaluated_log.use_storage(storage):
        yield


def put_log(folder: Path) -> LogBlob:
    """A log blob of two lines, of which one was refused."""
    file = folder / "log"
    lines = [lone_line(past.reward(name, HOUR), late=True) + b"\n" for name in ("ann", "bob")]
    file.write_bytes(gzip.compress(b"".join(lines)))
    blob = log_store.create(HOUR, 2 * HOUR, file, REWARDS, 2, {"cb": 2}, sum(map(len, lines)))
    log_store.store_refused(blob, "cb", {1: {"line": 1, "reason": "odd", "text": "bob"}})
    return blob


def list_log() -> list[ListedLog]:
    """The log as it is listed."""
    return list(log_listing_store.list_all(9))


def test_log_goes_with_its_refused_lines(tmp_path: Path) -> None:
    """The lines go first: if that is all that was done, the log is listed again."""
    put_log(tmp_path)
    listed = list_log()

    log_store.remove(listed)

    assert [stored.path for stored in blobs().list_blobs("loops/default/")] == []
    log_store.remove(listed)


def test_log_that_was_redacted_since_it_was_listed_stays(tmp_path: Path) -> None:
    blob = put_log(tmp_path)
    listed = list_log()
    redacted = redaction_store.redact(blob, EventTarget("ann"), 0, lambda: None, lambda _: None)

    log_store.remove(listed)

    assert redacted.removed + redacted.changed == 1
    assert len(list(manifest_store.list_blobs(0, 3 * HOUR, 0))) == 1


def describe(state_blob: str) -> None:
    model_store.describe(state_blob, ModelDescription("p", "-q ::", 0.2, REWARDS, 1, HOUR, 1, None, ()))


def test_a_model_goes_that_is_as_it_was_listed() -> None:
    describe(model_store.put(b"model", HOUR, 1))

    for blob in list(model_store.list_blobs()):
        model_store.remove(blob)

    assert list(model_store.list_blobs()) == []


def test_a_model_that_was_learned_again_since_it_was_listed_stays(tmp_path: Path) -> None:
    """It has the same bytes and so the same place, with its description: now it is in use."""
    file = tmp_path / "model.vw"
    file.write_bytes(b"model")
    path, _ = model_store.store(file, HOUR, 1)
    describe(path)
    listed = list(model_store.list_blobs())
    before = [blobs().read(blob.path) for blob in listed]

    model_store.store(file, HOUR, 1)
    describe(path)
    for blob in listed:
        model_store.remove(blob)

    after = [blobs().read(blob.path) for blob in listed]
    assert [blob and blob.data for blob in after] == [blob and blob.data for blob in before]
    assert None not in after


def test_a_damaged_model_that_is_learned_again_is_whole(tmp_path: Path) -> None:
    """It has the place of the damaged one: else the model that replaces it would be damaged, too."""
    file = tmp_path / "model.vw"
    file.write_bytes(b"model")
    path, _ = model_store.store(file, HOUR, 1)
    blobs().write(path, b"damaged")

    assert model_store.store(file, HOUR, 1)[0] == path
    assert model_store.read_intact(path) == b"model"
