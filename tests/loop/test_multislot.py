"""A loop that is switched to several slots: what it learns, and what becomes of what it had learned before."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS
from tests.conftest import StartHost
from tests.http.slots import CCB, RANK, V1_1, eventually
from tests.loop.conftest import NEVER, StartTrainer
from tests.loop.in_use import READY, Loop, teach_loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import USERS, V1
from tests.storages import NewStorage

CB = INITIAL_ARGUMENTS
NAMES = ("a", "b", "c", "d")
WANTED = {("ann", "top"): "b", ("ann", "side"): "d", ("bob", "top"): "d", ("bob", "side"): "a"}
"""What pays, by user and slot; nothing does for the third user."""


class Pages:
    """Pages with two slots, for users who like something in each."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._number = 0

    def show(self, pages: int) -> float:
        """Rank and reward; gives the share of slots that showed what pays."""
        shown = [self._page(("ann", "bob")[number % 2]) for number in range(pages)]
        return sum(sum(hits) for hits in shown) / (2 * pages)

    def rank(self, user: str, event_id: str) -> dict[str, Any]:
        """The slots of one answer, by id."""
        body = {
            "eventId": event_id,
            "contextFeatures": [{"user": user}],
            "actions": [{"id": name, "features": [{"letter": name}]} for name in NAMES],
            "slots": [
                {"id": "top", "features": [{"size": "large"}], "baselineAction": "a"},
                {"id": "side", "features": [{"size": "small"}], "baselineAction": "b"},
            ],
        }
        answer = self._loop.api.post(RANK, body)
        assert answer.status == 201, answer.body
        return {slot["id"]: slot["rewardActionId"] for slot in answer.json["slots"]}

    def reward(self, event_id: str, **rewards: float) -> None:
        """Reward slots of an event."""
        slot_rewards = [{"slotId": slot, "value": value} for slot, value in rewards.items()]
        path = f"{V1_1}/multislot/events/{event_id}/reward"
        assert self._loop.api.post(path, {"reward": slot_rewards}).status == 204

    def _page(self, user: str) -> list[bool]:
        self._number += 1
        event_id = f"page-{self._number}"
        slots = self.rank(user, event_id)
        hits = {slot: WANTED[user, slot] == action for slot, action in slots.items()}
        self.reward(event_id, **{slot: float(hit) for slot, hit in hits.items()})
        return [*hits.values()]


