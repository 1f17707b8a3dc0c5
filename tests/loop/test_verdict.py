"""The verdict on a loop in use: what it earns above its default, and the warnings if that is less than nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import StartHost
from tests.loop import past
from tests.loop.conftest import NEVER, StartTrainer
from tests.loop.in_use import READY, Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import ACTIONS, LIKED, USERS, V1

_CLIENTS = 4


@pytest.fixture
def loop(start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer) -> Loop:
    """A loop that has only just begun."""
    service = {"reward_wait_time": "PT5S", "model_export_frequency": "PT1S", "exploration_percentage": 0.5}
    past.configure(stored_loop, past.configuration(**service))
    return Loop(start_host(**NEVER).url, stored_loop, trainer)


def use(loop: Loop, events: int, liked: dict[str, tuple[str, ...]]) -> None:
    """Rank and reward, by clients side by side; users get a reward for any of what they like."""

    def visit(number: int) -> None:
        user = USERS[number % len(USERS)]
        answer = loop.rank(user)
        reward = {"value": float(answer["rewardActionId"] in liked[user])}
        assert loop.api.post(f"{V1}/events/{answer['eventId']}/reward", reward).status == 204

    with ThreadPoolExecutor(_CLIENTS) as pool:
        list(pool.map(visit, range(events)))


def codes(status: dict[str, Any]) -> set[str]:
    """The codes of the warnings of a status."""
    return {warning["code"] for warning in status["warnings"]}


def test_a_loop_whose_model_fits_is_better_and_one_whose_world_has_turned_is_worse_than_random(loop: Loop) -> None:
    """The trainer does not run while users come to like everything but what they liked.

    Before the instance has the model, hundreds of events are drawn at random. After the world has turned there are so
    many that 250 come before one of the checkpoints from which they count alone, however many a second has.
    """
    liked = {user: (LIKED[user],) for user in USERS}
    others = {user: tuple(action for action in ACTIONS if action != LIKED[user]) for user in USERS}
    before = loop.status()["verdict"]
    use(loop, 150, liked)
    loop.learn()
    loop.wait_until(lambda status: status["model"] and status["instance"]["modelId"] == status["model"]["id"])
    use(loop, 700, liked)
    loop.train(READY)
    good = loop.status()
    use(loop, 600, others)
    loop.train(READY)
    bad = loop.status()

    assert (before["conclusion"], before["windows"]) == ("unknown", [])
    assert good["verdict"]["conclusion"] == "better"
    assert codes(good) & {"WorseThanFirstAction", "WorseThanRandom"} == set()
    assert bad["learning"] is True, "the trainer works"
    assert "WorseThanRandom" in codes(bad), bad["verdict"]
    (window,) = [each for each in bad["verdict"]["windows"] if each["over"] == "sinceChange"]
    assert window["aboveRandom"]["events"] == 1450
    assert loop.api.get("/rankloop/v1/metrics").json["verdict"] == bad["verdict"]


def test_a_loop_that_explores_where_its_default_is_the_best_is_worse_than_that(loop: Loop) -> None:
    """From the first thousand events on that came after the first thousand; before, it is only said to be worse."""
    loop.put(explorationPercentage=1.0)
    loop.wait_until_obeyed()
    first = dict.fromkeys(USERS, ACTIONS[:1])
    use(loop, 1000, first)
    loop.train(READY)
    young = loop.status()
    use(loop, 200, first)
    loop.train(READY)
    old = loop.status()

    assert young["verdict"]["conclusion"] == old["verdict"]["conclusion"] == "worse"
    assert young["verdict"]["since"] is not None
    assert "less per event than always the first action would have" in old["verdict"]["because"]
    assert codes(young) & {"WorseThanFirstAction", "WorseThanRandom"} == set()
    assert codes(old) & {"WorseThanFirstAction", "WorseThanRandom"} == {"WorseThanFirstAction"}
