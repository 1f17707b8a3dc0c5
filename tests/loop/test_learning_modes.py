"""Learning modes on a loop in use: what is learned in which, and what a switch keeps."""

import json
from collections import Counter
from typing import Any

import pytest

from shared.configuration.service_configuration import LearningMode
from tests.conftest import StartHost
from tests.loop import past
from tests.loop.conftest import NEVER, StartTrainer
from tests.loop.in_use import NOW, READY, Loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import ACTIONS, LIKED, USERS

PREVIEW = "/personalizer/v1.1-preview.3"


@pytest.fixture
def loop(start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer) -> Loop:
    """A loop that has only just begun, as an apprentice."""
    return begin(stored_loop, LearningMode.APPRENTICE, start_host, trainer)


@pytest.fixture
def online_loop(start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer) -> Loop:
    """A loop that has only just begun, Online."""
    return begin(stored_loop, LearningMode.ONLINE, start_host, trainer)


def begin(stored_loop: StoredLoop, mode: LearningMode, start_host: StartHost, trainer: StartTrainer) -> Loop:
    """Let a loop begin in a learning mode."""
    service = {"reward_wait_time": "PT5S", "model_export_frequency": "PT1S"}
    past.configure(stored_loop, past.configuration(learning_mode=mode, **service))
    return Loop(start_host(**NEVER).url, stored_loop, trainer)


def switch(loop: Loop, mode: str) -> None:
    """Change the learning mode, and let every instance hear of it."""
    put_mode(loop, mode)
    loop.wait_until_obeyed()


def put_mode(loop: Loop, mode: str) -> None:
    """Change the learning mode, as a client of a version that has it."""
    put = loop.api.put(f"{PREVIEW}/configurations/service", {"learningMode": mode})
    assert (put.status, put.json["learningMode"]) == (200, mode)


def preview(loop: Loop, mode: str) -> dict[str, str]:
    """What a change of the learning mode would do, each part of the answer as one text."""
    answer = loop.api.post("/rankloop/v1/configurations/service:preview", {"learningMode": mode})
    assert answer.status == 200
    return {name: " ".join(sentences) for name, sentences in answer.json.items()}


def is_warned(loop: Loop) -> bool:
    """Whether the status warns of the change of the mode."""
    return "ModeSwitchForgets" in {warning["code"] for warning in loop.status()["warnings"]}


def wait_until_in_use(loop: Loop) -> dict[str, Any]:
    """The published model, once the host ranks with it."""
    loop.rank()
    loop.wait_until(lambda status: status["model"] and status["instance"]["modelId"] == status["model"]["id"])
    model: dict[str, Any] = loop.stored_loop.document("published.json")["model"]
    return model


def best(answer: dict[str, Any]) -> str:
    """The likeliest action of an answer."""
    likeliest: str = max(answer["ranking"], key=lambda action: action["probability"])["id"]
    return likeliest


def test_the_first_online_rank_uses_what_the_apprentice_has_learned(loop: Loop) -> None:
    """It has learned to choose the baseline, which is the first action, whatever the rewards were.

    The owner is warned, before the change and from it on: most events came before the first model, which imitates, so
    the loop has not shown yet how well it does.
    """
    loop.use(110)
    loop.learn()
    model = wait_until_in_use(loop)
    hidden = [loop.rank(user) for user in USERS]
    warned, foreseen = [is_warned(loop)], preview(loop, "Online")
    switch(loop, "Online")
    warned.append(is_warned(loop))
    shown = [loop.rank(user) for user in USERS]
    loop.learn()
    warned.append(is_warned(loop))
    switch(loop, "Apprentice")
    warned.append(is_warned(loop))

    assert warned == [False, True, True, False]
    assert "goes on with what the apprentice has learned: with 110 events" in foreseen["happens"]
    assert (foreseen["for"], "of them (" in foreseen["against"]) == ("", True)
    assert {answer["rewardActionId"] for answer in hidden} == {ACTIONS[0]}
    assert [action["id"] for action in hidden[0]["ranking"]] == [*ACTIONS]
    assert [best(answer) for answer in (*hidden, *shown)] == [ACTIONS[0]] * 6
    assert loop.stored_loop.document("published.json")["generation"] == 0
    assert loop.stored_loop.document("state.json")["next"] is None
    lines = {line["EventId"]: line for line in map(json.loads, loop.stored_loop.lines())}
    assert {lines[answer["eventId"]]["VWState"]["m"] for answer in shown} == {model["id"]}
    after = wait_until_in_use(loop)
    assert after["learned_events"] == model["learned_events"] + len(shown), "the model went on, and is kept again"


