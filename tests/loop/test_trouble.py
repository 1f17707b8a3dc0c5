"""What the trainer cannot read or write ends nothing else: it is told, bypassed, and tried again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from azure.storage.blob import BlobLeaseClient, BlobServiceClient

from shared.configuration.configuration import LearningSettings
from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.test_run_record import records


def _write(stored_loop: StoredLoop, minutes: int) -> None:
    """Two events of a past moment."""
    at_us = past.minutes_ago(minutes)
    past.Past([past.event(f"{minutes}-{number}", at_us) for number in range(2)]).write(stored_loop)


def _run(trainer: StartTrainer) -> Any:
    """Run the trainer; gives the record of the run."""
    with trainer() as started_trainer:
        started_trainer.succeed()
    return records(started_trainer)[-1]


def _end_pauses(stored_loop: StoredLoop) -> None:
    """Let everything be tried, and the next model be published."""
    state = stored_loop.document("state.json")
    troubles = {subject: {**trouble, "tried_us": 0} for subject, trouble in state["troubles"].items()}
    stored_loop.put("state.json", json.dumps({**state, "troubles": troubles, "published_at_us": 0}).encode())


def _begin(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Let the loop have a model, and two more events that are due."""
    past.configure(stored_loop, past.seldom(model_export_frequency="PT1S"))
    _write(stored_loop, 300)
    _run(trainer)
    _end_pauses(stored_loop)
    _write(stored_loop, 200)


@contextmanager
def _leased(stored_loop: StoredLoop, name: str, container: str = "loops") -> Iterator[None]:
    """Another program's lease that never ends."""
    blobs = BlobServiceClient.from_connection_string(stored_loop.storage)
    with blobs, blobs.get_blob_client(container, f"default/{name}") as blob:
        lease = BlobLeaseClient(blob)
        lease.acquire(-1)
        try:
            yield
        finally:
            lease.release()


def _warnings(start_host: StartHost) -> list[Any]:
    """The status's warnings about the trainer."""
    host = start_host(API_KEY_1=KEY, TRAIN_SCHEDULE="0 0 0 1 1 *", WRITE_DEADLINE="PT5M", JOIN_GRACE="PT6M")
    status = Api.at(host.url, KEY).get("/rankloop/v1/status").json
    return [warning["message"] for warning in status["warnings"] if warning["code"] == "TrainerInTrouble"]


