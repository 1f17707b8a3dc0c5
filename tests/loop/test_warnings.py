"""Faults that an application makes by its calls are told by the status after the events that the docs promise."""

from typing import Any

import pytest

from tests.conftest import StartHost
from tests.loop import past
from tests.loop.conftest import NEVER, StartTrainer
from tests.loop.in_use import READY, Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import ACTIONS, V1


@pytest.fixture
def loop(start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer) -> Loop:
    """A loop that has only just begun."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT5S", model_export_frequency="PT1S"))
    return Loop(start_host(**NEVER).url, stored_loop, trainer)


def warnings(loop: Loop) -> dict[str, str]:
    """What the loop warns of, by code."""
    return {warning["code"]: warning["message"] for warning in loop.status()["warnings"]}


def light(loop: Loop, name: str) -> str:
    """The state of a stage."""
    (state,) = [stage["state"] for stage in loop.status()["stages"] if stage["stage"] == name]
    return str(state)


def rank_strangely(loop: Loop, number: int) -> None:
    """A Rank with an id and a time among its features, of actions that differ in nothing but their ids."""
    actions: list[Any] = [{"id": name, "features": [{"kind": "offer"}]} for name in ACTIONS]
    context = [{"visit": f"visit-{number}", "at": f"2026-11-28T12:{number // 60:02}:{number % 60:02}Z"}]
    assert loop.api.post(f"{V1}/rank", {"contextFeatures": context, "actions": actions}).status == 201


def test_that_rewards_stop_is_told_after_few_events_until_they_come_again(loop: Loop) -> None:
    """Of a loop whose rewards come, nothing is told, and so it is again later."""
    loop.use(40)
    loop.train(READY)
    in_order = warnings(loop)
    for _ in range(30):
        loop.rank()
    loop.train(READY)
    stopped, broken = warnings(loop), light(loop, "rewards")
    loop.use(5)
    loop.train(READY)

    assert in_order == {}
    assert stopped.keys() == {"RewardsStopped"}
    assert (broken, light(loop, "rewards")) == ("trouble", "good")
    assert "Of 30 events in a row, since 20" in stopped["RewardsStopped"]
    assert "none got a reward in time; before, 40 of 40 did." in stopped["RewardsStopped"]
    assert warnings(loop) == {}


def test_features_that_teach_nothing_are_told_after_a_hundred_events(loop: Loop) -> None:
    """Though they came within a minute; not of a loop whose features are as they should be, of which there are more."""
    for number in range(100):
        rank_strangely(loop, number)
    loop.train(READY)
    strange = warnings(loop)
    loop.api.delete(f"{V1}/logs")
    loop.use(110)
    loop.train(READY)

    assert strange.keys() == {"FeaturesAlwaysNew", "FeaturesAlwaysTheSame", "ActionsAlike", "NoRewards"}
    assert "context.at, context.visit had a new value" in strange["FeaturesAlwaysNew"]
    assert "action.kind" in strange["FeaturesAlwaysTheSame"]
    assert not {code for code in warnings(loop) if code.startswith(("Features", "Actions"))}


def test_ranks_of_one_action_are_told_with_their_share(loop: Loop) -> None:
    """Also where exclusions leave one; of two actions one can be learned from."""
    actions: list[Any] = [{"id": name, "features": [{"letter": name}]} for name in ACTIONS]
    for number in range(15):
        body = {"contextFeatures": [], "actions": actions[:1] if number < 8 else actions}
        excluded = {"excludedActions": ACTIONS[1:]} if 8 <= number < 12 else {}
        assert loop.api.post(f"{V1}/rank", {**body, **excluded}).status == 201
    loop.train(READY)

    assert "12 of 15 events (80 %) had one action only" in warnings(loop)["SingleActions"]
