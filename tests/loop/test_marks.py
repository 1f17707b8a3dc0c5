"""The join's memory is its own: it hangs neither on the log nor on the process."""

import json
from datetime import timedelta

from shared.log import marks
from shared.times import DAY, HOUR, MINUTE
from tests.loop import past
from tests.loop.conftest import StartTrainer
from tests.loop.past import Past
from tests.loop.stored_loop import StoredLoop


def _run(trainer: StartTrainer, *, single_part: bool = False) -> None:
    with trainer(single_part=single_part) as started_trainer:
        started_trainer.succeed()


def _ids(stored_loop: StoredLoop) -> list[str]:
    """The ids of the observations in the log, in order."""
    lines = [json.loads(line) for line in stored_loop.lines()]
    return [entry["id"] for line in lines for entry in line.get("o", []) + line.get("Observations", [])]


def _at(days: float) -> int:
    """So many days ago, at the begin of a quarter of an hour."""
    return past.minutes_ago(round(days * DAY / MINUTE)) // (15 * MINUTE) * 15 * MINUTE


def test_a_reward_is_known_again_when_its_log_has_been_deleted(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """The log may be kept for a day longer than the wait, and a part looks back on two waits."""
    past.configure(stored_loop, past.configuration(reward_wait_time="P3D", log_retention_days=4))
    reward = past.reward("e", _at(6.8))
    Past([past.event("e", _at(6.9))], [reward]).write(stored_loop, DAY)
    _run(trainer, single_part=True)
    deleted = stored_loop.names("logs/")

    again = past.reward("e", _at(3.3))
    Past([past.event("other", _at(3.4))], [again]).write(stored_loop, DAY)
    _run(trainer)

    assert deleted == []
    assert again.observation_id == reward.observation_id
    assert len(stored_loop.lines()) == 1
    assert _ids(stored_loop) == []


def test_a_reward_is_credited_to_one_event_only_when_the_log_of_the_first_has_been_deleted(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Another event has the id of an earlier one, and the client repeats the reward of the earlier one."""
    past.configure(stored_loop, past.configuration(reward_wait_time="P3D", log_retention_days=4))
    Past([past.event("e", _at(6.9))], [past.reward("e", _at(6.8))]).write(stored_loop, DAY)
    _run(trainer, single_part=True)

    Past([past.event("e", _at(3.4), user="bob")], [past.reward("e", _at(3.3))]).write(stored_loop, DAY)
    _run(trainer)

    (line,) = map(json.loads, stored_loop.lines())
    assert (line["o"], line["_label_cost"]) == ([], 0.0)
    assert stored_loop.document("state.json")["counters"]["reused_ids"] == 1


def test_marks_are_kept_for_three_waits_and_become_few(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """They cost eight bytes each, and hold no id."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT1H", model_export_frequency="PT5M"))
    moments = [_at(0.3) + number * 5 * MINUTE for number in range(54)]
    Past([past.event(f"event-{at_us}", at_us) for at_us in moments]).write(stored_loop)

    _run(trainer)

    names, end_us = stored_loop.names("marks/"), stored_loop.document("state.json")["joined_up_to_us"]
    stored = {mark for content in stored_loop.blobs("marks/").values() for mark in marks.unpack(content)}
    kept_us = timedelta(hours=3) // timedelta(microseconds=1)
    recent = {marks.event_mark(f"event-{at_us}") for at_us in moments if at_us >= end_us - kept_us}
    assert recent <= stored
    assert len(stored) <= len(recent) + 10
    assert len(names) <= kept_us // (10 * MINUTE) + 12
    assert all(b"event-" not in content for content in stored_loop.blobs("marks/").values())


def test_log_of_an_earlier_version_is_known_again(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """It was written without marks."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT4H"))
    Past([past.event("e", _at(0.5))], [past.reward("e", _at(0.5) + HOUR), past.reward("gone", _at(0.5))]).write(
        stored_loop
    )
    _run(trainer, single_part=True)
    for name in stored_loop.names("marks/"):
        stored_loop.remove(name)
    state = stored_loop.document("state.json")
    stored_loop.put("state.json", json.dumps({**state, "has_marks": False}).encode())

    at_us = _at(0.5) + 5 * HOUR
    Past([past.event("f", at_us)], [past.reward("e", at_us), past.reward("gone", at_us)]).write(stored_loop)
    _run(trainer)

    assert sorted(_ids(stored_loop)) == sorted({past.reward(event_id, 0).observation_id for event_id in ("e", "gone")})
    assert len(stored_loop.lines()) == 3
    assert stored_loop.document("state.json")["has_marks"] is True
