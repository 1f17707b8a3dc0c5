"""A network that loses, delays, repeats and withholds what passes between the functions and storage."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.storage.interface import Row
from shared.times import MINUTE, SECOND
from tests.conftest import StartHost
from tests.faults.proxy import Fault, Request, Seeded
from tests.http.slots import CCB, RANK, V1_1, news
from tests.loop import oracle, past
from tests.loop.conftest import KEY, LATER, StartTrainer
from tests.loop.evaluated_log import wait_until
from tests.loop.oracle import Rule
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import open_route, write
from tests.loop.traffic import Traffic, check

DEADLINE = timedelta(seconds=2)
WRITES = dict.fromkeys(("cut_before", "cut_after", "cut_middle", "repeat", "refuse", "slow", "stall", "late"), 0.04)
READS = {"cut_before": 0.03, "cut_after": 0.03, "slow": 0.1}
BLOBS = {
    **dict.fromkeys(("cut_before", "cut_after", "repeat", "slow", "late"), 0.03),
    "cut_middle": 0.01,
    "refuse": 0.01,
}


class Gusts:
    """Single faults, and from time to time two seconds in which all rows are withheld for longer than they may take.

    That is a second longer: a host that has just started knows storage's time to half a second only.
    """

    def __init__(self, seed: int) -> None:
        self.writes = Seeded(seed, WRITES)
        self._reads = Seeded(seed + 1, READS)

    def __call__(self, request: Request) -> Fault | None:
        """Decide about one request to the tables."""
        if request.method != "POST":
            return self._reads(request)
        if time.monotonic() % 8 < 2.2:
            return Fault(late=3)
        return self.writes(request)


@pytest.mark.at_noon
def test_what_is_acknowledged_through_a_bad_network_is_logged_once(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, start_loop: StartHost
) -> None:
    """Rows that land late, batches of unknown outcome, conflicts inside a batch, answers that get lost."""
    gusts, training = Gusts(21), Seeded(23, BLOBS)
    with open_route(account) as route:
        host = start_loop(AzureWebJobsStorage=route.storage)
        route.table.plan, route.blob.plan = gusts, training
        with Traffic(lambda: host.url, KEY, clients=12, seed=21, pause=0.2) as traffic:
            time.sleep(16)
            wait_until(lambda: min(gusts.writes.happened.values()) > 0)
            wait_until(lambda: bool(_late_events(stored_loop)))  # of one who asks again, the second row may be first
        stored_loop.wait_for(lambda state: state["counters"]["learned"] > 30)
        host.kill()
        time.sleep(5)  # until the last write that was withheld has landed, also on a busy machine
    stored_loop.break_lease()
    with trainer(changed=LATER) as last:
        last.succeed()

    oracle.check(stored_loop, Rule(timedelta(seconds=5), DEADLINE))
    check(stored_loop, traffic.acknowledged)
    disturbed = stored_loop.read_training_output()
    stored_loop.forget()
    with trainer(changed=LATER) as afresh:
        afresh.succeed()
    assert disturbed == stored_loop.read_training_output()


def _late_events(stored_loop: StoredLoop) -> list[Row]:
    """The rows of Ranks that were stored too late to count."""
    late_us = round(DEADLINE.total_seconds() * SECOND)
    return [row for row in stored_loop.rows("events") if row.stored_at_us - row.at_us > late_us]


@pytest.mark.at_noon
def test_a_loop_goes_on_by_itself_when_storage_comes_back(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, start_loop: StartHost
) -> None:
    """While it is away nothing is acknowledged, and what was stays so."""
    with open_route(account) as route:
        host = start_loop(AzureWebJobsStorage=route.storage)
        with Traffic(lambda: host.url, KEY, clients=4, seed=41) as traffic:
            time.sleep(2)
            with route.blob.away(), route.table.away():
                time.sleep(0.5)  # what was answered by storage before is heard
                before = len(traffic.acknowledged.events)
                time.sleep(3)
                assert before == len(traffic.acknowledged.events)
            stored_loop.wait_for(lambda state: state["counters"]["learned"] > 0)
        host.kill()
    stored_loop.break_lease()
    with trainer(changed=LATER) as last:
        last.succeed()

    assert traffic.acknowledged.failed[503] > 0
    oracle.check(stored_loop, Rule(timedelta(seconds=5), DEADLINE))
    check(stored_loop, traffic.acknowledged)


class FailedCommits:
    """Refuses to store a trainer's commit record once a log blob is made, as often as the trainer tries."""

    def __init__(self) -> None:
        self.left = 4
        self._is_armed = False

    def __call__(self, request: Request) -> Fault | None:
        """Decide about one request."""
        self._is_armed |= write("/logs/")(request)
        if not self.left or not self._is_armed or not write("/state.json")(request):
            return None
        self.left -= 1
        return Fault(status=503)


