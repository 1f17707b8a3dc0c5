"""The loop at midnight, at the end of an hour, a month and a year, and on 29 February, in every run of the tests."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.configuration.service_configuration import LearningMode
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Status
from shared.times import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    compact,
    from_compact,
    from_iso,
    to_datetime,
    to_iso,
)
from tests import clock
from tests.clock import now_us
from tests.conftest import PATIENT, StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import evaluated_log, oracle, past
from tests.loop.conftest import KEY, NEVER, QUICK, StartTrainer
from tests.loop.oracle import Rule
from tests.loop.stored_loop import StoredLoop
from tests.loop.test_metrics import busy, check_outcomes
from tests.loop.test_metrics import check as check_sums
from tests.loop.traffic import V1, Traffic, check, rank_body
from tests.loop.trainers import Trainer
from tests.loop.workers import Worker
from tests.storages import NewStorage

MIDNIGHT = "2028-03-01T00:00:00Z"
"""The end of 29 February."""
WAIT = timedelta(minutes=5)
"""So long that no model is there yet at midnight, which would change answers."""


@pytest.fixture(autouse=True)
def moment(request: pytest.FixtureRequest) -> Iterator[None]:
    """The time at which a test starts, which its parameter gives; so do all of its processes."""
    with ExitStack() as moved:
        if hasattr(request, "param"):
            moved.enter_context(clock.move_to(request.param))
        yield


def at(*moments: str) -> pytest.MarkDecorator:
    """Run a test at some times."""
    return pytest.mark.parametrize("moment", moments, indirect=True)


# Intake over midnight


@dataclass(frozen=True, slots=True)
class Night:
    """A loop that took calls until it was another day.

    Attributes:
        eve: The answers to one Rank that was sent before midnight, and again after it; then came its reward.
    """

    stored_loop: StoredLoop
    traffic: Traffic
    eve: tuple[dict[str, Any], ...]

    def join(self, up_to: str, folder: Path) -> None:
        """Join the rows up to a time as if their wait was over."""
        grace_us = now_us() - WAIT // timedelta(microseconds=1) - from_iso(up_to)
        changed = {"write_deadline_us": 20 * SECOND, "join_grace_us": grace_us}
        with Trainer(self.stored_loop.storage, folder / "trainer.log", changed) as trainer:
            trainer.succeed()


@pytest.fixture
def night(new_storage: NewStorage) -> Iterator[Night]:
    """A loop that starts shortly before midnight; longer before it if the machine is too busy to be ready in time."""
    for seconds in (10, 60):
        with ExitStack() as stack:
            stack.enter_context(clock.move_to(to_iso(from_iso(MIDNIGHT) - seconds * SECOND)))
            stored_loop = stack.enter_context(StoredLoop(new_storage()))
            past.configure(stored_loop, past.configuration(reward_wait_time="PT5M", model_export_frequency="PT5S"))
            host = stack.enter_context(HostProcess(stored_loop.storage, env={**QUICK, **PATIENT}))
            if now_us() < from_iso(MIDNIGHT) - 2 * SECOND:
                yield live_through(stored_loop, host)
                return
    raise AssertionError("the host was not ready in time")


def live_through(stored_loop: StoredLoop, host: HostProcess) -> Night:
    """Let clients call until it is another day; one of them sends its Rank twice, and its reward the day after."""
    api, eve = Api.at(host.url, KEY, tries=4), rank_body("eve", "ann")
    with Traffic(lambda: host.url, KEY, clients=2, seed=29) as traffic:
        answers = [api.post(f"{V1}/rank", eve)]
        time.sleep(max(0, from_iso(MIDNIGHT) + SECOND - now_us()) / SECOND)
        answers.append(api.post(f"{V1}/rank", eve))
        assert api.post(f"{V1}/events/eve/reward", {"value": 1}).status == 204
        time.sleep(1)
    assert [answer.status for answer in answers] == [201, 201]
    host.stop()
    return Night(stored_loop, traffic, tuple(answer.json for answer in answers))


def test_what_came_before_and_after_midnight_is_in_the_log_once(night: Night, tmp_path: Path) -> None:
    """A host acknowledged it whose tables, timer and metrics passed from one day to the next meanwhile.

    The tables of a day go once all of it is log, and those of the new day stay.
    """
    stored_loop = night.stored_loop
    tables = {f"{kind}{day}00001440": day for kind in ("events", "rewards") for day in ("20280229", "20280301")}
    assert tables.keys() == set(stored_loop.tables())
    for table, day in tables.items():
        assert {f"{to_datetime(row.at_us):%Y%m%d}" for row in stored_loop.rows(table)} == {day}

    night.join("2028-03-01T00:01:30Z", tmp_path)

    oracle.check(stored_loop, Rule(WAIT, timedelta(seconds=20)))
    check(stored_loop, night.traffic.acknowledged)
    check_sums(stored_loop)
    check_outcomes(stored_loop)
    lines = stored_loop.lines()
    events = [line for line in map(json.loads, lines) if "_label_cost" in line]
    assert {line["Timestamp"][:10] for line in events} == {"2028-02-29", "2028-03-01"}
    [eve] = [line for line in events if line["EventId"] == "eve"]
    assert eve["Timestamp"] < "2028-03-01" < eve["o"][0]["t"]
    assert eve["_label_cost"] == -1
    assert night.eve[0] == night.eve[1]
    assert tables.keys() == set(stored_loop.tables())

    night.join("2028-03-01T00:04:00Z", tmp_path)

    assert lines == stored_loop.lines()
    assert stored_loop.tables() == ["events2028030100001440", "rewards2028030100001440"]


# Log and metrics over the end of a month


@at("2028-03-01T01:30:00Z", "2027-01-01T01:30:00Z")
def test_log_and_metrics_over_the_end_of_a_month_are_whole(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """At once or day by day, with counts for each day; every line once, and in order."""
    midnight_us = now_us() // DAY * DAY
    past.configure(stored_loop, past.seldom())
    busy(12, midnight_us - 35 * MINUTE, midnight_us + 25 * MINUTE, 120, (LearningMode.ONLINE,)).write(stored_loop, DAY)
    with trainer() as run:
        run.succeed()
    api, lines = Api.at(start_host(**NEVER).url, KEY), stored_loop.lines()
    before, after = (to_datetime(midnight_us + days * DAY).date().isoformat() for days in (-1, 1))
    midnight = to_datetime(midnight_us).date().isoformat()

    whole = read_lines(api, "")
    days = [read_lines(api, f"?from={before}&to={midnight}"), read_lines(api, f"?from={midnight}&to={after}")]

    assert whole == lines == [line for day in days for line in day]
    events = [[line for line in map(json.loads, day) if "_label_cost" in line] for day in days]
    assert [{line["Timestamp"][:10] for line in day} for day in events] == [{before}, {midnight}]
    intervals = api.get(f"/rankloop/v1/metrics?from={before}&to={after}&interval=P1D").json["intervals"]
    assert [interval["events"]["joined"] for interval in intervals] == [len(day) for day in events]
    blobs = [
        name.rsplit("/", 1)[1].removesuffix(".dsjson.gz").split("-") for name in sorted(stored_loop.blobs("logs/"))
    ]
    date_range = api.get(f"{V1}/logs/properties").json["dateRange"]
    assert [from_iso(date_range[end]) for end in ("from", "to")] == [
        from_compact(blobs[0][0]),
        from_compact(blobs[-1][1]),
    ]


def read_lines(api: Api, query: str) -> list[bytes]:
    """Read the log of a range, page after page."""
    path, lines = f"/rankloop/v1/logs{query}", list[bytes]()
    while path:
        page = api.get(path)
        assert page.status == 200
        lines += page.body.splitlines()
        path = page.headers.get("link", "").partition(";")[0].strip("<>")
    return lines


# Retention on 29 February and around it


@pytest.mark.parametrize(
    ("moment", "days", "oldest"),
    [
        ("2028-02-29T12:00:10Z", 365, "2027-03-01T12:00:00Z"),
        ("2028-02-29T12:00:10Z", 366, "2027-02-28T12:00:00Z"),
        ("2028-03-01T00:00:10Z", 1, "2028-02-29T00:00:00Z"),
        ("2029-02-28T12:00:10Z", 365, "2028-02-29T12:00:00Z"),
    ],
    indirect=["moment"],
)
def test_log_is_deleted_that_is_older_than_so_many_days(
    stored_loop: StoredLoop, trainer: StartTrainer, days: int, oldest: str
) -> None:
    """Days of 24 hours, whatever the calendar calls them; a part goes when all of it is older.

    The time is ten seconds past the end of a part: an estimate of storage's time may be half a second behind it.
    """
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M", log_retention_days=days))
    past.Past([past.event("last", past.minutes_ago(30))]).write(stored_loop)
    hours = [from_iso(oldest) + number * HOUR for number in range(-3, 4)]
    names = [f"logs/{to_datetime(hour):%Y/%m/%d}/{compact(hour)}-{compact(hour + HOUR)}.dsjson.gz" for hour in hours]
    for name in names:
        rewards = json.dumps({"wait_us": 10 * MINUTE, "default": 0.0, "aggregation": "earliest"})
        stored_loop.put(name, gzip.compress(b""), metadata={"rewards": rewards, "lines": "0", "events": "{}"})

    with trainer() as run:
        run.succeed()

    left = stored_loop.blobs("logs/").keys()
    assert [name in left for name in names] == [hour >= from_iso(oldest) for hour in hours]
    assert len(left - set(names)) == 1


@pytest.mark.parametrize(
    ("moment", "stay"),
    [("2028-03-03T12:00:00Z", ["2028/03/01"]), ("2028-03-03T00:03:00Z", ["2028/02/29", "2028/03/01"])],
    indirect=["moment"],
)
def test_what_is_logged_is_dropped_and_what_is_old_is_deleted(
    stored_loop: StoredLoop, trainer: StartTrainer, stay: list[str]
) -> None:
    """Tables, log, and models; what the loop goes on from stays, however old it is."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M", log_retention_days=3))
    days = ("2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01")
    moments = [from_iso(day) + hour * HOUR for day in days for hour in (1, 2)]
    past.Past([past.event(f"e{number}", at_us) for number, at_us in enumerate(moments)]).write(stored_loop, DAY)
    past.Past([], [past.reward("nobody", past.minutes_ago(1))]).write(stored_loop, DAY)

    with trainer() as run:
        run.succeed()

    assert stay == sorted({name.removeprefix("logs/")[:10] for name in stored_loop.blobs("logs/")})
    assert stored_loop.tables() == ["rewards2028030300001440"]
    state, published = stored_loop.document("state.json"), stored_loop.document("published.json")
    named = {state["running"]["model"]["state_blob"], published["model"]["predictor_blob"]}
    blobs = {f"loops/default/{name}" for name in stored_loop.blobs("models/")}
    assert named <= blobs
    assert state["counters"]["learned"] == len(moments)
    assert 2 <= len({name.split("/")[3] for name in blobs if name.endswith(".vw")}) <= 4


