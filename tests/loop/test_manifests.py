"""The manifests of the log: made for log of earlier versions, repaired after crashes, and gone with their log."""

import gzip
import json
import signal
from collections.abc import Callable
from copy import replace
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.log import manifest_store
from shared.times import DAY, HOUR
from tests.faults.proxy import Fault, Request
from tests.loop import evaluated_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write

FAR_US = past.minutes_ago(0) + DAY


def log_three_days(stored_loop: StoredLoop, trainer: StartTrainer, **service: Any) -> None:
    """Let a loop log and learn events of three days, the last of them an hour ago, two parts on each."""
    past.configure(stored_loop, past.seldom(**service))
    last_us = past.minutes_ago(60) - HOUR
    moments = [last_us - days * DAY + minutes for days in (2, 1, 0) for minutes in (0, HOUR)]
    past.Past([past.event(f"e{number}", at_us) for number, at_us in enumerate(moments)]).write(stored_loop)
    run(trainer)


def run(trainer: StartTrainer) -> None:
    """Let a trainer run once."""
    with trainer() as started_trainer:
        started_trainer.succeed(120)


def forget_manifests(stored_loop: StoredLoop) -> None:
    """Let the storage be as an earlier version has left it, which knew no manifests."""
    for name in stored_loop.names("manifests/"):
        stored_loop.remove(name)
    drop_position(stored_loop)


def drop_position(stored_loop: StoredLoop) -> None:
    """Let the commit record be as an earlier version writes it."""
    state = stored_loop.document("state.json")
    del state["manifests_from_us"]
    stored_loop.put("state.json", json.dumps(state).encode())


def list_starts(stored_loop: StoredLoop) -> list[int]:
    """Where the log blobs begin that readers are given."""
    with evaluated_log.use_storage(stored_loop.storage):
        return [blob.from_us for blob in manifest_store.list_blobs(0, FAR_US, 0)]