@pytest.mark.usefixtures("account")
def test_a_lease_on_the_export_ends_neither_join_nor_training_nor_publication(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """The owner is told which blob, and the export follows once the lease is over."""
    _begin(stored_loop, trainer)
    before = stored_loop.read_export()

    with _leased(stored_loop, "current/model.vw", "exports"):
        runs = [_run(trainer), _run(trainer)]
        meanwhile = stored_loop.read_export()
        warnings = _warnings(start_host)
    published = stored_loop.document("published.json")["model"]
    _end_pauses(stored_loop)
    _run(trainer)

    assert [run["learned"] for run in runs] == [2, 0]
    assert published["learned_events"] == 4
    assert any("lease on the blob exports/default/current/model.vw" in warning for warning in warnings)
    assert meanwhile == before != stored_loop.read_export()
    assert stored_loop.read_export() == stored_loop.blob(published["predictor_blob"].removeprefix("loops/default/"))
    assert stored_loop.document("state.json")["troubles"] == {}


@pytest.mark.usefixtures("account")
def test_a_lease_on_what_is_published_ends_neither_join_nor_training(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """The model waits for its publication."""
    _begin(stored_loop, trainer)

    with _leased(stored_loop, "published.json"):
        record = _run(trainer)
        warnings = _warnings(start_host)
        first = stored_loop.document("published.json")["model"]["learned_events"]
    _end_pauses(stored_loop)
    _run(trainer)

    assert record["learned"] == 2
    assert any("lease on the blob loops/default/published.json" in warning for warning in warnings)
    assert (first, stored_loop.document("published.json")["model"]["learned_events"]) == (2, 4)
    assert stored_loop.document("state.json")["troubles"] == {}


@pytest.mark.usefixtures("account")
def test_a_lease_on_the_commit_record_that_no_trainer_took_is_told(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """A trainer's own lease ends after seconds, so this one is no trainer's."""
    _begin(stored_loop, trainer)

    with _leased(stored_loop, "state.json"):
        record = _run(trainer)

    assert "lease on the blob loops/default/state.json" in record["problem"]
    assert _run(trainer)["learned"] == 2


@pytest.mark.parametrize("name", ["state.json", "configuration.json", "published.json"])
def test_a_document_without_which_nothing_goes_is_named(
    stored_loop: StoredLoop, trainer: StartTrainer, name: str
) -> None:
    """With what to do; once an earlier version is back, the loop goes on as if nothing had been."""
    _begin(stored_loop, trainer)
    text = stored_loop.blob(name)
    assert text is not None

    stored_loop.put(name, b'{"personal data": 1')
    record = _run(trainer)
    stored_loop.put(name, text)

    assert "cannot be read" in record["problem"]
    assert "put an earlier version of the blob in its place" in record["problem"]
    assert "personal data" not in record["problem"]
    assert _run(trainer)["learned"] == 2


def test_a_training_state_that_is_lost_is_replaced_by_a_model_that_learns_from_the_log(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """In the same run, and Rank has the old model until then."""
    _begin(stored_loop, trainer)
    model = stored_loop.document("state.json")["running"]["model"]
    stored_loop.put(model["state_blob"].removeprefix("loops/default/"), b"damaged")

    _run(trainer)

    state, published = stored_loop.document("state.json"), stored_loop.document("published.json")["model"]
    assert (state["running"]["model"]["events"], state["counters"]["learned"]) == (4, 4)
    assert (state["next"], state["troubles"], state["running"]["is_lost"]) == (None, {}, False)
    assert (published["learned_events"], published["state_blob"]) == (4, state["running"]["model"]["state_blob"])


def test_a_training_state_that_is_lost_with_its_log_is_replaced_by_the_next_events(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """Until then the status tells it, and rows go on becoming log."""
    _begin(stored_loop, trainer)
    _run(trainer)
    for name in stored_loop.names("logs/"):
        stored_loop.remove(name)
    stored_loop.remove(stored_loop.document("state.json")["running"]["model"]["state_blob"][len("loops/default/") :])
    _write(stored_loop, 100)
    past.configure(stored_loop, past.seldom(model_export_frequency="PT1S", model_retrain_days=30))

    _run(trainer)

    state = stored_loop.document("state.json")
    assert state["running"]["model"]["events"] == 2
    assert state["counters"]["learned"] == 6
    assert not _warnings(start_host)


def test_a_lost_training_state_of_a_model_for_changed_settings_begins_anew(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """The model in use goes on meanwhile."""
    _begin(stored_loop, trainer)
    state = stored_loop.document("state.json")
    lost = {**state["running"], "revision": 2, "model": {**state["running"]["model"], "state_blob": _LOST}}
    learning = LearningSettings("other", "--cb_explore_adf --epsilon 0.2 -l 0.2")
    past.configure(stored_loop, past.seldom(model_export_frequency="PT1S").with_learning(learning, 0))
    stored_loop.put("state.json", json.dumps({**state, "next": lost}).encode())

    _run(trainer)
    meanwhile = stored_loop.document("state.json")
    _end_pauses(stored_loop)
    _run(trainer)

    after = stored_loop.document("state.json")
    assert meanwhile["running"]["model"]["events"] == 4
    assert "gone or damaged" in meanwhile["troubles"]["next"]["reason"]
    assert (after["running"]["model"]["events"], after["running"]["revision"]) == (4, 2)
    assert (after["next"], after["troubles"]) == (None, {})


def test_the_record_of_an_evaluation_that_is_damaged_is_told_and_its_blobs_stay(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """It is uncertain what belongs to it."""
    _begin(stored_loop, trainer)
    for name in ("evaluations/one/evaluation.json", "evaluations/one/20261101T000000000000Z/results.json"):
        stored_loop.put(name, b"damaged")
    state = stored_loop.document("state.json")
    stored_loop.put("state.json", json.dumps({**state, "kept_at_us": 0}).encode())

    record = _run(trainer)

    assert record["learned"] == 2
    assert len(stored_loop.names("evaluations/one/")) == 2
    assert any("evaluations/one/evaluation.json" in warning for warning in _warnings(start_host))


_LOST = f"loops/default/models/20261101T000000000000Z-2/{'0' * 64}.vw"
