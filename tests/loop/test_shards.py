"""Parts that are joined in shards: the same log as without, whoever joins the shards and whatever happens to them."""

import itertools
import json
import signal
from copy import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from export_fn.redaction_call import redact
from localhost.azurite.accounts import EmulatedAccount
from shared import settings
from shared.configuration import configuration_store
from shared.configuration.configuration import ShardChange
from shared.log import manifest_store
from shared.log.redaction import EventTarget
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.storage_errors import TrainerAtWork
from shared.times import HOUR, SECOND
from shared.training import lease, shard_result_store
from shared.training.join_queue import JoinMessage
from shared.training.training_state import CollectedRewards, Intent, PartSize, State
from tests.conftest import StartHost
from tests.faults.proxy import Fault
from tests.http.api import Api
from tests.loop import oracle, past
from tests.loop.conftest import KEY, LATER_STILL, NEVER, StartTrainer
from tests.loop.evaluated_log import use_storage
from tests.loop.mixed import build_mixed_past
from tests.loop.oracle import Rule
from tests.loop.shard_worker import ShardWorker
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write
from tests.loop.test_metrics import check as check_sums
from tests.loop.test_metrics import check_outcomes
from tests.loop.traffic import V1, rank_body
from tests.loop.trainers import PAST, Split
from train_timer.part_observations import NotCollected
from train_timer.run import _first_state
from train_timer.shard_join import MOST_TRIES, ShardJoins

pytestmark = pytest.mark.collects_rewards

RULE = Rule(timedelta(hours=4), timedelta(days=10))
WITH_WORKERS = Split(patience_seconds=600)
PLACES = (
    ("/logs/", 2),
    ("/marks/", 3),
    ("/joins/", 3),
    ("/manifests/", 1),
    *[("state.json", nth) for nth in (1, 2, 3)],
)
"""Where a trainer writes that joins in shards; simulated loops die at all places."""


def write_past(*loops: StoredLoop, minutes: int = 25) -> None:
    """Write the rows of some time, with all that happens to a loop, into loops; their waits are over."""
    now = past.long_ago()
    rows = past.lively(5, now - minutes * past.MINUTE, now, minutes, past.OFTEN_WAIT)
    for loop in loops:
        past.configure(loop, past.often())
        rows.write(loop)


def sums(loop: StoredLoop) -> dict[str, Any]:
    """What the commit record has summed up of the log, to nine digits: the order of additions decides on the last."""
    state = json.loads(loop.blob("state.json") or b"{}", parse_float=lambda text: float(f"{float(text):.9g}"))
    return {name: state[name] for name in ("counters", "metrics", "reward_rate", "joined_up_to_us")}


def shards(loop: StoredLoop) -> set[int | None]:
    """Of which shards there are log blobs."""
    return {blob["shard"] for parts in loop.read_manifests().values() for blob in parts}


def check(loop: StoredLoop) -> None:
    """Check log, manifests and sums, and that nothing is left of the joins."""
    oracle.check(loop, RULE)
    loop.check_manifests()
    check_sums(loop)
    assert loop.names("joins/") == []


def test_the_same_rows_become_the_same_log_in_one_shard_and_in_four(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """Line by line, and in all sums, whatever the mode and the problem type; only the order in a part is another."""
    now = past.long_ago()
    rows = build_mixed_past(5, now - 30 * past.MINUTE, now, 90, past.OFTEN_WAIT)
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.often())
        rows.write(loop)

    with trainer(split=Split()) as started_trainer:
        started_trainer.succeed()
    with trainer(undisturbed.storage) as started_trainer:
        started_trainer.succeed()

    assert (shards(stored_loop), shards(undisturbed)) == ({None, 0, 1, 2, 3}, {None})
    assert sorted(stored_loop.lines()) == sorted(undisturbed.lines())
    assert sums(stored_loop) == sums(undisturbed)
    stored_loop.check_manifests()
    check_sums(stored_loop)
    check_outcomes(stored_loop)
    assert stored_loop.names("joins/") == []


