"""Rewards that come by batches, from Ranks to the log and to a model."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration.reward_aggregation import Aggregation
from tests.conftest import StartHost
from tests.http.api import Api
from tests.http.slots import CCB, RANK, news
from tests.http.test_event_batches import BATCH, REQUEST_ID
from tests.loop import past
from tests.loop.conftest import KEY, LATER, NEVER, StartTrainer
from tests.loop.evaluated_log import wait_until
from tests.loop.in_use import Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import open_route
from tests.loop.test_faults import Gusts
from tests.loop.traffic import LIKED, USERS, V1, Traffic, rank_body

EVENTS = 40


def start(stored_loop: StoredLoop, start_host: StartHost, trainer: StartTrainer, learning: str | None = None) -> Loop:
    """A loop whose trainer runs when a test calls it."""
    service = {"reward_wait_time": "PT5S", "model_export_frequency": "PT1S", "reward_aggregation": Aggregation.SUM}
    past.configure(stored_loop, past.configuration(learning, **service))
    return Loop(start_host(**NEVER).url, stored_loop, trainer)


def send(api: Api, rows: list[dict[str, Any]]) -> None:
    """Send a batch of which every row is stored."""
    assert api.post(BATCH, {"rows": rows}).json["accepted"] == len(rows)


def test_a_loop_learns_from_a_batch_of_rewards_and_activations(
    stored_loop: StoredLoop, start_host: StartHost, trainer: StartTrainer
) -> None:
    """As a nightly job sends them: some of an event that was deferred, several of one, and one of none."""
    loop, rows, worth = start(stored_loop, start_host, trainer), [], {}
    for number in range(EVENTS):
        id_, user = f"e{number}", USERS[number % 3]
        answer = loop.api.post(f"{V1}/rank", rank_body(id_, user, deferred=number >= EVENTS - 2)).json
        worth[id_] = float(answer["rewardActionId"] == LIKED[user])
        rows.append({"eventId": id_, "value": worth[id_]})
    rows += [
        {"eventId": f"e{EVENTS - 1}", "activate": True},
        *(3 * [{"eventId": "e0", "value": 0.25}]),
        {"eventId": "of-none", "value": 1},
    ]
    worth["e0"] += 0.75

    send(loop.api, rows)
    loop.learn()

    lines = [json.loads(line) for line in stored_loop.lines()]
    events = {line["EventId"]: line for line in lines if "_label_cost" in line}
    assert {id_: -line["_label_cost"] for id_, line in events.items()} == worth
    assert [id_ for id_, line in events.items() if line.get("_skipLearn")] == [f"e{EVENTS - 2}"]
    assert loop.status()["model"]["learnedEvents"] == EVENTS - 1


def test_slots_learn_from_the_rows_that_name_them(
    stored_loop: StoredLoop, start_host: StartHost, trainer: StartTrainer
) -> None:
    """A row without a slot changes nothing there, as a reward without one."""
    loop = start(stored_loop, start_host, trainer, CCB)
    for number in range(10):
        assert loop.api.post(RANK, news(eventId=f"page-{number}")).status == 201
    values = {"top": 0.5, "side": 0.25, "nowhere": 1, None: 1}

    send(
        loop.api,
        [
            {"eventId": f"page-{number}", "slotId": slot, "value": value}
            for number in range(10)
            for slot, value in values.items()
        ],
    )
    loop.learn()

    lines = [line for line in map(json.loads, stored_loop.lines()) if "VWState" in line]
    outcomes = [{outcome["_id"]: outcome["_label_cost"] for outcome in line["_outcomes"]} for line in lines]
    assert outcomes == [{"top": -0.5, "side": -0.25}] * 10


class BatchTraffic(Traffic):
    """Clients who send batches, and send again what is not acknowledged, alone or with all else.

    Attributes:
        stored: Event id and value of each row that was answered 204, with how many there are of it.
        partly: The number of answers in which some rows were stored and some were not.
    """

    def __init__(self, url: Callable[[], str]) -> None:
        self.stored = Counter[tuple[Any, Any]]()
        self.partly = 0
        super().__init__(url, KEY, clients=6, seed=61, pause=0.1)

    def _event(self, event_id: str, chance: random.Random) -> None:
        rows: list[dict[str, Any]] = [{"eventId": f"{event_id}.{number}", "value": number / 16} for number in range(12)]
        rows += [{"eventId": f"{event_id}.5", "value": 1}, rows[3], rows[3]]
        stored, sends_all = Counter[tuple[Any, Any]](), chance.random() < 0.5
        for _ in range(8):
            settled = self._send(rows, event_id)
            now = Counter((row["eventId"], row["value"]) for row, status in settled if status == 204)
            stored = stored | now if sends_all else stored + now
            self.partly += 0 < now.total() < len(settled)
            if now.total() == len(rows) or self._stop.wait(0.1):
                break
            if settled and not sends_all:
                rows = [row for row, status in settled if status == 503]
        self.stored += stored

    def _send(self, rows: list[dict[str, Any]], event_id: str) -> list[tuple[dict[str, Any], int]]:
        """Send rows; gives each with its status, or none where the call was not answered or is to be repeated."""
        answer = self._call(BATCH, {"rows": rows}, {REQUEST_ID: f"batch {event_id}"})
        if answer is None or answer.status != 200:
            return []
        settled = [(row, each["status"]) for row, each in zip(rows, answer.json["rows"], strict=True)]
        assert {status for _, status in settled} <= {204, 503}
        return settled


@pytest.mark.at_noon
def test_every_row_that_was_acknowledged_through_a_bad_network_is_logged_once(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, start_loop: StartHost
) -> None:
    """However many tries it took, of which some had landed before."""
    with open_route(account) as route:
        host = start_loop(AzureWebJobsStorage=route.storage, TRAIN_SCHEDULE="0 0 0 1 1 *")
        route.table.plan = Gusts(61)
        with BatchTraffic(lambda: host.url) as traffic:
            time.sleep(8)
            wait_until(lambda: len(traffic.stored) > 300 and traffic.partly > 3)
        host.kill()
        time.sleep(5)  # until the last write that was withheld has landed, also on a busy machine
    with trainer(changed=LATER) as last:
        last.succeed()

    logged = Counter(
        (line["EventId"], entry["v"]) for line in map(json.loads, stored_loop.lines()) for entry in line["Observations"]
    )
    assert {event_id.rsplit(".", 1)[1] for (event_id, _), count in logged.items() if count > 1} == {"3"}
    assert max(logged.values()) == 3
    assert traffic.stored <= logged
