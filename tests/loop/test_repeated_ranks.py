"""Ranks that are repeated over a minute's edge: an event is learned only if both answers showed the same."""

import json
import signal
from copy import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared import settings
from shared.configuration.reward_aggregation import Aggregation
from shared.intake.rows import Event
from shared.learner import features
from shared.status.event_trace import trace
from shared.times import DAY, MINUTE, SECOND
from status_fn.evidence import read_evidence
from tests.conftest import StartHost
from tests.faults.proxy import Fault
from tests.loop import oracle, past
from tests.loop.conftest import LATER_STILL, NEVER, StartTrainer
from tests.loop.in_use import Loop
from tests.loop.mixed import page, rank_by_model
from tests.loop.oracle import Rule
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write
from tests.loop.test_metrics import check as check_sums
from tests.loop.test_metrics import check_outcomes
from tests.loop.traffic import ACTIONS, LIKED, V1, rank_body
from tests.loop.trainers import PAST
from tests.unit.learner.lines import GREEDY, line_of, train_model

WAIT = 5 * MINUTE
NOTHING_WAITS = {**LATER_STILL, "join_grace_us": -WAIT - MINUTE}
"""Settings of a trainer that joins everything that has arrived; to be used while nothing arrives."""
QUARTER = 15 * MINUTE
SAME, OTHER = "asked-4", "asked-5"
"""Ids that are drawn the best action."""


def make_model(folder: Path, liked: dict[str, str]) -> bytes:
    """A model that shows users what they like."""
    choices = [(name, [{"letter": name}]) for name in ACTIONS]
    lines = [
        line_of(features.document([{"user": user}], choices), len(ACTIONS), ACTIONS.index(name), float(name == like))
        for _ in range(30)
        for user, like in liked.items()
        for name in ACTIONS
    ]
    return train_model(folder, lines, GREEDY)[0]