def test_workers_join_what_the_trainer_has_split(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, tmp_path: Path
) -> None:
    """The trainer itself would wait ten minutes before it joins a shard."""
    write_past(stored_loop, undisturbed)

    with (
        ShardWorker(stored_loop.storage, tmp_path / "first.log"),
        ShardWorker(stored_loop.storage, tmp_path / "second.log"),
        trainer(split=WITH_WORKERS) as started_trainer,
    ):
        started_trainer.succeed(120)
    with trainer(undisturbed.storage, split=Split()) as started_trainer:
        started_trainer.succeed()

    check(stored_loop)
    assert undisturbed.read_training_output() == stored_loop.read_training_output()


@pytest.mark.parametrize("place", ["/logs/", "/joins/"])
def test_a_shard_is_joined_once_though_its_worker_died(
    place: str, stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, tmp_path: Path
) -> None:
    """Its message comes again, and another worker finds what is there."""
    write_past(stored_loop)

    with (
        open_route(account) as route,
        ShardWorker(route.storage, tmp_path / "first.log") as mortal,
    ):
        strike = Strike(write(place), mortal.die, Fault(cut="before"), nth=2)
        route.plan(strike)
        with trainer(split=WITH_WORKERS) as started_trainer:
            strike.wait()
            with ShardWorker(stored_loop.storage, tmp_path / "second.log"):
                started_trainer.succeed(120)

    check(stored_loop)