def test_a_part_that_the_same_process_joins_again_is_counted_as_if_it_had_joined_it_once(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """What it remembers of a part that was not committed must not make it see its rewards as logged."""
    now = past.minutes_ago(60)
    rows = past.lively(12, now - 30 * MINUTE, now, 60, 10 * MINUTE)
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.seldom())
        rows.write(loop)

    with open_route(account) as route, trainer(route.storage, runs=2) as started_trainer:
        route.plan(failed := FailedCommits())
        started_trainer.succeed()
    with trainer(undisturbed.storage) as started_trainer:
        started_trainer.succeed()

    assert failed.left == 0
    assert undisturbed.read_training_output() == stored_loop.read_training_output()


class PageTraffic(Traffic):
    """Clients with pages of several slots, who reward all slots in one call, as often as it takes.

    Attributes:
        acknowledged_rewards: Of each event what was acknowledged: slot and value.
    """

    def __init__(self, url: Callable[[], str], key: str, clients: int, seed: int, pause: float) -> None:
        self.acknowledged_rewards: dict[str, list[tuple[str, float]]] = {}
        super().__init__(url, key, clients, seed, pause)

    def _event(self, event_id: str, chance: random.Random) -> None:
        body = news(eventId=event_id)
        if self._call_until_answered(RANK, body, 201, {}, chance) is None:
            return
        rewards = [("top", chance.random()), ("side", chance.random()), ("top", chance.random()), ("nowhere", 1.0)]
        fields = {"reward": [{"slotId": slot, "value": value} for slot, value in rewards]}
        headers = {"x-ms-client-request-id": f"call {event_id}"}
        path = f"{V1_1}/multislot/events/{event_id}/reward"
        if self._call_until_answered(path, fields, 204, headers, chance) is not None:
            self.acknowledged_rewards[event_id] = rewards


@pytest.mark.at_noon
def test_all_rewards_of_a_call_are_acknowledged_together_and_logged_once_each(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, start_loop: StartHost
) -> None:
    """However many tries a call took of which some rewards had landed before."""
    gusts = Gusts(51)
    past.configure(stored_loop, past.configuration(CCB, reward_wait_time="PT5S", model_export_frequency="PT5S"))
    with open_route(account) as route:
        host = start_loop(AzureWebJobsStorage=route.storage, TRAIN_SCHEDULE="0 0 0 1 1 *")
        route.table.plan = gusts
        with PageTraffic(lambda: host.url, KEY, clients=8, seed=51, pause=0.1) as traffic:
            time.sleep(8)
            wait_until(lambda: len(traffic.acknowledged_rewards) > 30 and traffic.acknowledged.failed[503] > 5)
        host.kill()
        time.sleep(5)  # until the last write that was withheld has landed, also on a busy machine
    with trainer(changed=LATER) as last:
        last.succeed()

    lines = [json.loads(line) for line in stored_loop.lines()]
    entries = Counter(
        (line["EventId"], entry["Index"], entry["v"])
        for line in lines
        for place in (line, *line.get("_outcomes", ()))
        for entry in place.get("o", place.get("_o", place.get("Observations", ())))
    )
    assert set(entries.values()) == {1}
    assert {
        (event, *reward) for event, rewards in traffic.acknowledged_rewards.items() for reward in rewards
    } <= entries.keys()