def test_every_log_blob_is_named_in_the_manifest_of_its_day(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """As it is: with its range, lines, size and ETag."""
    log_three_days(stored_loop, trainer)

    stored_loop.check_manifests()
    assert len(stored_loop.blobs("logs/")) == 6
    assert stored_loop.document("state.json")["manifests_from_us"] == 0


def test_log_of_an_earlier_version_is_read_before_and_after_its_manifests_are_made(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Readers list it until the trainer has come; then it is as if there had always been manifests."""
    log_three_days(stored_loop, trainer)
    before, starts = stored_loop.read_manifests(), list_starts(stored_loop)
    forget_manifests(stored_loop)
    meanwhile = list_starts(stored_loop)

    run(trainer)

    assert starts == meanwhile == list_starts(stored_loop)
    assert before == stored_loop.read_manifests()
    stored_loop.check_manifests()


def test_log_that_an_earlier_version_wrote_after_a_return_to_it_is_named(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """The day has a manifest, which does not name that log."""
    log_three_days(stored_loop, trainer)
    name = sorted(stored_loop.names("manifests/2"))[-1]
    document = stored_loop.document(name)
    stored_loop.put(name, json.dumps({"blobs": document["blobs"][:-1]}).encode())
    drop_position(stored_loop)

    run(trainer)

    stored_loop.check_manifests()
    assert len(list_starts(stored_loop)) == 6


def test_a_damaged_manifest_is_made_anew(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """By readers for themselves, and by the trainer when the next part of its day is logged."""
    log_three_days(stored_loop, trainer)
    name = sorted(stored_loop.names("manifests/2"))[-1]
    stored_loop.put(name, b'{"blobs":[{"from')
    meanwhile = list_starts(stored_loop)
    past.Past([past.event("new", past.minutes_ago(30))]).write(stored_loop)

    run(trainer)

    assert (len(meanwhile), len(list_starts(stored_loop))) == (6, 7)


def without_metadata(stored_loop: StoredLoop, name: str) -> None:
    """A copy that left the metadata behind."""
    stored_loop.put(name, stored_loop.blob(name) or b"")


def with_garbage(stored_loop: StoredLoop, name: str) -> None:
    """Nothing of the content is left, and no metadata."""
    stored_loop.put(name, b"garbage")


def cut_off(stored_loop: StoredLoop, name: str) -> None:
    """The content ends too early; the metadata are as they were."""
    stored_loop.put(name, (stored_loop.blob(name) or b"")[:-20], metadata=stored_loop.metadata(name))


@pytest.mark.parametrize("with_manifests", [False, True])
@pytest.mark.parametrize(
    ("spoil", "damaged"),
    [(without_metadata, 0), (with_garbage, 1), (cut_off, 1)],
    ids=["without metadata", "with garbage", "cut off"],
)
def test_a_spoiled_log_blob_ends_no_run(
    stored_loop: StoredLoop,
    trainer: StartTrainer,
    spoil: Callable[[StoredLoop, str], None],
    damaged: int,
    with_manifests: bool,
) -> None:
    """What can be read is learned anew; what cannot is passed over by all, and named for the owner."""
    log_three_days(stored_loop, trainer)
    name = sorted(stored_loop.names("logs/"))[-3]
    spoil(stored_loop, name)
    if not with_manifests:
        forget_manifests(stored_loop)
    past.configure(
        stored_loop, replace(past.seldom("--cb_explore_adf --epsilon 0.3", model_retrain_days=5), revision=2)
    )
    past.Past([past.event("new", past.minutes_ago(30))]).write(stored_loop)

    run(trainer)
    run(trainer)

    state = stored_loop.document("state.json")
    reason = f"loops/default/{name} is damaged: its gzip cannot be unpacked"
    assert {subject: trouble["reason"] for subject, trouble in state["troubles"].items()} == (
        {"log": reason} if damaged else {}
    )
    assert state["next"] is None
    assert state["running"]["model"]["events"] == 7 - damaged
    with evaluated_log.use_storage(stored_loop.storage):
        assert len(list(manifest_store.list_blobs(0, FAR_US, 0))) == 7 - damaged
        assert ["cannot be" in blob.damaged for blob in manifest_store.list_damaged(0, FAR_US, 0)] == [True] * damaged


def test_an_intact_blob_in_the_place_of_a_damaged_one_is_read(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Its owner had a copy."""
    log_three_days(stored_loop, trainer)
    name = sorted(stored_loop.names("logs/"))[-3]
    content, metadata = stored_loop.blob(name) or b"", stored_loop.metadata(name)
    with_garbage(stored_loop, name)
    forget_manifests(stored_loop)
    run(trainer)
    damaged, troubles = list_starts(stored_loop), stored_loop.document("state.json")["troubles"]

    stored_loop.put(name, content, metadata=metadata)

    assert (len(damaged), len(list_starts(stored_loop))) == (5, 6)
    end_pause(stored_loop, troubles["log"])
    run(trainer)
    assert stored_loop.document("state.json")["troubles"] == {}


def end_pause(stored_loop: StoredLoop, trouble: dict[str, Any]) -> None:
    """Let the trouble with the log be as if it had been noticed long ago."""
    state = stored_loop.document("state.json")
    stored_loop.put("state.json", json.dumps({**state, "troubles": {"log": {**trouble, "tried_us": 0}}}).encode())


def test_damaged_log_is_told_until_it_is_gone(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """As long as it is there, it is looked at again after growing pauses."""
    log_three_days(stored_loop, trainer)
    names = sorted(stored_loop.names("logs/"))
    for name in names[:2]:
        with_garbage(stored_loop, name)
    forget_manifests(stored_loop)
    run(trainer)
    [first] = stored_loop.document("state.json")["troubles"].values()
    end_pause(stored_loop, first)
    run(trainer)
    [second] = stored_loop.document("state.json")["troubles"].values()

    for name in names[:2]:
        stored_loop.remove(name)
    end_pause(stored_loop, second)
    run(trainer)

    assert first["reason"].endswith("cannot be unpacked, and 1 more log blob")
    assert (first["tries"], second["tries"]) == (1, 2)
    assert stored_loop.document("state.json")["troubles"] == {}


def delete_log(stored_loop: StoredLoop) -> None:
    """Let all log so far be forgotten."""
    past.configure(stored_loop, replace(past.seldom(), logs_deleted_before_us=past.minutes_ago(0)))


def test_a_retention_killed_at_each_write_leaves_nothing_behind(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Neither a log blob that no manifest names, nor refused lines, nor a manifest of log that is gone."""
    log_three_days(stored_loop, trainer)
    for name in stored_loop.names("logs/"):
        stored_loop.put(name.replace("logs/", "refused/").replace(".dsjson.gz", ".cb.jsonl"), b"")
    delete_log(stored_loop)

    deaths = 0
    with open_route(account) as route:
        for nth in range(1, 60):
            with trainer(route.storage) as started_trainer:
                fault = Fault(cut="before") if nth % 2 else None
                route.plan(Strike(of_retention, started_trainer.die, fault, 1 + nth // 10))
                if started_trainer.wait() != -signal.SIGKILL:
                    break
            deaths += 1
            stored_loop.break_lease()

    assert deaths >= 8
    assert stored_loop.names("logs/") == stored_loop.names("refused/") == stored_loop.names("manifests/2") == []


def of_retention(request: Request) -> bool:
    """Whether a request is one of those by which log is deleted."""
    return any(write(part)(request) for part in ("/logs/", "/refused/", "/manifests/"))


def test_a_manifest_whose_log_is_gone_is_removed(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Storage may delete old log by itself, by a rule of the account that knows nothing of manifests."""
    log_three_days(stored_loop, trainer)
    names = sorted(stored_loop.names("logs/"))
    for name in names[:3]:
        stored_loop.remove(name)
    state = stored_loop.document("state.json")
    stored_loop.put("state.json", json.dumps({**state, "kept_at_us": 0}).encode())

    run(trainer)

    stored_loop.check_manifests()
    assert len(list_starts(stored_loop)) == 3


def test_a_log_blob_that_no_manifest_names_goes_when_it_is_old(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """A trainer that slept while the log was deleted may have written it late."""
    log_three_days(stored_loop, trainer)
    stored_loop.put("logs/2020/01/02/20200102T000000000000Z-20200102T010000000000Z.dsjson.gz", gzip.compress(b""))
    delete_log(stored_loop)

    run(trainer)

    assert stored_loop.names("logs/") == []