@pytest.fixture
def loop(start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer) -> Loop:
    """A loop with parts of 19 seconds."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT5M", model_export_frequency="PT5S"))
    return Loop(start_host(**NEVER).url, stored_loop, trainer)


def publish(loop: Loop, model: bytes) -> None:
    """Let Rank use another model."""
    put = loop.api.put("/rankloop/v1/model", model)
    assert put.status in (200, 204), put.body
    loop.wait_until_obeyed()


def rank(loop: Loop, event_id: str, user: str) -> dict[str, Any]:
    answer = loop.api.post(f"{V1}/rank", rank_body(event_id, user))
    assert answer.status == 201
    body: dict[str, Any] = answer.json
    return body


def take_rows(loop: Loop) -> dict[str, Event]:
    """Take the Ranks out of the intake, by id."""
    rows = {}
    for row in loop.stored_loop.rows("events"):
        rows[row.event_id] = Event(row.event_id, row.key.rsplit("|", 1)[1], row.at_us, row.payload)
        loop.stored_loop.delete_row(row)
    return rows


def test_a_rank_that_is_answered_anew_is_learned_only_if_the_answer_is_the_same(loop: Loop, tmp_path: Path) -> None:
    """A new model came between the two calls; it likes the same for one user, and something else for another one.

    The second call comes 70 seconds after the first, in the next part of time, whatever the machine is busy with: the
    first rows are put that much before the second ones.
    """
    publish(loop, make_model(tmp_path, LIKED))
    first = [rank(loop, SAME, "ann"), rank(loop, OTHER, "bob")]
    rows = take_rows(loop)
    publish(loop, make_model(tmp_path, {**LIKED, "bob": "a"}))
    again = [rank(loop, SAME, "ann"), rank(loop, OTHER, "bob")]
    repeated_us = {row.event_id: row.at_us for row in loop.stored_loop.rows("events")}
    earlier = [replace(row, at_us=repeated_us[row.event_id] - 70 * SECOND) for row in rows.values()]
    past.Past(earlier).write(loop.stored_loop, DAY)
    for event_id in (SAME, OTHER):
        assert loop.api.post(f"{V1}/events/{event_id}/reward", {"value": 1}).status == 204
    assert [answer["rewardActionId"] for answer in (*first, *again)] == ["b", "d", "b", "a"]
    assert first[0]["ranking"][0] == again[0]["ranking"][0] == {"id": "b", "probability": pytest.approx(0.8375)}

    loop.train({**NOTHING_WAITS, "write_deadline_us": 10 * MINUTE})

    oracle.check(loop.stored_loop, Rule(timedelta(microseconds=WAIT), timedelta(minutes=10)))
    lines = {line["EventId"]: line for line in map(json.loads, loop.stored_loop.lines())}
    assert len(loop.stored_loop.lines()) == 2
    for event_id, label in ((SAME, 2), (OTHER, 4)):
        line = lines[event_id]
        assert (line["_label_Action"], line["_label_cost"], len(line["o"])) == (label, -1, 1)
        assert line.get("_skipLearn", False) == line.get("AnsweredOtherwise", False) == (event_id == OTHER)
    status = loop.status()
    counted = loop.stored_loop.document("state.json")["counters"]
    assert (counted["events"], counted["repeated"], counted["rewards"]) == (2, 2, 2)
    assert (status["events"]["learned"], status["events"]["answeredOtherwise"]) == (1, 1)
    assert (status["events"]["notActivated"], status["events"]["waiting"]) == (0, 0)
    [warning] = [warning for warning in status["warnings"] if warning["code"] == "RanksAnsweredTwice"]
    assert warning["message"].startswith("1 Rank was repeated")
    [same], [other] = (loop.api.get(f"/rankloop/v1/events/{event_id}").json["events"] for event_id in (SAME, OTHER))
    assert (same["state"], same["reward"], same["observations"][0]["counts"]) == ("learned", 1, True)
    assert (other["state"], other["reward"], other["observations"][0]["counts"]) == ("answeredOtherwise", None, False)
    metrics = loop.api.get("/rankloop/v1/metrics").json["total"]
    assert (metrics["count"], metrics["events"]["learned"], metrics["events"]["answeredOtherwise"]) == (1, 1, 1)
    check_sums(loop.stored_loop)
    check_outcomes(loop.stored_loop)


def answered(event_id: str, at_us: int, best: int) -> Event:
    """A Rank that was answered by a model which takes an action for the best."""
    return rank_by_model(past.event(event_id, at_us), best)


def build_chains(boundary_us: int) -> tuple[list[Event], dict[str, bool]]:
    """Ranks shortly before the end of a part, with repetitions behind it; and which of them were answered otherwise."""

    def chain(event_id: str, *answers: tuple[int, int]) -> list[Event]:
        return [answered(event_id, boundary_us + seconds * SECOND, best) for seconds, best in answers]

    rows = [
        *chain("alone", (-30, 0)),
        *chain("alike", (-30, 1), (40, 1)),
        *chain("other", (-30, 1), (40, 2)),
        *chain("chained", (-200, 1), (-100, 1), (-5, 1), (110, 2)),
        *chain("too late", (-70, 1), (30, 1), (125, 2)),
        *chain("event again", (-125, 1), (5, 2)),
        *chain("inside", (-300, 1), (-200, 2)),
        *chain("behind", (20, 1), (100, 2)),
    ]
    slots = past.event("slots", boundary_us - 20 * SECOND)
    rows += [page(slots), answered("slots", boundary_us + 50 * SECOND, 1)]
    others = {"other", "chained", "inside", "behind", "slots"}
    return rows, {row.event_id: row.event_id in others for row in rows}


@pytest.fixture
def chains(stored_loop: StoredLoop, undisturbed: StoredLoop) -> dict[str, bool]:
    """Two loops with the same chains of repetitions around the end of a part."""
    boundary_us = past.minutes_ago(60) // QUARTER * QUARTER
    rows, otherwise = build_chains(boundary_us)
    for stored in (stored_loop, undisturbed):
        past.configure(stored, past.seldom())
        past.Past(rows).write(stored)
    return otherwise


def marks(stored_loop: StoredLoop) -> dict[str, bool]:
    """Which events are said to be answered otherwise."""
    lines = [json.loads(line) for line in stored_loop.lines()]
    assert all(line.get("_skipLearn") == line.get("AnsweredOtherwise") for line in lines)
    return {line["EventId"]: line.get("AnsweredOtherwise", False) for line in lines[::-1]}


def test_which_events_were_answered_otherwise_does_not_depend_on_runs_or_crashes(
    stored_loop: StoredLoop,
    undisturbed: StoredLoop,
    trainer: StartTrainer,
    account: EmulatedAccount,
    chains: dict[str, bool],
) -> None:
    """A part looks two minutes beyond its end, for whatever continues a chain that has begun in it."""
    with trainer(undisturbed.storage) as started_trainer:
        started_trainer.succeed()

    for _ in range(2):
        with open_route(account) as route, trainer(route.storage, single_part=True) as started_trainer:
            route.plan(Strike(write("/logs/"), started_trainer.die, Fault(cut="before")))
            assert started_trainer.wait() == -signal.SIGKILL
        stored_loop.break_lease()
        with trainer(single_part=True) as started_trainer:
            started_trainer.succeed()
    with trainer() as started_trainer:
        started_trainer.succeed()

    assert marks(undisturbed) == chains
    assert undisturbed.blobs("logs/") == stored_loop.blobs("logs/")
    for stored in (stored_loop, undisturbed):
        counted = stored.document("state.json")["counters"]
        assert counted["answered_otherwise"] == sum(chains.values()) - 1, "the one with slots is of another kind"
        assert (counted["passed_over"], counted["not_activated"]) == (1, 0)
        names = ("learned", "answered_otherwise", "passed_over", "refused", "not_activated")
        assert counted["events"] == sum(counted[name] for name in names)
        check_sums(stored)
        check_outcomes(stored)


@pytest.mark.usefixtures("at_home")
def test_a_repetition_does_not_wait_as_an_event_of_its_own_when_its_event_is_log(
    stored_loop: StoredLoop, trainer: StartTrainer, chains: dict[str, bool]
) -> None:
    """The trace of its id shows one event, also while the part of the repetition is not joined yet."""
    with trainer(single_part=True) as started_trainer:
        started_trainer.succeed()

    with settings.use(replace(settings.settings(), write_deadline_us=PAST["write_deadline_us"])):
        traces = {event_id: trace(read_evidence(event_id, None)).events for event_id in chains}

    for event_id, traced in traces.items():
        if event_id in ("event again", "behind"):
            assert traced[-1].state == "waiting"
        else:
            assert [event.state == "answeredOtherwise" for event in traced] == [chains[event_id]]


def test_a_wait_shorter_than_two_minutes_hides_what_comes_later(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """When a part is joined, only rows that came within the wait behind it are complete."""
    past.configure(stored_loop, past.seldom(reward_wait_time="PT50S"))
    boundary_us = past.minutes_ago(60) // QUARTER * QUARTER
    for event_id, seconds in (("seen", 49), ("unseen", 51)):
        rows = [answered(event_id, boundary_us + at * SECOND, best) for at, best in ((-20, 1), (seconds, 2))]
        past.Past(rows).write(stored_loop)

    with trainer() as started_trainer:
        started_trainer.succeed()

    assert marks(stored_loop) == {"seen": True, "unseen": False}


def test_what_was_answered_otherwise_is_not_learned_anew_either(
    stored_loop: StoredLoop, trainer: StartTrainer, chains: dict[str, bool]
) -> None:
    """By a model that starts from the log with other reward settings."""
    with trainer() as started_trainer:
        started_trainer.succeed()
    before = stored_loop.document("state.json")

    past.configure(
        stored_loop,
        replace(past.seldom(default_reward=0.5, reward_aggregation=Aggregation.SUM, model_retrain_days=2), revision=9),
    )
    with trainer() as started_trainer:
        started_trainer.succeed()

    after = stored_loop.document("state.json")
    assert after["running"]["revision"] == 9
    assert after["running"]["model"]["events"] == before["running"]["model"]["events"] == before["counters"]["learned"]
    assert after["counters"] == before["counters"]
    assert before["counters"]["answered_otherwise"] == 4
