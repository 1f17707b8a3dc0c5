"""A loop that the context cannot teach anything is warned of, through HTTP; the same loop that it can teach is not."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import StartHost
from tests.loop import past
from tests.loop.conftest import NEVER, StartTrainer
from tests.loop.in_use import Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1

LIKED = {"ann": "a", "bob": "b"}
MODELS = 3
EVENTS = 220
"""Of each model."""


def visit(loop: Loop, chance: random.Random) -> None:
    """One Rank and its reward: a user likes one of two actions, at every hour."""
    user, hour = chance.choice(list(LIKED)), f"h{chance.randrange(12)}"
    actions = [{"id": name, "features": [{"letter": name}]} for name in ("a", "b")]
    body: dict[str, Any] = {"contextFeatures": [{"user": user}, {"hour": hour}], "actions": actions}
    answer = loop.api.post(f"{V1}/rank", body)
    reward = {"value": float(answer.json["rewardActionId"] == LIKED[user])}
    assert loop.api.post(f"{V1}/events/{answer.json['eventId']}/reward", reward).status == 204


@pytest.mark.parametrize("interactions", ["", " -q ::"])
def test_a_model_without_interactions_is_told(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer, interactions: str
) -> None:
    """After three models and some 600 events; with interactions, the same loop learns what each user likes."""
    learning = f"--cb_explore_adf --epsilon 0.2 --cb_type mtr{interactions}"
    past.configure(stored_loop, past.configuration(learning, reward_wait_time="PT5S", model_export_frequency="PT1S"))
    loop, chance = Loop(start_host(**NEVER).url, stored_loop, trainer), random.Random(1)
    for events in (30, *[EVENTS] * MODELS):
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(lambda _: visit(loop, chance), range(events)))
        loop.learn()
        model_id = stored_loop.document("published.json")["model"]["id"]
        loop.wait_until(lambda status, used=model_id: status["instance"]["modelId"] == used)

    warnings = {warning["code"]: warning for warning in loop.status()["warnings"]}

    assert ("ModelCollapsed" in warnings) == (not interactions), stored_loop.document("state.json")["recent"]
    if not interactions:
        assert "With some values of user other actions earned more" in warnings["ModelCollapsed"]["message"]
        assert "-q ::" in warnings["ModelCollapsed"]["whatToDo"]
