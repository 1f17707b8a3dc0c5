"""Models that are made again from the log."""

import gzip
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localhost.data_folder import storage_folder
from localhost.environment import ROOT, clean_environment
from localhost.up.replay import Replay, replay
from shared.times import HOUR, MINUTE, to_iso
from tests.loop import past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer, up_to
from tests.processes import process
from tests.storages import NewStorage

FROM_US, TO_US = past.minutes_ago(16 * 60), past.minutes_ago(12 * 60)
RUNS = 6
"""So many runs of the trainer make as many models at least, however fast the machine is."""


@pytest.fixture(scope="module")
def learned_once(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    with StoredLoop(new_storage()) as stored_loop:
        teach(stored_loop, tmp_path_factory.mktemp("learned"))
        yield stored_loop


@pytest.fixture
def learned(learned_once: StoredLoop, stored_loop: StoredLoop) -> StoredLoop:
    """A loop that has learned hour after hour."""
    stored_loop.copy_from(learned_once)
    return stored_loop


def teach(stored_loop: StoredLoop, folder: Path) -> None:
    past.configure(stored_loop, past.often())
    past.lively(3, FROM_US, TO_US, 150, 4 * HOUR).write(stored_loop)
    for number in range(1, RUNS + 1):
        end_us = FROM_US + number * (TO_US - FROM_US) // RUNS
        with Trainer(stored_loop.storage, folder / f"trainer-{number}.log", up_to(end_us)) as trainer:
            trainer.succeed(120)
        past.await_export_time(stored_loop)


def list_models(stored_loop: StoredLoop) -> list[dict[str, Any]]:
    """All models, newest first."""
    document = stored_loop.document("published.json")
    return [document["model"], *document["previous"]]


def again(stored_loop: StoredLoop, model_id: str = "", place: int = 0) -> tuple[int, str]:
    """Make a model again with the command, 0 is the newest; gives the exit code and the output."""
    with tempfile.TemporaryDirectory() as folder:
        order = Replay(model_id or list_models(stored_loop)[place]["id"], Path(folder, "no-data"))
        made_again = process(log_file := Path(folder, "output"), stored_loop.storage, _again, order)
        made_again.start()
        made_again.join(120)
        assert made_again.exitcode is not None
        return made_again.exitcode, log_file.read_text()


def _again(order: Replay) -> None:
    sys.exit(replay(order))


def command(model: str, *more: str) -> tuple[int, str]:
    """Run the command as a user does."""
    ended = subprocess.run(
        [sys.executable, "-m", "localhost", "replay", "--model", model, *more],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.returncode, ended.stdout


def relative_name(blob: str) -> str:
    return blob.removeprefix("loops/default/")


def log_of(stored_loop: StoredLoop, place: int = 0) -> str:
    """The name of the first part of the log that a model learned in its last run."""
    return relative_name(stored_loop.describe(list_models(stored_loop)[place]["state_blob"])["lineage"]["logs"][0])


def change_rewards(stored_loop: StoredLoop, name: str, **more: str) -> None:
    """Give every event of a log blob another reward."""
    text = gzip.decompress(stored_loop.blob(name) or b"")
    lines = re.sub(rb'"_label_cost":-?[\d.]+', b'"_label_cost":0.7', text)
    assert lines != text
    stored_loop.put(name, gzip.compress(lines), metadata={**stored_loop.metadata(name), **more})


def test_every_model_is_made_again_byte_by_byte(learned: StoredLoop) -> None:
    """From the state before it, or from nothing; and nothing in storage changes."""
    before, models = learned.in_force(), len(list_models(learned))

    assert models >= RUNS
    for place in {0, models // 2, models - 1}:
        code, output = again(learned, place=place)
        assert (code, "byte by byte" in output, "need not" in output) == (0, True, False), output
    assert before == learned.in_force()


def test_where_states_are_gone_it_begins_with_the_nearest_earlier_one(learned: StoredLoop) -> None:
    """How the others were made is kept longer than they are."""
    state = list_models(learned)[0]["state_blob"]
    for _ in range(3):
        state = learned.describe(state)["lineage"]["state"]
        learned.remove(relative_name(state))

    code, output = again(learned)

    assert (code, "byte by byte" in output) == (0, True), output
    assert output.startswith(f"Begins with {learned.describe(state)['lineage']['state']}: 4 runs of the driver")


def test_where_no_one_knows_how_it_was_made_it_is_not_made_again(learned: StoredLoop) -> None:
    """A guess would be another model."""
    before = relative_name(learned.describe(list_models(learned)[0]["state_blob"])["lineage"]["state"])
    learned.remove(before)
    learned.remove(before.replace(".vw", ".json"))

    code, output = again(learned)

    assert (code, before in output, "no longer in storage" in output) == (2, True, True), output


def test_other_weights_are_another_model(learned: StoredLoop) -> None:
    """Here the log was changed by hand, which nothing excuses."""
    change_rewards(learned, log_of(learned))

    code, output = again(learned)

    assert (code, "DIFFERENT" in output, "need not" in output) == (1, True, False), output


def test_after_a_redaction_weights_are_compared(learned: StoredLoop) -> None:
    """What was taken out of the log can change bytes; the command says so."""
    name = log_of(learned)
    lines = gzip.decompress(learned.blob(name) or b"").replace(b'"EventId":"3-', b'"EventId":"4-')
    learned.put(name, gzip.compress(lines), metadata={**learned.metadata(name), "redacted": "2026-11-25T12:00:00Z"})

    code, output = again(learned)

    assert (code, f"the log was redacted since (loops/default/{name})" in output) == (0, True), output


def test_a_redaction_that_changes_the_model_leaves_nothing_to_compare(learned: StoredLoop) -> None:
    """What was taken out was learned, so another model is no sign of a fault; nor is the same proved."""
    change_rewards(learned, log_of(learned), redacted="2026-11-25T12:00:00Z")

    code, output = again(learned)

    assert (code, "need not" in output, "DIFFERENT" in output) == (2, True, False), output
    assert "\nCannot be compared: the model learned from what is no longer in the log" in output


def test_a_redaction_of_all_events_leaves_nothing_to_compare(learned: StoredLoop) -> None:
    """Not even a line is left of the part of the log."""
    name = log_of(learned)
    learned.put(name, gzip.compress(b""), metadata={**learned.metadata(name), "redacted": "2026-11-25T12:00:00Z"})

    code, output = again(learned)

    assert (code, "Cannot be compared" in output) == (2, True), output


def test_on_another_kind_of_processor_weights_are_compared(learned: StoredLoop) -> None:
    """Its mathematics may differ in the last bits; here a state has another bit at its end."""
    model = list_models(learned)[0]
    description = learned.describe(model["state_blob"]) | {"processor": "an abacus"}
    learned.put(relative_name(model["state_blob"]).replace(".vw", ".json"), json.dumps(description).encode())

    code, output = again(learned)

    assert (code, "(an abacus; here: " in output) == (0, True), output


def test_a_model_of_an_earlier_version_is_made_again_too(learned: StoredLoop) -> None:
    """Descriptions named no mode then, for there was only one, and no processor."""
    path = relative_name(list_models(learned)[0]["state_blob"]).replace(".vw", ".json")
    description = learned.document(path)
    del description["mode"], description["processor"]
    learned.put(path, json.dumps(description).encode())

    code, output = again(learned)

    assert (code, "The same" in output) == (0, True)
    assert "another kind of processor (unknown; here: " in output


def test_an_unknown_model_is_refused_with_the_ids_of_the_models(learned: StoredLoop) -> None:
    """An id is long, and easily cut."""
    for model_id in ("20261125T000000000000Z-1-aaaaaaaaaaaa", "nonsense"):
        code, output = again(learned, model_id)
        assert (code, list_models(learned)[-1]["id"] in output) == (2, True), output


def test_a_model_that_is_not_published_any_more_is_known_by_its_id(learned: StoredLoop) -> None:
    """As long as its blobs are kept."""
    oldest, document = list_models(learned)[-1], learned.document("published.json")
    learned.put("published.json", json.dumps(document | {"previous": document["previous"][:2]}).encode())

    code, output = again(learned, oldest["id"])

    assert (code, "byte by byte" in output) == (0, True), output


def test_without_its_log_a_model_cannot_be_made_again(learned: StoredLoop) -> None:
    """The output names the part that is gone."""
    name = log_of(learned)
    learned.remove(name)

    code, output = again(learned)

    assert (code, name in output) == (2, True), output


def test_log_that_was_deleted_is_gone_at_once(learned: StoredLoop) -> None:
    """The command does not read it any more, even before its blobs are removed."""
    configuration = learned.document("configuration.json")
    learned.put(
        "configuration.json", json.dumps(configuration | {"logs_deleted_before_us": past.minutes_ago(0)}).encode()
    )

    code, output = again(learned)

    assert (code, "no longer in storage" in output) == (2, True), output


def test_the_command_works_on_the_folder_of_a_loop(learned_once: StoredLoop, tmp_path: Path) -> None:
    """Also while another process uses it."""
    data = tmp_path / "data"
    data.mkdir()
    with StoredLoop(str(storage_folder(data))) as stored_loop:
        stored_loop.copy_from(learned_once)
        model = list_models(stored_loop)[0]["id"]
        meanwhile = command(model, "--data", str(data))

    same = command(model, "--data", str(data))
    nothing = command(model, "--data", str(tmp_path / "elsewhere"))

    assert (meanwhile[0], "byte by byte" in meanwhile[1]) == (0, True), meanwhile
    assert (same[0], "byte by byte" in same[1]) == (0, True), same
    assert (nothing[0], "no loop" in nothing[1]) == (1, True), nothing


def test_a_description_tells_what_a_replay_needs(learned: StoredLoop) -> None:
    """A reader in some years must not have to guess."""
    description = learned.describe(list_models(learned)[0]["state_blob"])

    assert description.keys() >= {"arguments", "exploration", "mode", "processor", "rewards", "lineage", "predictor"}
    assert description["learnedUpTo"] <= to_iso(TO_US + 15 * MINUTE)
    assert description["predictor"] == list_models(learned)[0]["predictor_blob"]
