"""The record of real runs, beside the figures of the status and of the metrics."""

import json
import time
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration.service_configuration import LearningMode
from shared.metrics.bins import total
from shared.times import HOUR, to_iso
from tests.conftest import StartHost
from tests.faults.proxy import Fault, FaultProxy, Request, none
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Route, open_route
from tests.loop.test_metrics import bins, busy
from tests.loop.trainers import Trainer

STARTS = '{"record":"rankloop.run"'


def records(trainer: Trainer) -> list[Any]:
    """The records in a trainer's log."""
    lines = [line[line.index(STARTS) :] for line in trainer.read_log().splitlines() if STARTS in line]
    return [json.loads(line) for line in lines]


def write_past(stored_loop: StoredLoop, mode: LearningMode = LearningMode.ONLINE, waiting: int = 7) -> None:
    """An hour of the past, and a few Ranks that wait."""
    past.configure(stored_loop, past.seldom(learning_mode=mode))
    start_us = past.minutes_ago(200)
    busy(9, start_us, start_us + HOUR, 120, (mode,)).write(stored_loop)
    past.Past([past.event(f"waits-{number}", past.minutes_ago(3)) for number in range(waiting)]).write(stored_loop)


def start_api(start_host: StartHost) -> Api:
    """A host whose trainer never runs."""
    host: HostProcess = start_host(
        API_KEY_1=KEY, TRAIN_SCHEDULE="0 0 0 1 1 *", WRITE_DEADLINE="PT5M", JOIN_GRACE="PT6M"
    )
    return Api.at(host.url, KEY)