@pytest.fixture(scope="module")
def learned(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    """The storage of a loop that has learned single choices."""
    with teach_loop(new_storage, tmp_path_factory.mktemp("learned"), 30) as stored_loop:
        yield stored_loop


@pytest.fixture
def loop(learned: StoredLoop, stored_loop: StoredLoop, start_host: StartHost, trainer: StartTrainer) -> Loop:
    """Another loop with the same past, which was switched to several slots then."""
    stored_loop.copy_from(learned)
    taught = Loop(start_host(**NEVER).url, stored_loop, trainer, used=30)
    assert taught.api.post(f"{V1}/rank", single("first")).status == 201
    taught.wait_until(lambda status: status["model"] and status["instance"]["modelId"] == status["model"]["id"])
    use(taught, CCB)
    eventually(lambda: taught.api.post(f"{V1}/rank", b"{}").error["target"] == "actions")
    eventually(lambda: taught.api.post(f"{V1}/rank", single("probe")).status == 400)
    return taught


def use(loop: Loop, arguments: str) -> None:
    """Put learning arguments."""
    fields = {"name": "other", "arguments": arguments}
    assert loop.api.put(f"{V1}/configurations/policy", fields).status == 200


def single(event_id: str) -> dict[str, Any]:
    """A Rank of one action."""
    return {"eventId": event_id, "actions": [{"id": name, "features": [{"letter": name}]} for name in NAMES]}


def lines(stored_loop: StoredLoop, begin: str) -> dict[str, dict[str, Any]]:
    """The lines of events whose id begins so, by id."""
    all_lines = map(json.loads, stored_loop.lines())
    return {line["EventId"]: line for line in all_lines if line["EventId"].startswith(begin) and "VWState" in line}


def test_a_loop_learns_what_each_slot_is_for(loop: Loop, stored_loop: StoredLoop) -> None:
    """The share of what pays rises from chance to most; the log of single choices does no harm to that."""
    pages = Pages(loop)
    before = pages.show(150)
    loop.learn()
    loop.wait_until(
        lambda status: status["model"]["arguments"] == CCB and status["instance"]["modelId"] == status["model"]["id"]
    )

    after = pages.show(50)

    assert before < 0.4
    assert after > 0.7
    status = loop.status()
    assert status["events"]["refused"] == 0
    assert status["model"]["learnedEvents"] == 150
    assert {"N/A"} == {line["VWState"]["m"] for line in lines(stored_loop, "page").values()}
    assert len(lines(stored_loop, "used")) == 30


def test_the_model_of_single_choices_is_not_asked_for_slots(loop: Loop, stored_loop: StoredLoop) -> None:
    """It stays published until there is another; until then slots are drawn evenly."""
    Pages(loop).show(20)
    published = stored_loop.document("published.json")["model"]
    loop.train(READY)

    pages = lines(stored_loop, "page")
    assert len(pages) == 20
    assert {"N/A"} == {line["VWState"]["m"] for line in pages.values()}
    assert {(0.25,) * 4} == {tuple(line["_outcomes"][0]["_p"]) for line in pages.values()}
    assert published["arguments"] == CB


def test_rewards_for_slots_that_an_event_does_not_have_are_ignored(loop: Loop, stored_loop: StoredLoop) -> None:
    """And a slot without one has the default."""
    pages = Pages(loop)
    pages.rank("ann", "page-x")
    pages.reward("page-x", nowhere=1.0, top=0.5)
    assert loop.api.post(f"{V1}/events/page-x/reward", {"value": 1}).status == 204

    loop.learn()

    outcomes = {outcome["_id"]: outcome["_label_cost"] for outcome in lines(stored_loop, "page")["page-x"]["_outcomes"]}
    assert outcomes == {"top": -0.5, "side": 0}


def test_the_same_reward_twice_in_a_call_is_one(loop: Loop, stored_loop: StoredLoop) -> None:
    """Two values for one slot are two rewards; the first one counts."""
    loop.put(rewardAggregation="sum")
    pages = Pages(loop)
    pages.rank("ann", "page-y")
    slot_rewards = [{"slotId": "top", "value": value} for value in (0.5, 0.5, 0.25)]
    assert loop.api.post(f"{V1_1}/multislot/events/page-y/reward", {"reward": slot_rewards}).status == 204
    time.sleep(3)

    loop.learn()

    (top, _) = lines(stored_loop, "page")["page-y"]["_outcomes"]
    assert top["_label_cost"] == -0.75
    assert [entry["v"] for entry in top["_o"]] == [0.5, 0.25]


def test_a_deferred_page_is_learned_once_it_is_activated(loop: Loop, stored_loop: StoredLoop) -> None:
    """One activation is for all of its slots."""
    bodies = {
        name: {
            "eventId": f"page-{name}",
            "actions": single("")["actions"],
            "slots": [{"id": "top", "baselineAction": "a"}, {"id": "side", "baselineAction": "b"}],
            "deferActivation": True,
        }
        for name in ("shown", "hidden")
    }
    for body in bodies.values():
        assert loop.api.post(RANK, body).status == 201
    assert loop.api.post(f"{V1_1}/multislot/events/page-shown/activate").status == 204

    loop.learn()

    skipped = {name: line.get("_skipLearn", False) for name, line in lines(stored_loop, "page").items()}
    assert skipped == {"page-shown": False, "page-hidden": True}


def test_a_loop_may_go_back_to_single_choices(loop: Loop) -> None:
    """Its model for slots is not used then, and its log of slots does no harm."""
    Pages(loop).show(20)
    loop.learn()
    use(loop, CB)
    eventually(lambda: loop.api.post(f"{V1}/rank", single("back")).status == 201)
    answer = loop.api.post(f"{V1}/rank", single("back-2")).json
    assert {0.25} == {action["probability"] for action in answer["ranking"]}

    loop.use(30)
    loop.learn()
    loop.wait_until(
        lambda status: status["instance"]["modelId"] == status["model"]["id"] and status["model"]["arguments"] == CB
    )

    assert loop.status()["events"]["refused"] == 0
    assert len({action["probability"] for action in loop.rank(USERS[0])["ranking"]}) > 1