def test_a_trainer_killed_at_every_kind_of_write_makes_what_an_undisturbed_one_makes(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Killed after it has sent a write, which storage then gets or does not."""
    write_past(stored_loop, undisturbed, minutes=60)

    with open_route(account) as route:
        for (place, nth), fault in zip(PLACES, itertools.cycle((None, Fault(cut="before"))), strict=False):
            with trainer(route.storage, split=Split()) as started_trainer:
                route.plan(Strike(write(place), started_trainer.die, fault, nth))
                code = started_trainer.wait(180)
            stored_loop.break_lease()
            assert code in (0, -signal.SIGKILL), started_trainer.read_log()
    for loop in (stored_loop, undisturbed):
        with trainer(loop.storage, split=Split()) as started_trainer:
            started_trainer.succeed(180)

    assert undisturbed.read_training_output() == stored_loop.read_training_output()
    check(stored_loop)


def test_a_part_of_which_a_shard_is_too_large_is_joined_in_smaller_parts(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """Nobody has read its rows before; what was written of the large part is gone."""
    now = past.long_ago()
    often = [*range(30 * 60, 31 * 60), *range(31 * 60, 32 * 60, 4), *range(40 * 60, 41 * 60)]
    events = [
        past.event(f"e{second}", now - HOUR + second * 1_000_000) for second in sorted({*range(5, 3600, 30), *often})
    ]
    rewards = [past.reward(event.event_id, event.at_us + past.MINUTE) for event in events[::3]]
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.often())
        past.Past([*events], [*rewards]).write(loop)

    with trainer(split=Split(most_events=20)) as started_trainer:
        started_trainer.succeed()
    with trainer(undisturbed.storage) as started_trainer:
        started_trainer.succeed()

    check(stored_loop)
    parts = {(blob["from_us"], blob["to_us"]) for day in stored_loop.read_manifests().values() for blob in day}
    assert len(parts) > len(stored_loop.names("logs/")) / 5
    assert sorted(stored_loop.lines()) == sorted(undisturbed.lines())
    assert max(blob["lines"] for day in stored_loop.read_manifests().values() for blob in day) < 40


@pytest.mark.parametrize("numbers", [(2, 4), (6, 3)], ids=str)
def test_the_number_of_shards_changes_in_the_middle_of_windows(
    numbers: tuple[int, int], stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """Rewards are in other shards than their events, and are joined with them all the same."""
    now = past.long_ago()
    rows = past.lively(7, now - 30 * past.MINUTE, now, 45, past.OFTEN_WAIT)
    configuration = replace(past.often(), shards=numbers[0])
    change = ShardChange(now - 15 * past.MINUTE, numbers[1])
    past.configure(stored_loop, replace(configuration, shard_changes=(change,)))
    rows.write(stored_loop, shards=lambda at_us: numbers[at_us >= change.from_us])
    past.configure(undisturbed, past.often())
    rows.write(undisturbed)

    with trainer(split=Split(), variables={"SHARDS": str(numbers[1])}) as started_trainer:
        started_trainer.succeed(120)
    with trainer(undisturbed.storage) as started_trainer:
        started_trainer.succeed(120)

    check(stored_loop)
    assert {0, 1} <= shards(stored_loop)
    assert sorted(stored_loop.lines()) == sorted(undisturbed.lines())
    assert sums(stored_loop) == sums(undisturbed)


def test_the_setting_changes_the_number_of_shards(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """From a moment on; the trainer of a deployment with another setting announces it, once."""
    past.configure(stored_loop, past.often())
    before_us = past.minutes_ago(0)

    for _ in range(2):
        with trainer(variables={"SHARDS": "16"}) as started_trainer:
            started_trainer.succeed()

    [change] = stored_loop.document("configuration.json")["shard_changes"]
    assert change["shards"] == 16
    assert change["from_us"] > before_us + past.MINUTE


def begin_part(from_us: int, to_us: int, collected_up_to_us: int | None = None) -> Intent:
    """Let a part be in progress, in four shards, as if its trainer had just died.

    Args:
        collected_up_to_us: Up to when rewards that wait are collected; None for all that the part needs.
    """
    configuration = configuration_store.read_configuration()
    collected = CollectedRewards(to_us + past.OFTEN_WAIT if collected_up_to_us is None else collected_up_to_us)
    intent = Intent(from_us, to_us, configuration.rewards, 0, HOUR, shards=4)
    trainer = lease.take(_first_state)
    assert trainer is not None
    begun = State(intent.from_us, trainer.state.running, intent=intent, has_marks=True, manifests_from_us=0)
    trainer.commit(replace(begun, collected=collected))
    trainer.release()
    return intent


def end_part(intent: Intent) -> None:
    """Let the part be log, as its trainer does."""
    trainer = lease.take(_first_state)
    assert trainer is not None
    named = [result.blob for result in shard_result_store.read_new(intent).values() if result.blob]
    manifest_store.put_part(named, trainer.check)
    trainer.commit(replace(trainer.state, joined_up_to_us=intent.to_us, intent=None))
    shard_result_store.remove_all()
    trainer.release()


def test_who_joins_a_shard_again_writes_nothing_else(stored_loop: StoredLoop) -> None:
    """Its message came twice, or its first worker was only slow."""
    write_past(stored_loop)
    to_us = past.long_ago()
    with use_storage(stored_loop.storage), settings.use(replace(settings.settings(), **PAST)):
        intent = begin_part(to_us - HOUR, to_us)
        for shard in range(4):
            ShardJoins().take(JoinMessage("default", intent.from_us, intent.to_us, 4, shard, to_us).text(), 1)
        before, results = stored_loop.in_force(), shard_result_store.read_new(intent)

        ShardJoins().take(JoinMessage("default", intent.from_us, intent.to_us, 4, 2, to_us).text(), 1)
        first = stored_loop.in_force()
        shard_result_store.remove_all()
        for shard in (3, 1, 0, 2):
            ShardJoins().take(JoinMessage("default", intent.from_us, intent.to_us, 4, shard, to_us).text(), 1)
        again = shard_result_store.read_new(intent)

    after = stored_loop.in_force()
    assert first == before
    assert results == again
    assert sorted(results) == [0, 1, 2, 3]
    others = [name for name in before if "/joins/" not in name and "profile" not in name]
    assert {name: before[name] for name in others} == {name: after[name] for name in others}


def test_a_worker_joins_nothing_without_the_rewards_that_are_being_collected_anew(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """A run of them was lost after the messages were sent; later, the part gets all its rewards."""
    write_past(stored_loop)
    to_us = past.long_ago()
    with use_storage(stored_loop.storage), settings.use(replace(settings.settings(), **PAST)):
        intent = begin_part(to_us - HOUR, to_us, collected_up_to_us=0)
        with pytest.raises(NotCollected):
            ShardJoins().take(JoinMessage("default", intent.from_us, intent.to_us, 4, 0, to_us).text(), 1)
        assert stored_loop.names("logs/") == stored_loop.names("joins/") == []

    with trainer(split=Split()) as started_trainer:
        started_trainer.succeed(120)

    check(stored_loop)
    assert {0, 1, 2, 3} <= shards(stored_loop)


def test_a_message_of_a_part_that_is_over_does_nothing(stored_loop: StoredLoop) -> None:
    """It was lost for a while, and the trainer has joined the shard itself."""
    write_past(stored_loop)
    to_us = past.long_ago()
    with use_storage(stored_loop.storage), settings.use(replace(settings.settings(), **PAST)):
        intent = begin_part(to_us - HOUR, to_us)
        for ends in ((intent.from_us, intent.to_us - 1), (intent.from_us - 1, intent.to_us)):
            ShardJoins().take(JoinMessage("default", *ends, 4, 0, to_us).text(), 1)
        ShardJoins().take(JoinMessage("default", intent.from_us, intent.to_us, 8, 0, to_us).text(), 1)

        assert [*blobs().list_paths(this_loop().logs)] == []
    assert stored_loop.names("joins/") == []


def test_what_was_redacted_between_two_parts_is_in_none_though_a_worker_had_read_it_ahead(
    stored_loop: StoredLoop,
) -> None:
    """A redaction takes the lease, so the next part is of another run."""
    to_us = past.long_ago()
    past.configure(stored_loop, past.often())
    events = [past.event(f"e{number}", to_us - HOUR + number * 10 * SECOND) for number in range(360)]
    past.Past(events).write(stored_loop)
    joins = ShardJoins()
    with use_storage(stored_loop.storage), settings.use(replace(settings.settings(), **PAST)):
        complete_us = to_us + past.OFTEN_WAIT
        for minutes, shards_in_order in ((10, (0, 1, 2, 3)), (20, (3, 2, 1, 0))):
            intent = begin_part(to_us - HOUR + (minutes - 10) * past.MINUTE, to_us - HOUR + minutes * past.MINUTE)
            for shard in shards_in_order:
                joins.take(
                    JoinMessage("default", intent.from_us, intent.to_us, 4, shard, complete_us + minutes).text(), 1
                )
            end_part(intent)
            if minutes == 10:
                for event in events[60:70]:
                    redact(EventTarget(event.event_id), 0, to_us)
        joins.close()

    ids = [json.loads(line)["EventId"] for line in stored_loop.lines()]
    assert sorted(ids) == sorted(event.event_id for event in (*events[:60], *events[70:120]))


def test_a_message_that_fails_again_and_again_is_left_to_the_trainer(stored_loop: StoredLoop) -> None:
    """Before the host would put it into a queue of its own, which nobody reads."""
    with use_storage(stored_loop.storage):
        with pytest.raises(ValueError, match="says nothing"):
            ShardJoins().take("{}", MOST_TRIES - 1)

        ShardJoins().take("{}", MOST_TRIES)


def test_a_redaction_leaves_the_lease_to_the_trainer_of_a_part_in_progress(
    stored_loop: StoredLoop, account: EmulatedAccount
) -> None:
    """A trainer has died. The next one would find the lease taken, again and again if calls come as often as it."""
    write_past(stored_loop)
    to_us = past.long_ago()
    with open_route(account) as route, use_storage(route.storage):
        begin_part(to_us - HOUR, to_us)
        began = len(route.blob.requests)
        with pytest.raises(TrainerAtWork):
            redact(EventTarget("e"), 0, to_us)

        assert not [request for request in route.blob.requests[began:] if "comp=lease" in request.path]


def test_the_functions_of_a_host_join_the_shards_of_a_part(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """The messages of a trainer on another machine come to `join_shard`, as in Azure."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M", model_export_frequency="PT1S"))
    host = start_host(**NEVER)
    api = Api.at(host.url, KEY)
    for number in range(12):
        assert api.post(f"{V1}/rank", rank_body(f"e{number}", "ann")).status == 201
    first_us = min(row.at_us for row in stored_loop.rows("events"))
    with use_storage(stored_loop.storage):
        begin_after_large_part(first_us)

    with trainer(changed={**LATER_STILL, "join_grace_us": -30 * past.MINUTE}, split=WITH_WORKERS) as started_trainer:
        started_trainer.succeed(120)

    assert host.runs("join_shard")[1] >= 4
    assert None not in shards(stored_loop)
    assert {json.loads(line)["EventId"] for line in stored_loop.lines()} == {f"e{number}" for number in range(12)}


def begin_after_large_part(position_us: int) -> None:
    """Let a part with very many events end at a moment, so that the next one is split."""
    trainer = lease.take(_first_state)
    assert trainer is not None
    large = PartSize(10**6, past.MINUTE, 1)
    trainer.commit(replace(trainer.state, joined_up_to_us=position_us, last_part=large, has_marks=True))
    trainer.release()
