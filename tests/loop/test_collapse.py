"""A loop that the context cannot teach anything is warned of, through HTTP; the same loop that it can teach is not."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.loop import past
from tests.loop.conftest import NEVER, StartTrainer
from tests.loop.in_use import READY, Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1

LIKED = {"ann": "a", "bob": "b"}
EVENTS = (30, 220, 220, 220)
"""Before the first model, and of each model."""


def visit(loop: Loop, chance: random.Random) -> None:
    """One Rank and its reward: a user likes one of two actions, at every hour."""
    user, hour = chance.choice(list(LIKED)), f"h{chance.randrange(12)}"
    actions = [{"id": name, "features": [{"letter": name}]} for name in ("a", "b")]
    body: dict[str, Any] = {"contextFeatures": [{"user": user}, {"hour": hour}], "actions": actions}
    answer = loop.api.post(f"{V1}/rank", body)
    reward = {"value": float(answer.json["rewardActionId"] == LIKED[user])}
    assert loop.api.post(f"{V1}/events/{answer.json['eventId']}/reward", reward).status == 204


def live(loop: Loop) -> dict[str, Any]:
    """A new model after each stretch of events; gives the warnings by their code.

    The first one has learned all of its few events: one that has learned a single event may prefer no action.
    """
    chance = random.Random(1)
    for number, events in enumerate(EVENTS):
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(lambda _: visit(loop, chance), range(events)))
        if number == 0:
            loop.learn()
        else:
            loop.train(READY)
        model_id = loop.stored_loop.document("published.json")["model"]["id"]
        loop.wait_until(lambda status, used=model_id: bool(status["instance"]["modelId"] == used))  # type: ignore[misc]
    return {warning["code"]: warning for warning in loop.status()["warnings"]}


def test_a_model_that_cannot_use_the_context_is_told(
    start_host: StartHost, stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """After three models and some 600 events; with interactions, the same loop learns what each user likes."""
    loops = []
    with HostProcess(undisturbed.storage, env=NEVER) as host:
        for stored, url, interactions in (
            (stored_loop, start_host(**NEVER).url, ""),
            (undisturbed, host.url, " -q ::"),
        ):
            learning = f"--cb_explore_adf --epsilon 0.2 --cb_type mtr{interactions}"
            service = {"reward_wait_time": "PT5S", "model_export_frequency": "PT1S"}
            past.configure(stored, past.configuration(learning, **service))
            loops.append(Loop(url, stored, lambda stored=stored, **more: trainer(stored.storage, **more)))
        with ThreadPoolExecutor(2) as lives:
            collapsed, healthy = lives.map(live, loops)

    assert "ModelCollapsed" not in healthy
    assert "With some values of user other actions earned more" in collapsed["ModelCollapsed"]["message"]
    assert "-q ::" in collapsed["ModelCollapsed"]["whatToDo"]