# Evaluations over the change of an hour


def test_what_an_evaluation_finds_does_not_depend_on_the_hour(tmp_path: Path) -> None:
    """Nor on how many of them, days, or months end between the question and the answer."""
    at_noon = evaluate(clock.NOON, clock.NOON, tmp_path / "noon")

    for created_at, run_at in (
        ("2027-06-15T12:59:40Z", "2027-06-15T13:00:20Z"),
        ("2028-02-29T23:59:40Z", "2028-03-01T00:00:20Z"),
    ):
        assert at_noon == evaluate(created_at, run_at, tmp_path / created_at)


def evaluate(created_at: str, run_at: str, folder: Path) -> list[Any]:
    """Evaluate the same log from half an hour to half an hour; gives the sums of each policy.

    It is created at one time, and run at another.
    """
    (storage := folder / "storage").mkdir(parents=True)
    with clock.move_to(run_at), StoredLoop(str(storage)) as stored_loop:
        past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
        with evaluated_log.use_storage(stored_loop.storage):
            with clock.move_to(created_at):
                from_us, to_us = evaluated_log.write(stored_loop, hours=3)
                evaluation = evaluated_log.build_evaluation("over", (from_us + 30 * MINUTE, to_us - 30 * MINUTE))
            evaluation_store.create(evaluation)
            with Worker(stored_loop.storage, evaluation, folder / "worker.log") as worker:
                assert worker.wait(120) == 0, (folder / "worker.log").read_text()
            ended = evaluated_log.wait_for(evaluation)
            outcome = evaluation_run_store.read_outcome(ended)
    assert outcome is not None
    assert (ended.status, outcome.lines.used) == (Status.SUCCEEDED, 58 + 147 + 89)
    assert evaluation.created_us < from_iso(run_at) <= (ended.ended_us or 0) or created_at == run_at
    return [
        (each.policy.name, each.policy.arguments, [(at_us - from_us, sums) for at_us, sums in each.bins.items()])
        for each in outcome.policies
    ]
