"""Long reward wait times: rewards are collected once, and the log is that of a join that has all of them in memory."""

import json
import random
from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.configuration.configuration import Configuration, new_configuration
from shared.intake import scan
from shared.intake.keys import canonical
from shared.intake.rows import Observation
from shared.log import reward_runs
from shared.log.redaction import EventTarget
from shared.log.redaction_forms import Redaction
from shared.log.reward_runs_store import RunReader
from shared.models.published import Published
from shared.settings import settings, use
from shared.storage.clock import storage_clock
from shared.times import DAY, HOUR, MINUTE, SECOND
from shared.training import lease, time_slices
from shared.training.configuration_changes import new_state
from shared.training.lease import Trainer
from shared.training.training_state import CollectedRewards
from tests.loop import evaluated_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.mixed import build_mixed_past
from tests.loop.past import Past
from tests.loop.redactors import redact
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import PAST
from tests.processes import process
from train_timer import reward_collection, reward_sieve
from train_timer.join_memory import JoinMemory
from train_timer.joiner import Joiner
from train_timer.reward_sieve import Sieve, Stretch

pytestmark = pytest.mark.collects_rewards

WAIT = "PT4H"
WAIT_US = 4 * HOUR


def configuration(wait: str = WAIT) -> Configuration:
    return past.configuration(reward_wait_time=wait, model_export_frequency="PT1S")


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the join goes another way.

    Attributes:
        long_us: Rewards are collected if the wait is longer.
        most_bytes: Of a run that is collected.
        few_rows: Where more rewards wait, those of several parts are taken out at once.
        events: Of how many events.
    """

    long_us: int = HOUR
    most_bytes: int = 10**9
    few_rows: int = 10**9
    events: int = 10**9


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Passes:
    """Passes of a join over the storage of a test, each in the way of another run of the trainer, in other processes.

    Attributes:
        log_file: Takes what they print.
    """

    log_file: Path

    def run(self, stored_loop: StoredLoop, ends_us: Sequence[int], limits: Limits = LIMITS) -> None:
        """Join and tidy, pass by pass, as if the passes had come at certain moments."""
        joining = process(self.log_file, stored_loop.storage, _run_passes, list(ends_us), limits)
        joining.start()
        joining.join()
        assert joining.exitcode == 0, self.log_file.read_text()


@pytest.fixture
def passes(tmp_path: Path) -> Passes:
    return Passes(tmp_path / "passes.log")


def _run_passes(ends_us: list[int], limits: Limits) -> None:
    with pytest.MonkeyPatch.context() as patch, use(replace(settings(), **PAST)):
        patch.setattr(reward_collection, "_MOST_BYTES", limits.most_bytes)
        patch.setattr(reward_sieve, "_FEW_ROWS", limits.few_rows)
        patch.setattr(reward_sieve, "EVENTS", limits.events)
        patch.setattr(reward_sieve, "_SORTED_AT_ONCE", 7)
        patch.setattr(time_slices, "LONG_WAIT_US", limits.long_us)
        trainer, sieve = lease.take(lambda: new_state(new_configuration(past.SHARDS), Published())), Sieve()
        assert trainer is not None
        for end_us in ends_us:
            _run_pass(trainer, end_us, sieve)
        sieve.close()
        trainer.release()


def _run_pass(trainer: Trainer, end_us: int, sieve: Sieve) -> None:
    now = configuration()
    joiner = Joiner(trainer, scan.list_tables(), now, end_us - now.rewards.wait_us, JoinMemory(sieve=sieve))
    while joiner.join_part():
        continue
    joiner.marks.tidy()
    joiner.tidy_rewards()
    joiner.close()


def now_us(stored_loop: StoredLoop) -> int:
    with evaluated_log.use_storage(stored_loop.storage):
        scan.list_tables()
        return storage_clock().earliest_us() - 2 * SECOND


def output(stored_loop: StoredLoop) -> tuple[dict[str, bytes], Any]:
    """The log, and the counts."""
    return stored_loop.blobs("logs/"), stored_loop.document("state.json")["counters"]


def rewards(stored_loop: StoredLoop) -> list[str]:
    return stored_loop.names("rewards/")


@pytest.mark.parametrize("seed", range(2))
def test_the_log_is_the_same_as_that_of_a_join_with_all_rewards_in_memory(
    stored_loop: StoredLoop, undisturbed: StoredLoop, passes: Passes, seed: int
) -> None:
    """Collected in many passes, merged, and in runs of a few rewards; late, repeated, dangling, deferred, slots."""
    to_us = past.minutes_ago(5 * 60 + 30)
    rows, chance = build_mixed_past(seed, to_us - 3 * HOUR, to_us, 120, WAIT_US), random.Random(seed)
    for loop in (stored_loop, undisturbed):
        rows.write(loop, HOUR)
    end_us = now_us(stored_loop)
    ends_us = sorted(chance.randrange(to_us - 3 * HOUR, end_us) for _ in range(12))

    limits = Limits(
        most_bytes=chance.choice((300, 3_000, 10**9)),
        few_rows=chance.choice((0, 20, 10**9)),
        events=chance.choice((1, 15, 10**9)),
    )
    passes.run(stored_loop, [*ends_us, end_us], limits)
    passes.run(undisturbed, [end_us], Limits(long_us=DAY))

    log, counters = output(stored_loop)
    assert (log, counters) == output(undisturbed)
    assert counters["rewards"] > 50
    assert counters["late"] + counters["dangling"] > 0


def test_each_reward_is_read_once_and_runs_go_when_no_part_needs_them(stored_loop: StoredLoop, passes: Passes) -> None:
    """They become few, and end with their parts."""
    to_us = past.minutes_ago(6 * 60)
    events = [past.event(f"e{number}", to_us - 90 * MINUTE + number * MINUTE) for number in range(60)]
    observations = [past.reward(f"e{number}", event.at_us + HOUR) for number, event in enumerate(events)]
    Past(events, observations).write(stored_loop, HOUR)
    numbers, lengths, end_us = list[int](), list[int](), now_us(stored_loop)

    for number in range(15):
        passes.run(stored_loop, [to_us + number * 20 * MINUTE])
        collected = stored_loop.document("state.json")["collected"] or {"runs": []}
        numbers.append(sum(run["rows"] for run in collected["runs"]))
        lengths.append(len(rewards(stored_loop)))
    passes.run(stored_loop, [end_us])

    assert max(numbers) == 60
    assert 0 < max(lengths) <= 8
    assert stored_loop.document("state.json")["counters"]["rewards"] == 60
    assert rewards(stored_loop) == []


def waiting(stored_loop: StoredLoop, ids: Sequence[str] = ("ann", "bob")) -> list[Observation]:
    """Two events with a reward each, of which all but the wait is over."""
    at_us = past.minutes_ago(3 * 60)
    found = [past.reward(event_id, at_us + HOUR) for event_id in ids]
    Past([past.event(event_id, at_us) for event_id in ids], found).write(stored_loop)
    return found


def ids_in_runs(stored_loop: StoredLoop) -> list[str]:
    """The ids of events in all runs that there are in storage."""
    ids = []
    for run in stored_loop.document("state.json")["collected"]["runs"]:
        (content,) = (content for name, content in stored_loop.blobs("rewards/").items() if run["digest"] in name)
        index = reward_runs.unpack_index(content[-run["index_bytes"] :])
        for block in index.split(range(len(index.firsts)), content):
            ids += [reward_runs.read_observation(text).event_id for _, text in reward_runs.read_block(block)]
    return sorted(ids)


def labels(stored_loop: StoredLoop) -> dict[str, float]:
    return {line["EventId"]: line["_label_cost"] for line in map(json.loads, stored_loop.lines())}


def test_rewards_that_were_written_under_a_longer_deadline_are_collected_that_much_later(
    stored_loop: StoredLoop, passes: Passes
) -> None:
    """More of them may still come; so it is for a while after WRITE_DEADLINE was changed."""
    at_us = past.minutes_ago(5 * 60) // HOUR * HOUR
    longer_us = PAST["write_deadline_us"] + HOUR
    Past([past.event("ann", at_us)], [past.reward("ann", at_us + MINUTE)], longer_us).write(stored_loop)

    passes.run(stored_loop, [at_us + 40 * MINUTE])
    early = rewards(stored_loop)
    passes.run(stored_loop, [at_us + 80 * MINUTE])
    later = rewards(stored_loop)
    passes.run(stored_loop, [at_us + WAIT_US + 40 * MINUTE])
    lines = stored_loop.lines()
    passes.run(stored_loop, [at_us + WAIT_US + 80 * MINUTE])

    assert (early, len(later), lines) == ([], 1, [])
    assert labels(stored_loop) == {"ann": -1.0}


@pytest.mark.parametrize("damaged", [None, b"", b"damaged" * 100])
def test_a_run_that_is_gone_or_damaged_is_made_again(
    stored_loop: StoredLoop, passes: Passes, damaged: bytes | None
) -> None:
    """The rows of all that waits are still there."""
    waiting(stored_loop)
    passes.run(stored_loop, [now_us(stored_loop)])
    (name,) = rewards(stored_loop)
    stored_loop.remove(name) if damaged is None else stored_loop.put(name, damaged)

    for _ in range(2):
        passes.run(stored_loop, [now_us(stored_loop) + 2 * HOUR])

    assert labels(stored_loop) == {"ann": -1.0, "bob": -1.0}, passes.log_file.read_text()


def test_what_a_crash_has_left_is_deleted_and_not_joined(stored_loop: StoredLoop, passes: Passes) -> None:
    """Its run is in storage, and no commit record names it."""
    waiting(stored_loop)
    passes.run(stored_loop, [now_us(stored_loop)])
    state = stored_loop.document("state.json")
    stored_loop.put("state.json", json.dumps({**state, "collected": None}).encode())
    stored_loop.put("rewards/20261125T000000000000Z-20261125T010000000000Z-00", b"from a crash")

    passes.run(stored_loop, [now_us(stored_loop) + 20 * MINUTE])
    names = rewards(stored_loop)
    passes.run(stored_loop, [now_us(stored_loop) + 2 * HOUR])

    assert len(names) == 1
    assert labels(stored_loop) == {"ann": -1.0, "bob": -1.0}, passes.log_file.read_text()


@pytest.mark.parametrize("event_id", ["ann", "ann%2F1"])
def test_a_redaction_takes_an_event_out_of_the_rewards_that_wait(
    stored_loop: StoredLoop, passes: Passes, event_id: str
) -> None:
    """No blob names it any more, and the other one is joined; an earlier version stored ids as they were sent."""
    past.configure(stored_loop, past.configuration())
    waiting(stored_loop, [event_id, "bob"])
    passes.run(stored_loop, [now_us(stored_loop)])
    before = ids_in_runs(stored_loop)

    answer: Redaction = redact(stored_loop.storage, EventTarget(canonical(event_id)))
    after, names = ids_in_runs(stored_loop), rewards(stored_loop)
    passes.run(stored_loop, [now_us(stored_loop) + 2 * HOUR])

    assert answer.removed_rows == 2
    assert (before, after, len(names)) == ([event_id, "bob"], ["bob"], 1)
    assert labels(stored_loop) == {"bob": -1.0}


def test_a_redaction_of_the_time_of_a_reward_takes_it_from_its_event(stored_loop: StoredLoop, passes: Passes) -> None:
    """The event itself came in another hour."""
    (reward, _) = waiting(stored_loop)
    passes.run(stored_loop, [now_us(stored_loop)])

    redact(stored_loop.storage, EventTarget("ann"), (reward.at_us, reward.at_us + 1))
    passes.run(stored_loop, [now_us(stored_loop) + 2 * HOUR])

    assert labels(stored_loop) == {"ann": 0.0, "bob": -1.0}


def test_a_redaction_of_another_time_leaves_the_rewards_that_wait(stored_loop: StoredLoop, passes: Passes) -> None:
    """It is for events and rewards of a range."""
    (reward, _) = waiting(stored_loop)
    passes.run(stored_loop, [now_us(stored_loop)])
    before = rewards(stored_loop)

    redact(stored_loop.storage, EventTarget("ann"), (0, reward.at_us - 2 * HOUR))
    passes.run(stored_loop, [now_us(stored_loop) + 2 * HOUR])

    assert len(before) == 1
    assert labels(stored_loop) == {"ann": -1.0, "bob": -1.0}, passes.log_file.read_text()


def test_a_wait_made_short_and_long_again_loses_no_reward(
    stored_loop: StoredLoop, passes: Passes, trainer: StartTrainer
) -> None:
    """With the short one the runs go, and with the long one what waits is collected anew."""
    past.configure(stored_loop, configuration())
    at_us = past.minutes_ago(20)
    Past([past.event("ann", at_us)], [past.reward("ann", at_us + MINUTE)]).write(stored_loop)
    runs = []

    for revision, wait in enumerate((WAIT, "PT1H", WAIT)):
        past.configure(stored_loop, replace(configuration(wait), revision=revision + 1))
        with trainer() as started_trainer:
            started_trainer.succeed()
        runs.append(len(rewards(stored_loop)))
    passes.run(stored_loop, [now_us(stored_loop) + 5 * HOUR])

    assert runs == [1, 0, 1]
    assert labels(stored_loop) == {"ann": -1.0}


def test_deleting_the_log_deletes_the_rewards_that_wait(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """They are in the way of nobody's privacy for the rest of the wait."""
    past.configure(stored_loop, configuration())
    waiting(stored_loop)
    with trainer() as started_trainer:
        started_trainer.succeed()
    before = rewards(stored_loop)
    past.configure(stored_loop, replace(configuration(), logs_deleted_before_us=past.minutes_ago(-3)))

    with trainer() as started_trainer:
        started_trainer.succeed()

    assert len(before) == 1
    assert rewards(stored_loop) == []


def test_rewards_that_were_taken_out_before_a_redaction_are_not_used_after_it() -> None:
    """They may be of an event that was redacted."""
    sieve, part, collected = Sieve(), Stretch(0, 10, WAIT_US), CollectedRewards(WAIT_US, redacted_us=1)
    sieve.fill(replace(part, to_us=20), [], collected, RunReader())

    assert sieve.covers(part, collected)
    assert not sieve.covers(part, replace(collected, redacted_us=2))
    assert not sieve.covers(replace(part, to_us=21), collected)
    assert not sieve.covers(replace(part, wait_us=WAIT_US + 1), collected)
    sieve.close()
