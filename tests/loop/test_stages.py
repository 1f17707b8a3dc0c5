"""The five stages of a loop, from none of them to all in order, and of loops that are broken somewhere."""

from copy import replace
from typing import Any

import pytest

from shared.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, NEVER, StartTrainer
from tests.loop.in_use import Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1

NAMES = ["ranks", "rewards", "joined", "learned", "published"]


def stages(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The stages by name."""
    assert [stage["stage"] for stage in status["stages"]] == NAMES
    return {stage["stage"]: stage for stage in status["stages"]}


def lights(status: dict[str, Any]) -> list[str]:
    """The state of each stage, in order."""
    return [stage["state"] for stage in status["stages"]]


def test_each_stage_is_in_order_once_it_has_happened(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Ranks and rewards at once, the others with the trainer; with their times and counts."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT5S", model_export_frequency="PT1S"))
    loop = Loop(start_host(**NEVER).url, stored_loop, trainer)
    empty = loop.status()
    first = loop.rank()
    ranked = loop.status()
    loop.api.post(f"{V1}/events/{first['eventId']}/reward", {"value": 1})
    rewarded = loop.status()
    loop.use(9)
    loop.learn()
    whole = loop.status()

    assert lights(empty) == ["waiting"] * 5
    assert [stage["lastAt"] for stage in empty["stages"]] == [None] * 5
    assert lights(ranked) == ["good", *["waiting"] * 4]
    assert lights(rewarded) == ["good", "good", *["waiting"] * 3]
    assert stages(ranked)["ranks"]["lastAt"] < stages(rewarded)["rewards"]["lastAt"]
    assert lights(whole) == ["good"] * 5
    assert all(stage["lastAt"] for stage in whole["stages"])
    assert [stage["rate"]["count"] for stage in whole["stages"][:4]] == [10] * 4
    assert stages(whole)["published"]["rate"]["count"] >= 1
    assert [stage["whatToDo"] for stage in whole["stages"]] == [None] * 5
    assert stages(whole)["ranks"]["lastAt"] < stages(whole)["rewards"]["lastAt"] < stages(whole)["joined"]["lastAt"]
    assert stages(whole)["published"]["lastAt"] == whole["model"]["publishedAt"]


def test_a_trainer_that_does_not_run_is_told_by_the_light_of_the_join(
    start_host: StartHost, stored_loop: StoredLoop
) -> None:
    """What comes before it is in order. By its schedule the trainer may rest for a day."""
    past.configure(stored_loop, past.seldom())
    at_us = past.minutes_ago(26 * 60)
    events = [past.event("old", at_us), past.event("new", past.minutes_ago(1))]
    past.Past(events, [past.reward("old", at_us + SECOND)], deadline_us=2 * DAY).write(stored_loop)
    status = Loop(start_host(**NEVER).url, stored_loop, lambda **_: pytest.fail("no trainer")).status()

    assert lights(status) == ["good", "good", "trouble", "waiting", "waiting"]
    assert stages(status)["joined"]["because"] == status["because"]
    assert "train_timer" in stages(status)["joined"]["whatToDo"]


def test_events_that_cannot_be_learned_turn_the_light_of_learning(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """With the words of the warning; the others are in order."""
    past.configure(stored_loop, past.seldom())
    at_us = past.minutes_ago(60)
    events = [past.event(f"good-{number}", at_us + number * SECOND) for number in range(5)]
    torn = replace(past.event("torn", at_us + MINUTE), payload=b"torn")
    past.Past([*events, torn], [past.reward("good-1", at_us + MINUTE)]).write(stored_loop)
    with trainer() as started:
        started.succeed()
    status = Api.at(start_host(**NEVER).url, KEY).get("/rankloop/v1/status").json

    (warning,) = [warning for warning in status["warnings"] if warning["code"] == "EventsRefused"]
    learned = stages(status)["learned"]
    assert lights(status) == ["waiting", "good", "good", "trouble", "good"]
    assert (learned["because"], learned["whatToDo"]) == (warning["message"], warning["whatToDo"])
    assert learned["rate"] is not None


def test_rewards_that_come_too_late_are_counted_and_told_at_once_with_the_wait_that_they_need(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """No Rank and no join is awaited: the join comes to a late reward a wait and some minutes after it came."""
    past.configure(stored_loop, past.seldom())
    at_us = past.minutes_ago(50)
    ranks = [past.event(f"slow-{number}", at_us + number * SECOND) for number in range(5)]
    past.Past(ranks).write(stored_loop)
    with trainer() as started:
        started.succeed()
    loop = Loop(start_host(**NEVER).url, stored_loop, trainer)
    before = loop.status()
    late = [past.reward(f"slow-{number}", at_us + number * SECOND + 45 * MINUTE) for number in range(4)]
    past.Past(observations=late, deadline_us=HOUR).write(stored_loop)
    told = loop.status()

    assert (before["events"]["late"], before["events"]["learned"], before["warnings"]) == (0, 5, [])
    assert (told["events"]["late"], told["events"]["dangling"]) == (4, 0)
    (warning,) = told["warnings"]
    assert warning["code"] == "RewardsLate"
    assert "0 within it. They came 45 minutes after their Rank." in warning["message"]
    assert {"setting": "rewardWaitTime", "value": "PT1H", "link": "#/setup?rewardWaitTime=PT1H"}.items() <= warning[
        "remedies"
    ][0].items()
    assert stages(told)["rewards"]["because"] == warning["message"]