def test_what_was_ranked_in_another_mode_is_passed_over(loop: Loop) -> None:
    """It is logged, counted, and not learned; what follows is learned."""
    loop.use(6)
    switch(loop, "Online")
    loop.learn()
    passed, trace = loop.status(), loop.api.get("/rankloop/v1/events/used-0").json["events"][0]
    loop.use(9)
    loop.learn()

    assert (passed["events"]["passedOver"], passed["events"]["learned"]) == (6, 0)
    assert "another learning mode" in passed["because"]
    assert (trace["state"], trace["learningMode"], trace["rewardActionId"]) == ("passedOver", "Apprentice", ACTIONS[0])
    counts = loop.status()["events"]
    assert (counts["passedOver"], counts["learned"]) == (6, 9)
    assert loop.stored_loop.document("published.json")["model"]["learned_events"] == 9


def test_a_loop_that_only_logs_says_that_it_showed_the_first_action_for_sure(loop: Loop) -> None:
    """That is the truth about what was shown, and the rewards are learned with it."""
    switch(loop, "LoggingOnly")
    loop.use(12)
    loop.learn()

    lines = [json.loads(line) for line in loop.stored_loop.lines()]
    assert Counter((line["_label_Action"], line["_label_probability"], line["Mode"]) for line in lines) == {
        (1, 1.0, "LoggingOnly"): 12
    }
    assert {tuple(line["a"]) for line in lines} == {(1, 2, 3, 4)}
    assert {line["_label_cost"] for line in lines} == {-1.0, 0.0}, "those who like the first action gave it a reward"
    assert loop.stored_loop.document("published.json")["model"]["learned_events"] == 12


def test_a_model_that_learns_anew_learns_only_what_was_ranked_in_the_mode_of_now(loop: Loop) -> None:
    """Blobs that hold both kinds of lines do not disturb it."""
    loop.use(4)
    switch(loop, "Online")
    loop.use(5)
    loop.learn()
    loop.put(defaultReward=0.5)
    loop.learn()

    assert loop.stored_loop.document("published.json")["model"]["learned_events"] == 5
    assert loop.status()["retraining"] is None


def test_a_loop_that_comes_back_online_goes_on_with_the_model_that_it_had(online_loop: Loop) -> None:
    """It is in use at once and earns as before, although the apprentice has learned the opposite meanwhile.

    What was ranked Online when the mode changed is learned then, and the apprentice's model stays in the list.
    """
    loop = online_loop
    loop.use(150)
    loop.learn()
    before = wait_until_in_use(loop)
    earned = [best(loop.rank(user)) for user in USERS]
    switch(loop, "Apprentice")
    loop.use(120)
    loop.learn()
    apprentice = wait_until_in_use(loop)
    imitated = [best(loop.rank(user)) for user in USERS]
    foreseen = preview(loop, "Online")
    put_mode(loop, "Online")
    warned = [is_warned(loop)]
    loop.train(NOW)
    warned.append(is_warned(loop))
    waited = loop.stored_loop.document("state.json")["running"]["model"]["events"]
    returned = wait_until_in_use(loop)
    again = [best(loop.rank(user)) for user in USERS]
    loop.use(9)
    loop.train(READY)

    assert warned == [False, False]
    assert f"before it became an apprentice, with {before['learned_events']} events" in foreseen["happens"]
    assert f"stays in the list of models as {apprentice['id']}" in foreseen["happens"]
    assert [LIKED[user] for user in USERS] == earned == again
    assert imitated == [ACTIONS[0]] * 3
    published, state = loop.stored_loop.document("published.json"), loop.stored_loop.document("state.json")
    ids = [published["model"]["id"], *(model["id"] for model in published["previous"])]
    assert ids.index(returned["id"]) < ids.index(before["id"]) < ids.index(apprentice["id"]), (
        "in use again, and at once"
    )
    assert waited == before["learned_events"] + len(earned) + 1, "those that waited"
    model = state["running"]["model"]
    assert model["events"] == waited + len(again) + 9 + 1
    modes = {step["mode"] for step in loop.stored_loop.lineage(model["state_blob"])}
    assert (modes, state["before_apprentice"], published["start"]["model"]["id"]) == ({"Online"}, None, before["id"])
    assert apprentice["learned_events"] > before["learned_events"], "it went on with a copy"
