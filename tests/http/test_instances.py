"""Several instances of one app: a change that one of them takes reaches the others within 5 seconds."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import StartHost
from tests.http.api import Api
from tests.http.conftest import NEVER

V1_1 = "/personalizer/v1.1-preview.3"
ACTIONS = [{"id": name, "features": [{"name": name}]} for name in "abcd"]
SECONDS = 5
FIRST_ONLY = ("a",) * 8


@pytest.fixture
def instances(start_host: StartHost) -> tuple[Api, Api]:
    """Two that have both ranked already, so that both have something to forget."""
    hosts = [start_host(API_KEY_1="test-key-1", **NEVER) for _ in range(2)]
    first, second = (Api.at(host.url, "test-key-1") for host in hosts)
    assert FIRST_ONLY not in (rank_eight_times(first), rank_eight_times(second))
    return first, second


def rank_eight_times(api: Api) -> tuple[str, ...]:
    """Make eight new Ranks and return the actions; without a model each is equally likely, if the loop is online."""
    answers = [api.post(f"{V1_1}/rank", {"actions": ACTIONS}) for _ in range(8)]
    return tuple(answer.json.get("rewardActionId", answer.status) for answer in answers)


def within_5_seconds(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + SECONDS
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.1)
    return held


@pytest.mark.parametrize("mode", ["Apprentice", "LoggingOnly"])
def test_a_switch_of_the_mode_reaches_every_instance_and_back(instances: tuple[Api, Api], mode: str) -> None:
    """As an apprentice each of them shows the first action only, and online not."""
    first, second = instances
    first.put(f"{V1_1}/configurations/service", {"learningMode": mode})
    assert within_5_seconds(lambda: rank_eight_times(second) == FIRST_ONLY)

    first.put(f"{V1_1}/configurations/service", {"learningMode": "Online"})
    assert within_5_seconds(lambda: rank_eight_times(second) != FIRST_ONLY)


def test_a_switch_to_several_slots_reaches_every_instance_and_back(instances: tuple[Api, Api]) -> None:
    """Each of the two Rank calls works on one kind of loop only."""
    first, second = instances
    slots: dict[str, Any] = {"actions": ACTIONS, "slots": [{"id": "s", "baselineAction": "a"}]}

    def statuses() -> tuple[int, int]:
        post = second.post(f"{V1_1}/rank", {"actions": ACTIONS})
        several = second.post(f"{V1_1}/multislot/rank", slots)
        return post.status, several.status

    for word, expected in (("--ccb_explore_adf", (400, 201)), ("--cb_explore_adf", (201, 400))):
        policy = {"name": "n", "arguments": f"{word} --epsilon 0.2"}
        assert first.put(f"{V1_1}/configurations/policy", policy).status == 200
        assert within_5_seconds(lambda: statuses() == expected)  # noqa: B023 - called at once