def test_a_run_tells_what_the_status_and_the_metrics_tell(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """In one line."""
    write_past(stored_loop)

    with trainer() as started_trainer:
        started_trainer.succeed()

    (record,) = records(started_trainer)
    api, sums = start_api(start_host), total(list(bins(stored_loop).values()), 0)
    status = api.get("/rankloop/v1/status").json
    day = f"from={to_iso(past.minutes_ago(300))}&to={to_iso(past.minutes_ago(0))}&interval=P1D"
    metrics = api.get(f"/rankloop/v1/metrics?{day}").json["total"]
    assert record["loop"] == "default"
    assert record["startedAt"] == status["lastRun"]["startedAt"].replace("+00:00", "Z")
    assert (record["joined"], record["learned"]) == (sums.joined, status["events"]["learned"])
    assert (record["waiting"], record["waitingAtLeast"]) == (7, False)
    assert record["waiting"] == status["events"]["waiting"]
    assert record["lagSeconds"] == status["lagSeconds"] == 0
    assert record["modelId"] == status["model"]["id"]
    events = dict(record["events"])
    assert events.pop("matchedRewards") == stored_loop.document("state.json")["counters"]["rewards"]
    assert events == {name: status["events"][name] for name in events}
    assert (record["updatePeriodSeconds"], record["unpublished"], record["problem"]) == (900, False, None)
    assert 0 <= record["updatePeriodsSinceModel"] < 1
    averages = {name: policy["average"] for name, policy in record["rewards"].items()}
    assert averages == {
        "loop": pytest.approx(metrics["online"]["averageReward"]),
        "firstAction": pytest.approx(metrics["firstAction"]["averageReward"]),
        "random": pytest.approx(metrics["random"]["averageReward"]),
    }
    assert {reward["events"] for reward in record["rewards"].values()} == {metrics["count"]}


def test_no_feature_and_no_id_is_in_a_record(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """More people may read the records than the storage account."""
    write_past(stored_loop)

    with trainer() as started_trainer:
        started_trainer.succeed()

    (record,) = records(started_trainer)
    text = json.dumps(record)
    for word in ("ann", "bob", "letter", "user", '"9-', "waits-", KEY):
        assert word not in text


def test_the_record_of_an_apprentice_has_no_figures_of_random_actions(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """For nothing is known of them."""
    write_past(stored_loop, LearningMode.APPRENTICE)

    with trainer() as started_trainer:
        started_trainer.succeed()

    (record,) = records(started_trainer)
    assert record["rewards"]["firstAction"]["average"] is not None
    assert record["rewards"]["random"] == {"sum": 0, "events": 0, "average": None}


def test_runs_with_nothing_to_do_tell_it_once_a_minute(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """A local loop runs every two seconds, and its log would hold nothing else."""
    write_past(stored_loop)

    with trainer(runs=8) as started_trainer:
        started_trainer.succeed()

    busy_run, *idle = records(started_trainer)
    assert busy_run["joined"] > 0
    assert all(record["joined"] == 0 and record["waiting"] == 7 for record in idle)
    assert len({record["startedAt"][:16] for record in idle}) == len(idle) <= 2
    assert "azure.core" not in started_trainer.read_log()


def test_a_loop_of_which_nothing_is_known_says_so(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """No model, no event, no average; nothing is ready to be joined."""
    past.configure(stored_loop, past.configuration())

    with trainer() as started_trainer:
        started_trainer.succeed()

    (record,) = records(started_trainer)
    assert (record["modelId"], record["updatePeriodsSinceModel"], record["unpublished"]) == (None, None, False)
    assert (record["waiting"], record["lagSeconds"]) == (0, 0)
    assert {reward["average"] for reward in record["rewards"].values()} == {None}


def test_a_run_that_cannot_train_says_that_something_is_unpublished(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Joined, not learned; the learner's own words stay out of the record."""
    write_past(stored_loop)
    state = _with_arguments_that_cannot_be_learned(stored_loop, trainer)

    with trainer() as started_trainer:
        started_trainer.succeed()

    (record,) = records(started_trainer)
    assert record["problem"] == "something cannot be read or written; the status tells what, and what to do"
    assert record["unpublished"] is True
    assert record["joined"] > 0
    assert record["learned"] == 0
    assert record["modelId"] == stored_loop.document("published.json")["model"]["id"]
    assert state["counters"]["learned"] == stored_loop.document("state.json")["counters"]["learned"]


def _with_arguments_that_cannot_be_learned(stored_loop: StoredLoop, trainer: StartTrainer) -> Any:
    """After half an hour of the past was learned, part by part."""
    with trainer(single_part=True, runs=2) as started_trainer:
        started_trainer.succeed()
    state = stored_loop.document("state.json")
    running = {**state["running"], "model": None, "arguments": "--cb_explore_adf --no_such_option"}
    stored_loop.put("state.json", json.dumps({**state, "running": running}).encode())
    return state


# Trouble


def test_a_run_that_storage_refuses_claims_nothing_and_says_why(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Before it has the lease, and after."""
    write_past(stored_loop)

    with open_route(account) as route:
        run_records = [_run_refused(trainer, route, service) for service in (route.blob, route.table)]

    for record in run_records:
        assert record["problem"] == "storage answered 403"
        assert record["waiting"] is record["lagSeconds"] is record["unpublished"] is None
        assert record["joined"] == 0


def _run_refused(trainer: StartTrainer, route: Route, service: FaultProxy) -> Any:
    """The record of a run that is refused by a service."""
    route.plan(none)
    service.plan = lambda _: Fault(status=403)
    with trainer(route.storage) as started_trainer:
        started_trainer.succeed()
    (record,) = records(started_trainer)
    return record


def test_a_run_that_storage_leaves_at_its_end_tells_once_what_it_did(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """What it joined is joined; only the state of the loop is not known."""
    write_past(stored_loop)

    def refuses(request: Request) -> Fault | None:
        """Refuse the query for waiting rows, which selects keys alone from the end of the log on."""
        return Fault(status=403) if "select" in request.path.lower() else None

    with open_route(account) as route, trainer(route.storage) as started_trainer:
        route.plan(refuses)
        started_trainer.succeed()

    (record,) = records(started_trainer)
    assert record["problem"] == "storage answered 403"
    assert record["waiting"] is None
    assert record["joined"] == stored_loop.document("state.json")["counters"]["events"] > 0
    assert record["rewards"]["loop"]["events"] > 0


def test_a_host_keeps_the_records_of_its_trainer(start_loop: StartHost) -> None:
    """With the levels of `host.json`; the line is there as it was logged."""
    host = start_loop()
    until = time.monotonic() + 20
    while STARTS not in (log := host.log()):
        assert time.monotonic() < until, log
        time.sleep(0.1)

    (line, *_) = [line for line in log.splitlines() if STARTS in line]
    assert json.loads(line[line.index(STARTS) :])["joined"] == 0
