"""Ids of every kind through the whole loop: the reward of each is learned with its own event."""

import json
from urllib.parse import quote

from shared.configuration.reward_aggregation import Aggregation
from shared.intake.keys import canonical
from shared.log.redaction import EventTarget
from shared.times import DAY, MINUTE
from shared.web.json_bodies import MAX_ID
from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop import past, redactors
from tests.loop.conftest import KEY, LATER_STILL, NEVER, StartTrainer
from tests.loop.past import Past
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1, rank_body

IDS = [
    *("/", "a/b", "b%2Fc", "c%2fd", "a%252Fb", "100%", "%41", "A", "...", ".a.", "/a/", "#?&=", "a+b c;d", "a b c;d"),
    *("é", "e\u0301", "日😀", "\\", "'\"<>|", "~", "x" * 256, "x" * 255 + "/", "ü" * 256),
]
"""No two of one event."""


def respell(event_id: str) -> str:
    """Spell an id otherwise, if it has a slash and stays short enough."""
    other = event_id.replace("/", "%2F") if "/" in event_id else canonical(event_id)
    return other if len(other) <= MAX_ID else event_id


def test_the_reward_of_any_id_is_learned_with_its_event(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Similar ids, and an id that encodes another, are different; but `%2F` is a slash, in the log too."""
    api = Api.at(start_host(**NEVER).url, KEY)
    api.put(f"{V1}/configurations/service", {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT5S"})
    worth = {event_id: (number + 1) / 32 for number, event_id in enumerate(IDS)}
    for event_id, value in worth.items():
        assert api.post(f"{V1}/rank", rank_body(event_id, "ann")).status == 201
        quoted_id = quote(respell(event_id), safe="").replace(".", "%2E")
        assert api.post(f"{V1}/events/{quoted_id}/reward", {"value": value}).status == 204

    with trainer(changed=LATER_STILL) as started_trainer:
        started_trainer.succeed()

    lines = [json.loads(line) for line in stored_loop.lines()]
    logged = {line["EventId"]: -line["_label_cost"] for line in lines}
    assert logged == {canonical(event_id): value for event_id, value in worth.items()}
    assert len(lines) == len(IDS)


def test_an_event_in_flight_at_an_upgrade_keeps_its_rewards(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Rows of an earlier version lie under the id as it was sent, what comes since under the one with a slash."""
    at_us, sent = past.minutes_ago(200), "ann%2Fb"
    past.configure(stored_loop, past.seldom(reward_aggregation=Aggregation.SUM))
    early, late = past.reward(sent, at_us + MINUTE, 0.25), past.reward("ann/b", at_us + 2 * MINUTE, 0.5)
    Past([past.event(sent, at_us)], [early, late], deadline_us=10 * DAY).write(stored_loop)
    path = f"/rankloop/v1/events/{quote(sent, safe='')}"
    api = Api.at(start_host(**NEVER).url, KEY)
    waiting = api.get(path).json

    with trainer() as started_trainer:
        started_trainer.succeed()
    lines, logged = [json.loads(line) for line in stored_loop.lines()], api.get(path).json
    redacted = redactors.redact(stored_loop.storage, EventTarget("ann/b"))

    for trace in (waiting, logged):
        assert (trace["eventId"], len(trace["events"]), trace["withoutEvent"]) == ("ann/b", 1, [])
        assert [each["value"] for each in trace["events"][0]["observations"]] == [0.25, 0.5]
    assert [(line["EventId"], line["_label_cost"]) for line in lines] == [(sent, -0.75)]
    assert (redacted.removed_lines, redacted.removed_rows) == (1, 3)
    assert (stored_loop.lines(), stored_loop.rows("")) == ([], [])
